import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import dns.edns
import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.answering.admission import judge
from kdns.answering.chain import Rest
from kdns.answering.plugin import Process, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.parsing import parse_corefile
from kdns.measures import Family, Histogram
from kdns.plugins.forward import Forward, upstream_query
from kdns.wire import codes
from kdns.wire.names import from_text
from tests.upstreams.certificates import make_certificate, serving
from tests.upstreams.conftest import no_leaks, open_sockets  # noqa: F401 -- the former is a fixture
from tests.upstreams.dummies import (
    Dummy,
    Script,
    addresses_in,
    answer,
    both_dummies,
    closed_port,
    good,
    query,
    silent,
    stream_dummy,
    truncated,
    udp_dummy,
    until,
)

NSID = 3
HASTY = "read_timeout 50ms\nhealth_check 10ms"


class Elsewhere:
    """The rest of a chain, which answers everything in a way that can be told apart."""

    name = "elsewhere"
    response = Response(codes.NXDOMAIN, authoritative=True)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return self.response


REST = Rest([Elsewhere()], lambda query, name: Response(codes.REFUSED))


def set_up(*directives: str) -> Forward:
    """Set up what these directives say; each is what stands after `forward`."""
    text = ". {\n" + "\n".join(f"forward {directive}" for directive in directives) + "\n}"
    (block,) = parse_corefile(text, "Corefile", {}).blocks
    setting = Setting(
        block, cast(Process, None), lambda wish: pytest.fail("it needs no cluster"), lambda tags: None
    )
    return Forward.setup(block.directives, setting)


@asynccontextmanager
async def forward_to(*directives: str) -> AsyncIterator[Forward]:
    forward = set_up(*directives)
    try:
        yield forward
    finally:
        for group in forward._groups:  # before the plugin itself, which would be patient
            await group.close()
        await forward.close()


def to(*dummies: Dummy, zone: str = ".", lines: str = "") -> str:
    addresses = " ".join(str(dummy.address) for dummy in dummies)
    return f"{zone} {addresses} {{\npolicy sequential\n{lines}\n}}"


def asks(name: str = "www.example.org.", rtype: int = codes.A, is_stream: bool = False) -> Query:
    return Query(b"\x12\x34", 0x0100, from_text(name), rtype, is_stream=is_stream)


async def ask(forward: Forward, name: str = "www.example.org.", is_stream: bool = False) -> Response:
    outcome = forward.respond(asks(name, is_stream=is_stream), REST)
    return outcome if isinstance(outcome, Response) else await outcome


def addresses(response: Response) -> list[str]:
    return addresses_in(response.reply) if response.reply else []


def asked(dummy: Dummy) -> int:
    """How many queries came, probes not counted."""
    return sum(octets[12] != 0 for octets in dummy.queries)


def saying(rcode: int) -> Script:
    return lambda asked: [answer(asked, rcode=rcode)]


# What is sent


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(0x0100, 0x0100), (0, 0), (0x0130, 0x0130), (0x07F0, 0x0130), (0x2000, 0x2000)],
)
def test_the_upstream_gets_opcode_rd_ad_and_cd_of_the_client(flags: int, expected: int) -> None:
    octets = upstream_query(asks()._replace(flags=flags))
    assert int.from_bytes(octets[2:4], "big") == expected


OPTIONS = st.lists(
    st.tuples(st.sampled_from([3, 5, 9, 10, 11, 12, 65001]), st.binary(max_size=12)), max_size=5
)


@given(
    st.sampled_from(["a.Example.", r"\000\..b."]), st.sampled_from(["A", "TYPE65"]), st.booleans(), OPTIONS
)
def test_the_question_and_the_opt_are_the_clients_but_for_options_that_end_here(
    name: str, rtype: str, do: bool, options: Sequence[tuple[int, bytes]]
) -> None:
    message = dns.message.make_query(name, rtype, id=7)
    generic = [dns.edns.GenericOption(code, data) for code, data in options]
    message.use_edns(0, dns.flags.DO if do else 0, 4000, options=generic)  # type: ignore[arg-type]
    client = judge(message.to_wire())
    assert isinstance(client, Query)
    sent = dns.message.from_wire(upstream_query(client))
    assert (sent.question, sent.id, sent.sections[1:]) == (message.question, 7, [[], [], []])
    assert (sent.edns, sent.ednsflags, sent.payload) == (0, message.ednsflags, 4000)
    kept = [(code, b"" if code == NSID else data) for code, data in options if code not in (10, 11, 12)]
    assert [(option.otype, option.to_wire()) for option in sent.options] == kept


def test_without_an_opt_none_is_sent() -> None:
    message = dns.message.make_query("www.example.org.", "A", id=7)
    client = judge(message.to_wire())
    assert isinstance(client, Query)
    assert upstream_query(client) == message.to_wire()


# What comes back


async def test_a_reply_is_the_response_and_not_remembered() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        octets = bytearray(answer(asked, "192.0.2.7"))
        octets[2:4] = b"\x85\xa0"
        return [bytes(octets)]

    async with udp_dummy(script) as dummy, forward_to(to(dummy)) as forward:
        response = await ask(forward)
        assert addresses(response) == ["192.0.2.7"]
        assert (response.rcode, response.remember, response.error) == (codes.NOERROR, False, "")
        assert response.authoritative and response.recursion_available and response.authentic
        assert not response.truncated
        assert response.opened().answer[0].rdatas == (bytes([192, 0, 2, 7]),)


async def test_an_rcode_that_only_an_opt_can_say_is_servfail() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        message = dns.message.make_response(dns.message.from_wire(asked))
        message.use_edns(0)
        message.set_rcode(dns.rcode.BADCOOKIE)
        return [message.to_wire()]

    async with udp_dummy(script) as dummy, forward_to(to(dummy)) as forward:
        assert await ask(forward) == Response(
            codes.SERVFAIL, remember=False, error="upstream answered BADCOOKIE"
        )


async def test_what_was_cut_off_over_udp_is_whole_over_tcp() -> None:
    async with (
        both_dummies(udp=lambda asked: [truncated(asked)]) as (udp, tcp),
        forward_to(to(udp)) as forward,
    ):
        first = await ask(forward)
        assert (first.truncated, addresses(first)) == (True, [])
        second = await ask(forward, is_stream=True)
        assert (second.truncated, addresses(second)) == (False, ["192.0.2.1"])
        assert (asked(udp), asked(tcp)) == (1, 1)


async def test_prefer_udp_and_force_tcp_reach_the_upstream() -> None:
    async with both_dummies() as (udp, tcp):
        async with forward_to(to(udp, lines="prefer_udp")) as forward:
            await ask(forward, is_stream=True)
        async with forward_to(to(udp, lines="force_tcp")) as forward:
            await ask(forward)
        assert (asked(udp), asked(tcp)) == (1, 1)


async def test_nobody_at_the_address_is_servfail_with_the_reason() -> None:
    with closed_port() as dead:
        async with forward_to(f". {dead}") as forward:
            response = await ask(forward)
    assert response == Response(codes.SERVFAIL, remember=False, error=response.error)
    assert response.error.endswith("connection refused")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(silent, id="nothing"),
        pytest.param(lambda asked: [answer(asked)[:-1]], id="half a message"),
        pytest.param(lambda asked: [answer(query("other.example."))], id="another question's reply"),
    ],
)
async def test_no_reply_that_is_one_is_servfail(script: Script) -> None:
    async with udp_dummy(script) as dummy, forward_to(to(dummy, lines=HASTY)) as forward:
        response = await ask(forward)
        assert (response.rcode, response.remember, response.reply) == (codes.SERVFAIL, False, None)
        assert response.error


# Many at once


async def test_the_same_question_of_many_clients_goes_upstream_once() -> None:
    async with udp_dummy(lambda asked: [0.05, answer(asked)]) as dummy, forward_to(to(dummy)) as forward:
        responses = await asyncio.gather(*[ask(forward) for _ in range(20)])
        assert [addresses(response) for response in responses] == [["192.0.2.1"]] * 20
        assert asked(dummy) == 1


async def test_over_max_concurrent_is_refused_with_the_reason() -> None:
    limited = "max_concurrent 2"
    async with (
        udp_dummy(lambda asked: [0.05, answer(asked)]) as dummy,
        forward_to(to(dummy, lines=limited)) as forward,
    ):
        responses = await asyncio.gather(*[ask(forward, f"n{index}.example.") for index in range(4)])
        assert [response.rcode for response in responses] == [0, 0, codes.REFUSED, codes.REFUSED]
        assert responses[3] == Response(
            codes.REFUSED, remember=False, error="concurrent queries exceeded maximum 2"
        )
        assert (await ask(forward)).rcode == codes.NOERROR


# Several upstreams


async def test_a_dead_upstream_costs_its_timeout_once() -> None:
    async with (
        udp_dummy(silent) as dead,
        udp_dummy() as alive,
        forward_to(to(dead, alive, lines=HASTY)) as forward,
    ):
        for index in range(10):
            assert addresses(await ask(forward, f"n{index}.example.")) == ["192.0.2.1"]
        assert (asked(dead), asked(alive)) == (1, 10)


async def test_failover_asks_the_next_upstream_after_these_rcodes_only() -> None:
    async with (
        udp_dummy(saying(codes.SERVFAIL)) as failing,
        udp_dummy() as alive,
        forward_to(to(failing, alive, lines="failover SERVFAIL")) as eager,
        forward_to(to(failing, alive)) as plain,
    ):
        assert addresses(await ask(eager)) == ["192.0.2.1"]
        assert (await ask(plain)).rcode == codes.SERVFAIL


async def test_a_resolv_conf_names_the_upstreams(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.1\nnameserver ::1\n")
    forward = set_up(f". {file}")
    assert [str(each.address) for each in forward._groups[0].upstreams] == ["127.0.0.1:53", "[::1]:53"]
    await forward.close()


# Several directives


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("example.org.", "10.0.0.1"),
        ("WWW.Example.Org.", "10.0.0.1"),
        ("xexample.org.", "10.0.0.3"),
        ("inner.example.org.", "10.0.0.3"),
        ("a.inner.example.org.", "10.0.0.3"),
        ("xinner.example.org.", "10.0.0.1"),
        ("a.example.net.", "10.0.0.3"),
        ("example.net.", "10.0.0.2"),
        ("secret.example.", None),
        (".", "10.0.0.3"),
    ],
)
async def test_the_first_directive_that_is_for_the_name_answers_else_the_rest(
    name: str, expected: str | None
) -> None:
    directives = [
        ("example.org", "except inner.example.org"),
        ("example.net", "except example.net"),  # excepts what is below, FROM itself it cannot
        (".", "except secret.example"),
    ]
    async with AsyncExitStack() as stack:
        texts = []
        for index, (zone, lines) in enumerate(directives, 1):
            dummy = await stack.enter_async_context(udp_dummy(_answering(f"10.0.0.{index}")))
            texts.append(to(dummy, zone=zone, lines=lines))
        response = await ask(await stack.enter_async_context(forward_to(*texts)), name)
    assert addresses(response) == [expected] if expected else response is Elsewhere.response


def _answering(address: str) -> Script:
    return lambda asked: [answer(asked, address)]


def nodata(asked: bytes) -> list[bytes | float | str]:
    return [dns.message.make_response(dns.message.from_wire(asked)).to_wire()]


@pytest.mark.parametrize(
    ("lines", "script", "is_passed_on"),
    [
        ("next NXDOMAIN", saying(codes.NXDOMAIN), True),
        ("next NXDOMAIN", saying(codes.SERVFAIL), False),
        ("next SERVFAIL NXDOMAIN", saying(codes.SERVFAIL), True),
        ("next NOERROR", good, True),
        ("next_on_nodata", nodata, True),
        ("next_on_nodata", good, False),
        ("next_on_nodata", saying(codes.NXDOMAIN), False),
        ("", nodata, False),
    ],
)
async def test_next_hands_on_to_the_next_directive(lines: str, script: Script, is_passed_on: bool) -> None:
    async with (
        udp_dummy(script) as first,
        udp_dummy(_answering("10.0.0.2")) as second,
        forward_to(to(first, lines=lines), to(second)) as forward,
    ):
        response = await ask(forward)
        assert (asked(first), asked(second)) == (1, int(is_passed_on))
        assert (addresses(response) == ["10.0.0.2"]) == is_passed_on


async def test_next_goes_on_and_past_directives_that_are_for_other_names() -> None:
    async with (
        udp_dummy(saying(codes.NXDOMAIN)) as failing,
        udp_dummy() as other,
        forward_to(
            to(failing, lines="next NXDOMAIN"),
            to(other, zone="elsewhere.example"),
            to(failing, lines="next NXDOMAIN"),
            to(other, zone="elsewhere.example"),
        ) as forward,
    ):
        assert await ask(forward) is Elsewhere.response
        assert (asked(failing), asked(other)) == (2, 0)


async def test_next_of_the_last_directive_means_nothing() -> None:
    async with (
        udp_dummy(saying(codes.NXDOMAIN)) as failing,
        forward_to(to(failing, lines="next NXDOMAIN")) as forward,
    ):
        response = await ask(forward)
        assert (response.rcode, response.reply is None) == (codes.NXDOMAIN, False)


# TLS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    ("suffix", "lines", "is_fine"),
    [
        ("%dns.example", "", True),
        ("", "tls_servername dns.example", True),
        ("", "", True),
        ("%other.example", "", False),
        ("", "tls_servername other.example", False),
    ],
)
async def test_over_tls_the_server_must_have_the_name_it_is_said_to_have(
    folder: Path, suffix: str, lines: str, is_fine: bool
) -> None:
    async with stream_dummy(tls=serving(folder)) as dummy:
        host, port = dummy.address
        ca = f"tls {folder / 'cert.pem'}\n"
        async with forward_to(f". tls://{host}{suffix}:{port} {{\nmax_fails 0\n{ca}{lines}\n}}") as forward:
            response = await ask(forward)
            assert addresses(response) == ["192.0.2.1"] * is_fine
            assert ("tls: failed to verify certificate" in response.error) == (not is_fine)


# Begin and end


def test_setting_up_opens_nothing_and_needs_no_event_loop(folder: Path) -> None:
    before = open_sockets()
    forward = set_up(f". 192.0.2.1 tls://192.0.2.2 {{\ntls {folder / 'cert.pem'}\n}}")
    assert open_sockets() == before
    assert [len(group.upstreams) for group in forward._groups] == [2]


async def test_closing_lets_queries_under_way_finish_and_ask_the_next_directive() -> None:
    async with (
        udp_dummy(lambda asked: [0.05, answer(asked, rcode=codes.NXDOMAIN)]) as first,
        udp_dummy(lambda asked: [0.05, answer(asked)]) as second,
    ):
        forward = set_up(to(first, lines="next NXDOMAIN"), to(second))
        asking = asyncio.ensure_future(cast(Awaitable[Response], forward.respond(asks(), REST)))
        await until(lambda: asked(first))
        await forward.close()
        assert addresses(await asking) == ["192.0.2.1"]
        late = await ask(forward)
        assert (late.rcode, late.error) == (codes.SERVFAIL, "proxy: transport stopped")


# Metrics


async def test_all_directives_are_measured_together() -> None:
    async with (
        udp_dummy(saying(codes.NXDOMAIN)) as first,
        udp_dummy() as second,
        forward_to(to(first, lines="next NXDOMAIN"), to(second)) as forward,
    ):
        for index in range(3):
            await ask(forward, f"n{index}.example.")
        found: dict[str, Family | Histogram] = {each.name: each for each in forward.measure()}
    durations = found["coredns_proxy_request_duration_seconds"]
    assert sorted((labels, sum(counts)) for labels, counts, *_ in durations.samples) == sorted(
        [
            (("forward", str(first.address), "NXDOMAIN"), 3),
            (("forward", str(second.address), "NOERROR"), 3),
        ]
    )
    assert found["coredns_forward_max_concurrent_rejects_total"].samples == [((), 0)]
