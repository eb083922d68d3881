"""`autopath`: whose search path is followed, from which names on, and what is said at its end."""

from collections.abc import Awaitable
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest
from msgspec.structs import replace

from kdns.answering.blocks import Block
from kdns.answering.by_client import ClassifyingResponder
from kdns.answering.chain import Rest
from kdns.answering.plugin import Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.answering.table import AnswerTable
from kdns.cluster.events import Applied
from kdns.cluster.objects import ClusterObject, DnsConfig, Pod
from kdns.cluster.state import ClusterState
from kdns.corefile.parsing import parse_corefile
from kdns.plugins import autopath
from kdns.plugins._autopath_answers import Make, aliased, flat
from kdns.plugins._autopath_paths import PodPaths
from kdns.plugins.autopath import AutoPath
from kdns.plugins.kubernetes import Kubernetes
from kdns.plugins.registry import ORDER
from kdns.records.options import CLUSTER_DOMAIN, PodMode, RecordOptions
from kdns.wire import codes, rrsets
from kdns.wire.names import ROOT, fold, to_text
from kdns.wire.rrsets import RRset
from tests.builders import (
    Sender,
    build_query,
    cluster_ip,
    deleted,
    endpoints,
    external,
    headless,
    namespace,
    pod,
    respond,
    section_lines,
    state_of,
)
from tests.corefile.builders import MemoryFiles
from tests.plugins.lent import FakeProcess, lent, refusal

OURS, THEIRS, HOST, STRANGER = "10.0.0.1", "10.0.0.2", "192.0.2.1", "10.0.0.99"
NODE = "search corp.example.net\n"
CLUSTER = (
    namespace("default"),
    namespace("other"),
    namespace("kube-system"),
    cluster_ip("default/web", "10.96.0.10"),
    cluster_ip("other/web", "10.96.0.11"),
    cluster_ip("other/api", "10.96.0.12"),
    headless("default/db"),
    endpoints("default/db", "10.0.1.1#db-0"),
    external("default/out", "www.example.com"),
    pod("default/ours", OURS),
    pod("other/theirs", THEIRS),
    pod("default/on-host", HOST, host_network=True),
)


def addresses(*texts: str, ttl: int = 60) -> Response:
    by_type = codes.AAAA if ":" in texts[0] else codes.A
    return Response(answer=(RRset(ROOT, by_type, ttl, tuple(map(rrsets.address, texts))),), lifetime=ttl)


class Outside:
    """The world around the cluster: what is not among its names does not exist. Notes what it was asked."""

    name = "outside"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failing: set[str] = set()
        self.names: dict[str, dict[int, Response]] = {
            "api.example.com.": {codes.A: addresses("198.51.100.1")},
            "www.example.com.": {codes.A: addresses("198.51.100.2"), codes.AAAA: addresses("2001:db8::2")},
            "intranet.corp.example.net.": {codes.A: addresses("198.51.100.3")},
            "db.corp.example.net.": {codes.A: addresses("198.51.100.4")},
            "web-0.prod.corp.example.net.": {codes.A: addresses("198.51.100.5")},
            "web-0.eu.prod.corp.example.net.": {codes.A: addresses("198.51.100.5")},
            "example.org.": {codes.A: addresses("198.51.100.7")},
            "gone.": {codes.A: addresses("198.51.100.6")},
        }

    def respond(self, query: Query, rest: Rest) -> Outcome:
        name = to_text(fold(query.name))
        self.asked.append(f"{name} {codes.type_to_text(query.type)}")
        if name in self.failing:
            return Response(codes.SERVFAIL, remember=False)
        if name not in self.names:
            return Response(codes.NXDOMAIN, lifetime=30)
        found = self.names[name].get(query.type, Response(lifetime=30))
        return found._replace(answer=tuple(each._replace(owner=query.name) for each in found.answer))


class World:
    """A responder with autopath, kubernetes and the outside world in its chain."""

    def __init__(self, *more: ClusterObject, make: Make = aliased, node: str = NODE) -> None:
        self.state: ClusterState = state_of(*CLUSTER, *more)
        self.outside = Outside()
        options = RecordOptions(pods=PodMode.VERIFIED)
        kubernetes = Kubernetes(self.state, options, [CLUSTER_DOMAIN])
        paths = PodPaths(kubernetes, node)
        self.plugin = AutoPath([ROOT], lambda: paths, make=make)
        self.responder = ClassifyingResponder(AnswerTable(self.state.serial), self.plugin.client_class)
        chain = Rest([self.plugin, kubernetes, self.outside], self.responder.resolve)
        self.responder.blocks = {ROOT: Block(chain)}

    def say(self, name: str, qtype: str = "A", client: str = OURS) -> list[str]:
        """Return the answer's records without TTLs, or its RCODE where it has none."""
        found = self.message(name, qtype, client)
        return [" ".join(line.split()[:1] + line.split()[2:]) for line in section_lines(found.answer)] or [
            dns.rcode.to_text(found.rcode())
        ]

    def message(self, name: str, qtype: str = "A", client: str = OURS) -> dns.message.Message:
        packet = build_query(name, qtype).to_wire()
        return dns.message.from_wire(respond(self.responder, packet, Sender(False, (client, 5353))))

    def happen(self, event: ClusterObject) -> None:
        self.responder.forget(self.state.apply(Applied(event)), self.state.serial)


def own(name: str, *addresses: str, policy: str = "ClusterFirst", **config: tuple) -> Pod:  # type: ignore[type-arg]
    return replace(pod(name, *addresses), dns_policy=policy, dns_config=DnsConfig(**config))


API = "api.example.com.default.svc.cluster.local."
FOUND = [f"{API} CNAME api.example.com.", "api.example.com. A 198.51.100.1"]


def test_the_first_question_gets_what_is_at_the_end_of_the_path() -> None:
    assert World().say(API) == FOUND


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("example.org.default.svc.cluster.local.", "example.org. A 198.51.100.7"),
        ("web.other.default.svc.cluster.local.", None),
        ("web-0.prod.default.svc.cluster.local.", None),
        ("web.other.svc.default.svc.cluster.local.", "web.other.svc.cluster.local. A 10.96.0.11"),
        (
            "web.default.svc.cluster.local.default.svc.cluster.local.",
            "web.default.svc.cluster.local. A 10.96.0.10",
        ),
        ("web-0.eu.prod.default.svc.cluster.local.", "web-0.eu.prod.corp.example.net. A 198.51.100.5"),
        ("db-0.db.default.svc.cluster.local.default.svc.cluster.local.", None),
        ("a.b.intranet.default.svc.cluster.local.", None),
    ],
)
def test_every_name_of_the_path_is_tried_in_its_turn(asked: str, found: str | None) -> None:
    said = World().say(asked)
    assert said == (["NXDOMAIN"] if found is None else [f"{asked} CNAME {found.split()[0]}", found])


def test_an_alias_that_is_found_is_followed() -> None:
    assert World().say("out.default.svc.default.svc.cluster.local.")[1:] == [
        "out.default.svc.cluster.local. CNAME www.example.com.",
        "www.example.com. A 198.51.100.2",
    ]


def test_each_pod_has_the_path_of_its_namespace() -> None:
    world = World()
    assert world.say("api.example.com.other.svc.cluster.local.", client=THEIRS)[1:] == FOUND[1:]
    assert world.say("api.example.com.other.svc.cluster.local.", client=OURS) == ["NXDOMAIN"]
    assert world.say(API, client=THEIRS) == ["NXDOMAIN"]


@pytest.mark.parametrize("client", [HOST, STRANGER])
def test_nobody_else_is_guessed_to_be_a_pod(client: str) -> None:
    assert World().say(API, client=client) == ["NXDOMAIN"]


def test_an_address_that_a_host_network_pod_shares_is_nobodys() -> None:
    assert World(pod("other/too", OURS, host_network=True)).say(API) == ["NXDOMAIN"]


def test_a_reused_address_is_that_of_the_pod_that_started_last() -> None:
    before, after = (
        replace(pod(f"{each}/p", "10.0.0.9"), started=n) for n, each in enumerate(("other", "default"), 1)
    )
    assert World(before, after).say(API, client="10.0.0.9") == FOUND
    assert World(before, replace(after, started=1)).say(API, client="10.0.0.9") == ["NXDOMAIN"]


@pytest.mark.parametrize("qtype", ["CNAME", "SRV", "TXT", "MX", "HTTPS", "PTR", "ANY"])
def test_other_types_than_addresses_are_left_to_the_client(qtype: str) -> None:
    world = World()
    assert world.say(API, qtype) == ["NXDOMAIN"]
    assert world.outside.asked == []


@pytest.mark.parametrize(
    "name",
    [
        "db.default.svc.cluster.local.",
        "db-7.db.default.svc.cluster.local.",
        "intranet.default.svc.cluster.local.",
        "gone.default.svc.cluster.local.",
        "a.b.c.d.e.f.default.svc.cluster.local.",
        "default.svc.cluster.local.",
        "api.example.com.svc.cluster.local.",
        "api.example.com.cluster.local.",
        "missing.example.com.default.svc.cluster.local.",
    ],
)
def test_a_name_that_may_be_meant_as_it_stands_gets_its_own_answer(name: str) -> None:
    world = World()
    expected = World().say(name, client=STRANGER)
    assert world.say(name) == expected
    assert world.plugin.measure is not None and not list(world.plugin.measure())


def test_an_endpoints_name_is_taken_for_one_as_soon_as_there_is_the_service() -> None:
    world = World()
    name = "example.org.default.svc.cluster.local."
    assert world.say(name)[1:] == ["example.org. A 198.51.100.7"]
    world.happen(headless("default/org"))
    assert world.say(name) == ["NXDOMAIN"]
    world.responder.forget(world.state.apply(deleted(headless("default/org"))), 0)
    assert world.say(name)[1:] == ["example.org. A 198.51.100.7"]


def test_what_exists_without_the_type_gives_an_answer_without_records() -> None:
    world = World()
    found = world.message(API, "AAAA")
    assert (found.rcode(), found.answer) == (dns.rcode.NOERROR, [])
    assert world.say("web.other.svc.default.svc.cluster.local.", "AAAA") == ["NOERROR"]


@pytest.mark.parametrize("make", [aliased, flat])
def test_nothing_that_stands_under_another_name_is_authentic(make: Make) -> None:
    world = World(make=make)
    world.outside.names["api.example.com."] = {
        codes.A: addresses("198.51.100.1")._replace(authentic=True),
        codes.AAAA: Response(lifetime=30, authentic=True),
    }
    assert [bool(world.message(API, each).flags & dns.flags.AD) for each in ("A", "AAAA")] == [False, False]


def test_a_failure_on_the_way_is_the_clients_to_see() -> None:
    world = World()
    world.outside.failing.add("api.example.com.corp.example.net.")
    assert world.say(API) == ["NXDOMAIN"]
    world.outside.failing.clear()
    assert world.say(API) == FOUND, "it is not remembered"


def test_the_answer_is_remembered_for_all_of_one_search_path() -> None:
    world = World(pod("default/twin", "10.0.0.7"))
    for client in (OURS, "10.0.0.7", OURS):
        assert world.say(API, client=client) == FOUND
    assert world.outside.asked == ["api.example.com.corp.example.net. A", "api.example.com. A"]
    [family] = world.plugin.measure()
    world.responder.table.settle()
    [family] = world.plugin.measure()
    assert (family.name, family.samples) == ("coredns_autopath_success_total", [(("",), 3.0)])


def test_what_comes_to_exist_on_the_way_is_seen() -> None:
    world = World()
    name = "web.new.svc.default.svc.cluster.local."
    assert world.say(name) == ["NXDOMAIN"]
    world.happen(namespace("new"))
    world.happen(cluster_ip("new/web", "10.96.0.20"))
    assert world.say(name)[1:] == ["web.new.svc.cluster.local. A 10.96.0.20"]


def test_a_client_that_becomes_another_pod_has_another_path() -> None:
    world = World()
    assert world.say(API) == FOUND
    world.responder.forget(world.state.apply(deleted(pod("default/ours", OURS))), 0)
    assert world.say(API) == ["NXDOMAIN"]
    world.happen(pod("other/next", OURS))
    assert world.say("api.example.com.other.svc.cluster.local.")[1:] == FOUND[1:]


def test_case_of_the_question_is_kept() -> None:
    found = World().message("aPi.eXample.com.Default.svc.cluster.Local.")
    assert str(found.question[0].name) == "aPi.eXample.com.Default.svc.cluster.Local."
    assert str(found.answer[0].name) == str(found.question[0].name)
    assert str(found.answer[-1].name).lower() == "api.example.com."


def test_without_a_cname_the_name_asked_for_has_the_addresses() -> None:
    world = World(make=flat)
    assert world.say(API) == [f"{API} A 198.51.100.1"]
    assert world.say("out.default.svc.default.svc.cluster.local.") == [
        "out.default.svc.default.svc.cluster.local. A 198.51.100.2"
    ]
    assert world.say("web.other.svc.default.svc.cluster.local.", "AAAA") == ["NOERROR"]


OWN = "10.0.0.50"


@pytest.mark.parametrize(
    ("wishes", "helped"),
    [
        ({"options": (("ndots", "2"),)}, False),
        ({"options": (("ndots", "3"),)}, True),
        ({"options": (("ndots", "x"),)}, False),
        ({"options": (("ndots", "1_0"),)}, False),
        ({"options": (("ndots", "+5"),)}, False),
        ({"options": (("ndots:5", None),)}, False),
        ({"options": (("rotate\nsearch evil.test", None),)}, False),
        ({"options": (("rotate", None),)}, True),
        ({"searches": ("a,b.test",)}, False),
        ({"searches": ("#",)}, False),
        ({"policy": "None", "searches": ("default.svc.cluster.local",)}, False),
        ({"policy": "None", "searches": ("default.svc.cluster.local",), "options": (("ndots", "5"),)}, True),
        ({"policy": "None", "searches": ("default.svc.cluster.local.",), "options": (("ndots", "5"),)}, True),
        ({"policy": "None", "searches": ("svc.cluster.local",), "options": (("ndots", "5"),)}, False),
        ({"policy": "None", "searches": (), "options": (("ndots", "5"),)}, False),
        ({"policy": "Default"}, False),
        ({"searches": ("a.test", "b.test")}, True),
        ({"searches": ("a.test", "b.test", "c.test")}, False),
    ],
)
def test_what_a_pod_wishes_for_itself_counts(wishes: dict, helped: bool) -> None:  # type: ignore[type-arg]
    """With more than six domains resolvers differ about the names behind the sixth."""
    world = World(own("default/own", OWN, **wishes))
    assert world.say(API, client=OWN) == (FOUND if helped else ["NXDOMAIN"])


def test_a_path_of_its_own_leads_only_to_names_that_are_on_it() -> None:
    config = {"searches": ("default.svc.cluster.local", "example.com"), "options": (("ndots", "5"),)}
    world = World(own("default/own", OWN, policy="None", **config))
    assert world.say("web.other.default.svc.cluster.local.", client=OWN) == ["NXDOMAIN"]
    assert world.say("a.api.default.svc.cluster.local.", client=OWN) == ["NXDOMAIN"]
    assert world.outside.asked == [
        "web.other.example.com. A",
        "web.other. A",
        "a.api.example.com. A",
        "a.api. A",
    ]


@pytest.mark.parametrize(
    ("policy", "searches"),
    [
        ("ClusterFirst", ("a.test", "b.test", "c.test")),
        ("None", ("default.svc.cluster.local", "b.test", ".", "c.test")),
    ],
    ids=["more than six domains", "the root among the domains"],
)
def test_an_endpoints_name_is_not_searched_for_where_the_walk_does_not_reach_the_end(
    policy: str, searches: tuple[str, ...]
) -> None:
    """What is asked for in full is only told from a search by the name without a domain."""
    world = World(own("default/own", OWN, policy=policy, searches=searches, options=(("ndots", "5"),)))
    world.outside.names["web-1.prod.b.test."] = {codes.A: addresses("198.51.100.5")}
    assert world.say("web-1.prod.default.svc.cluster.local.", client=OWN) == ["NXDOMAIN"]


def test_a_path_that_begins_outside_the_cluster_is_not_followed() -> None:
    world = World(
        own("default/own", OWN, policy="None", searches=("corp.example.net",), options=(("ndots", "5"),))
    )
    assert world.say("api.example.com.corp.example.net.", client=OWN) == ["NXDOMAIN"]


def test_a_file_gives_everybody_its_path(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("search a.test b.test\n")
    plugin = lent(AutoPath, f"autopath {file}")
    outside = Outside()
    outside.names["www.b.test."] = {codes.A: addresses("198.51.100.9")}
    responder = ClassifyingResponder(AnswerTable(), plugin.client_class)
    responder.blocks = {ROOT: Block(Rest([plugin, outside], responder.resolve))}
    packet = build_query("www.a.test.").to_wire()
    found = dns.message.from_wire(respond(responder, packet, Sender(False, (STRANGER, 5))))
    assert section_lines(found.answer) == [
        "www.a.test. 60 CNAME www.b.test.",
        "www.b.test. 60 A 198.51.100.9",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("autopath", "no argument"),
        ("autopath /nonexistent/resolv.conf", "No such file"),
        ("autopath @kubernetes {\n x\n}", "a block after"),
    ],
)
def test_what_cannot_be_understood_is_refused(text: str, reason: str) -> None:
    assert reason in refusal(AutoPath, text)


def test_the_environment_says_whether_there_is_a_cname(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDNS_AUTOPATH_CNAME", "maybe")
    assert "KDNS_AUTOPATH_CNAME=maybe" in refusal(AutoPath, "autopath @kubernetes")
    monkeypatch.setenv("KDNS_AUTOPATH_CNAME", "no")
    assert lent(AutoPath, "autopath @kubernetes")._make is flat


async def test_a_plugin_that_is_not_there_helps_nobody_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    plugin = lent(AutoPath, "autopath @kubernetes")
    await plugin.run()
    assert "autopath does nothing" in caplog.text
    assert plugin.client_class(OURS) is None


async def test_a_plugin_that_does_not_know_pods_helps_nobody_either(caplog: pytest.LogCaptureFixture) -> None:
    kubernetes = Kubernetes(state_of(*CLUSTER), RecordOptions(), [CLUSTER_DOMAIN])
    (block,) = parse_corefile(". {\nautopath @kubernetes\n}", "Corefile", {}, 53, MemoryFiles({})).blocks
    setting = Setting(
        block, FakeProcess(), lambda wish: pytest.fail(), lambda tags: None, plugins=lambda: [kubernetes]
    )
    plugin = AutoPath.setup(block.directives, setting)
    await plugin.run()
    assert "autopath does nothing" in caplog.text


async def test_a_walk_that_takes_too_long_is_left_to_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr(autopath, "PATIENCE", 0.02)
    world = World()

    class Slow:
        name = "slow"

        def respond(self, query: Query, rest: Rest) -> Outcome:
            async def later() -> Response:
                await asyncio.sleep(30)
                return Response()

            return later()

    kubernetes = Kubernetes(world.state, RecordOptions(pods=PodMode.VERIFIED), [CLUSTER_DOMAIN])
    world.responder.blocks = {ROOT: Block(Rest([world.plugin, kubernetes, Slow()], world.responder.resolve))}
    waiting = world.responder.respond(build_query(API).to_wire(), Sender(False, (OURS, 5)))
    assert isinstance(waiting, Awaitable)
    found = dns.message.from_wire(await waiting)
    assert (found.rcode(), found.answer) == (dns.rcode.NXDOMAIN, [])


def test_it_stands_before_what_answers_for_somebody_else() -> None:
    """A cache in front of it would hand out the answers of one search path to another."""
    assert ORDER.index("rewrite") < ORDER.index("autopath") < ORDER.index("acl") < ORDER.index("cache")
