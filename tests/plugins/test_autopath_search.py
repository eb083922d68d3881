"""`autopath` and resolvers: every lookup ends as it would without it, whatever the cluster and the name."""

from collections.abc import Callable

import dns.message
import dns.rcode
from hypothesis import given, settings
from hypothesis import strategies as st

from kdns.answering.blocks import Block
from kdns.answering.chain import Rest
from kdns.answering.responses import Response
from kdns.cluster.objects import ClusterObject, Pod
from kdns.plugins._autopath_answers import aliased, flat
from kdns.plugins._autopath_paths import path_of
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import CLUSTER_DOMAIN, PodMode, RecordOptions
from kdns.search.kubelet import resolv_conf
from kdns.search.kubelet_node import read_node
from kdns.search.resolvconf import ResolvConf
from kdns.search.resolvers import Outcome, Resolver, questions
from kdns.wire import codes
from kdns.wire.names import ROOT, Name, from_text, to_text
from tests.builders import Sender, build_query, cluster_ip, external, headless, namespace, respond
from tests.plugins.searching import Answer, lookup
from tests.plugins.test_autopath import World, addresses, own

LABELS = ("a", "b", "dev", "svc")
CLIENT = "10.0.0.50"
NODE = "search corp.test lab.test\nnameserver 192.0.2.53\n"

_label = st.sampled_from(LABELS)
_path = st.builds("{}/{}".format, _label, _label)
_dotted = st.lists(_label, min_size=1, max_size=5).map(".".join)
_tail = st.sampled_from(
    [
        "",
        ".",
        ".a.svc.cluster.local",
        ".a.svc.cluster.local.",
        ".svc.cluster.local",
        ".cluster.local.",
        ".corp.test.",
    ]
)
_names = st.builds("{}{}".format, _dotted, _tail)
_searches = st.lists(
    st.sampled_from(
        ["a.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.test", "lab.test", "a", "."]
    ),
    max_size=4,
).map(tuple)
_options = st.sampled_from([(), (("ndots", "1"),), (("ndots", "2"),), (("ndots", "5"),), (("ndots", "0"),)])
_clients = st.builds(
    lambda policy, searches, options: own(
        "a/client", CLIENT, policy=policy, searches=searches, options=options
    ),
    st.sampled_from(["ClusterFirst", "ClusterFirst", "None"]),
    _searches,
    _options,
)
_objects = st.lists(
    st.one_of(
        st.builds(lambda path: cluster_ip(path, "10.96.0.7"), _path),
        st.builds(headless, _path),
        st.builds(lambda path: external(path, "a.test"), _path),
    ),
    max_size=6,
)
_ANSWERS = st.sampled_from(
    [
        {codes.A: addresses("192.0.2.7")},
        {codes.AAAA: addresses("2001:db8::7")},
        {codes.A: addresses("192.0.2.8"), codes.AAAA: addresses("2001:db8::8")},
        {},
        {
            codes.A: Response(codes.SERVFAIL, remember=False),
            codes.AAAA: Response(codes.SERVFAIL, remember=False),
        },
    ]
)
_outside_names = st.builds("{}{}".format, _dotted, st.sampled_from([".", ".corp.test.", ".lab.test."]))
_outside = st.dictionaries(_outside_names, _ANSWERS, max_size=5)


def asking(world: World) -> Callable[[Name, str], Answer]:
    def ask(name: Name, qtype: str) -> Answer:
        packet = build_query(to_text(name), qtype).to_wire()
        found = dns.message.from_wire(respond(world.responder, packet, Sender(False, (CLIENT, 5353))))
        texts = frozenset(
            rdata.to_text() for rrset in found.answer if rrset.rdtype.name == qtype for rdata in rrset
        )
        if texts:
            return None, texts
        rcode = dns.rcode.to_text(found.rcode())
        return Outcome.NODATA if rcode == "NOERROR" else Outcome(rcode), texts

    return ask


def can_not_be_told_apart(name: str, conf: ResolvConf, world: World) -> bool:
    """Whether a question that is not the first of a search could be one, as docs/plugins/autopath.md has it.

    Such are full names of endpoints whose Service is not there, if something outside has the name that is
    left, and names longer than any of the cluster.
    """
    asked = [to_text(each).removesuffix(".cluster.local.").split(".") for each in questions(name, conf)]
    is_searched = bool(conf.searches) and questions(name, conf)[0] != from_text(name)
    return any(
        len(labels) > 4
        or (len(labels) == 4 and (labels[-1] != "svc" or f"{labels[0]}.{labels[1]}." in world.outside.names))
        for labels in asked[is_searched:]
        if labels[-1] != ""
    )


@settings(max_examples=100, deadline=None)
@given(_objects, _outside, _clients, st.lists(_names, min_size=1, max_size=4), st.booleans())
def test_every_lookup_ends_as_it_does_without_autopath(
    objects: list[ClusterObject],
    outside: dict,
    client: Pod,
    names: list[str],
    has_cname: bool,  # type: ignore[type-arg]
) -> None:
    more = (*objects, *map(namespace, LABELS), client)
    helped, plain = (World(*more, make=aliased if has_cname else flat, node=NODE) for _ in range(2))
    kubernetes = Kubernetes(plain.state, RecordOptions(pods=PodMode.VERIFIED), [CLUSTER_DOMAIN])
    plain.responder.blocks = {ROOT: Block(Rest([kubernetes, plain.outside], plain.responder.resolve))}
    for world in (helped, plain):
        world.outside.names.update(outside)
    conf = resolv_conf(client, read_node(NODE, ["10.96.0.10"], "cluster.local")).conf
    for name in filter(lambda name: not can_not_be_told_apart(name, conf, plain), names):
        for resolver in Resolver:
            expected = lookup(name, conf, resolver, asking(plain))
            assert lookup(name, conf, resolver, asking(helped)) == expected, f"{resolver} {name} {conf}"


@settings(deadline=None)
@given(_dotted, _searches, st.sampled_from(["ndots:5", "ndots:2", "ndots:15"]))
def test_the_walk_is_that_of_every_resolver(name: str, searches: tuple[str, ...], ndots: str) -> None:
    """busybox walks names without a dot only, and does not ask for the name as it is."""
    conf = ResolvConf((), searches, (ndots,))
    path = path_of(conf)
    if not searches:
        return
    after = path.after(from_text(f"{name}.{searches[0].removesuffix('.')}"))
    for resolver in set(Resolver) - {Resolver.BUSYBOX} if after else ():
        asked = list(dict.fromkeys(questions(name, conf, resolver)))
        assert asked[1 : 1 + len(after)] == list(after)
