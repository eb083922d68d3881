import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

from kdns.answering.plugin import Plugin, Setting, WholeZone
from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.app import check
from kdns.corefile.parsing import parse_corefile
from kdns.plugins._transfer_notify import tell_changes
from kdns.plugins.transfer import Transfer
from kdns.upstreams.options import Address
from kdns.wire import codes
from kdns.wire.names import Name, from_text
from kdns.wire.rrsets import SOA, RRset
from tests.corefile.builders import MemoryFiles
from tests.plugins.lent import refusal
from tests.plugins.setups import Answering, at_once, lines, rest

EXAMPLE, SUB = from_text("example."), from_text("sub.example.")
OTHERS = Response(codes.REFUSED)


def zone(origin: Name, serial: int) -> WholeZone:
    soa = RRset(origin, codes.SOA, 60, (SOA(origin, origin, serial, 1, 1, 1, 1).rdata(),))
    addresses = RRset(origin, codes.A, 60, (b"\1\2\3\4", b"\5\6\7\x08"))
    return WholeZone(serial, lambda: iter((soa, addresses)))


class Holding(Plugin):
    """A plugin with whole zones."""

    name = "holding"

    def __init__(self, zones: Mapping[Name, WholeZone | None]) -> None:
        self.zones = zones

    def whole_zones(self) -> Mapping[Name, WholeZone | None]:
        return self.zones


def transfer(text: str, *plugins: Plugin, zones: str = "example") -> Transfer:
    """Set the plugin up in a block of these zones, beside these plugins."""
    [block] = parse_corefile(f"{zones} {{\n{text}\n}}\n", "Corefile", {}, 53, MemoryFiles({})).blocks
    setting = Setting(block, None, None, None, plugins=lambda: plugins)  # type: ignore[arg-type]
    return Transfer.setup(block.directives, setting)


def query(name: Name, qtype: int = codes.AXFR, client: str = "192.0.2.1", **fields: object) -> Query:
    made = Query(b"\0\1", 0, name, qtype, is_stream=True, client=client)
    return made._replace(**fields)  # type: ignore[arg-type]


def ask(plugin: Transfer, asked: Query) -> Response:
    response = at_once(plugin.respond(asked, rest(Answering(OTHERS))))
    assert response is OTHERS or not response.remember
    return response


def records(response: Response) -> list[str]:
    assert response.transfer is not None
    return lines(tuple(response.transfer()))


ALL = "transfer {\n to *\n}"
HELD = Holding({EXAMPLE: zone(EXAMPLE, 7), SUB: None})


def test_a_transfer_is_the_zone_between_its_soa_twice(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    response = ask(transfer(ALL, HELD), query(from_text("Example.")))
    assert (response.rcode, response.authoritative) == (codes.NOERROR, True)
    soa = "example. 60 SOA example. example. 7 1 1 1 1"
    assert records(response) == [soa, "example. 60 A 1.2.3.4", "example. 60 A 5.6.7.8", soa]
    text = 'Outgoing transfer of 4 records of zone "Example." to 192.0.2.1 for 7 SOA serial'
    assert caplog.messages == [text]


@pytest.mark.parametrize(
    ("text", "client", "is_allowed"),
    [
        ("*", "192.0.2.1", True),
        ("*", "2001:db8::1", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1:5300", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.2 192.0.2.1", "192.0.2.1", True),
        ("192.0.2.2\nto 192.0.2.1", "192.0.2.1", True),
        ("192.0.2.2 *", "192.0.2.1", True),
        ("2001:db8::1", "2001:db8::1", True),
        ("[2001:db8:0::1]:5300", "2001:db8::1", True),
        ("2001:db8::1", "2001:db8::2", False),
        ("fe80::1%lo", "fe80::1%eth9", True),
    ],
)
def test_only_those_in_the_list_get_a_zone(text: str, client: str, is_allowed: bool) -> None:
    response = ask(transfer(f"transfer {{\n to {text}\n}}", HELD), query(EXAMPLE, client=client))
    assert (response.transfer is not None) == is_allowed
    assert response.rcode == (codes.NOERROR if is_allowed else codes.REFUSED)


@pytest.mark.parametrize(
    ("asked", "rcode"),
    [
        (query(EXAMPLE, is_stream=False), codes.REFUSED),
        (query(from_text("other."), is_stream=False), codes.REFUSED),
        (query(EXAMPLE, codes.IXFR), codes.SERVFAIL),
        (query(SUB), codes.SERVFAIL),
    ],
)
def test_what_cannot_be_answered_is_an_error_that_is_not_remembered(asked: Query, rcode: int) -> None:
    response = ask(transfer(ALL, HELD), asked)
    assert (response.rcode, response.transfer, response.remember) == (rcode, None, False)


@pytest.mark.parametrize(
    "asked",
    [
        query(EXAMPLE, codes.A),
        query(EXAMPLE, codes.SOA, is_stream=False),
        query(EXAMPLE, flags=codes.NOTIFY << 11),
        query(from_text("other.")),
        query(from_text("below.example.")),
    ],
)
def test_the_rest_is_the_rests(asked: Query) -> None:
    response = ask(transfer(ALL, HELD), asked)
    assert response.rcode == codes.REFUSED
    assert response.transfer is None


def test_what_no_plugin_holds_is_not_remembered_as_it_may_come() -> None:
    holding = Holding({})
    plugin = transfer(ALL, holding)
    assert not ask(plugin, query(EXAMPLE)).remember
    holding.zones = HELD.zones
    assert ask(plugin, query(EXAMPLE)).transfer is not None


@pytest.mark.parametrize(
    ("serial", "is_current"), [(7, True), (6, False), (8, False), (0, False), (0xFFFFFFFF, False)]
)
def test_ixfr_is_the_soa_for_whoever_is_up_to_date(
    serial: int, is_current: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    response = ask(transfer(ALL, HELD), query(EXAMPLE, codes.IXFR, serial=serial))
    assert (response.transfer is None) == is_current
    if is_current:
        assert lines(response.answer) == ["example. 60 SOA example. example. 7 1 1 1 1"]
        assert not response.authoritative
        noop = "Outgoing noop, incremental transfer for up to date zone"
        assert caplog.messages == [f'{noop} "example." to 192.0.2.1 for 7 SOA serial']
    else:
        assert len(records(response)) == 4


def test_serial_zero_never_is_up_to_date() -> None:
    holding = Holding({EXAMPLE: zone(EXAMPLE, 0)})
    assert ask(transfer(ALL, holding), query(EXAMPLE, codes.IXFR, serial=0)).transfer is not None


def test_the_first_plugin_that_holds_a_zone_gives_it() -> None:
    others = Holding({EXAMPLE: zone(EXAMPLE, 8)})
    assert " 7 1 1 1 1" in records(ask(transfer(ALL, HELD, others), query(EXAMPLE)))[0]
    assert " 8 1 1 1 1" in records(ask(transfer(ALL, others, HELD), query(EXAMPLE)))[0]


def test_the_directive_of_the_longest_zone_decides_and_the_first_of_equals() -> None:
    text = (
        "transfer {\n to 192.0.2.9\n}\ntransfer sub.example {\n to 192.0.2.1\n}\n"
        "transfer sub.example {\n to *\n}"
    )
    holding = Holding({EXAMPLE: zone(EXAMPLE, 7), SUB: zone(SUB, 7)})
    plugin = transfer(text, holding)
    for name, client, rcode in (
        (EXAMPLE, "192.0.2.1", codes.REFUSED),
        (EXAMPLE, "192.0.2.9", codes.NOERROR),
        (SUB, "192.0.2.1", codes.NOERROR),
        (SUB, "192.0.2.9", codes.REFUSED),
    ):
        assert ask(plugin, query(name, client=client)).rcode == rcode


_TO = "an IP address such as 192.0.2.1, 192.0.2.1:5300 or [2001:db8::1]:5300, or *"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("transfer", "2:1: found a transfer to nobody, expected a property `to` with addresses or *"),
        ("transfer {\n}", "2:1: found a transfer to nobody, expected a property `to` with addresses or *"),
        ("transfer {\n to\n}", "3:2: found no arguments of 'to', expected 1 or more"),
        ("transfer {\n to name.example\n}", f"3:5: found 'name.example', expected {_TO}"),
        ("transfer {\n to 192.0.2.0/24\n}", f"3:5: found '192.0.2.0/24', expected {_TO}"),
        ("transfer {\n to * 192.0.2.1:0\n}", f"3:7: found '192.0.2.1:0', expected {_TO}"),
        ("transfer {\n to [::1]\n}", f"3:5: found '[::1]', expected {_TO}"),
        ("transfer {\n to [::1]:99999\n}", f"3:5: found '[::1]:99999', expected {_TO}"),
        ("transfer {\n to *\n source\n}", "4:2: found no arguments of 'source', expected 1"),
        (
            "transfer {\n to *\n source eth0\n}",
            "4:9: found the source 'eth0', expected an IP address of this machine",
        ),
        (
            "transfer {\n to *\n source ::1\n source ::1\n}",
            "5:9: found a second source, expected one for all NOTIFY messages",
        ),
        (
            "transfer {\n form *\n}",
            "3:2: found 'form', expected a property of 'transfer'",
        ),
    ],
)
def test_what_is_not_understood_is_named(text: str, expected: str) -> None:
    assert refusal(Transfer, text) == expected


def test_tsig_beside_a_transfer_is_an_error_that_says_so() -> None:
    corefile = "example.org {\n tsig {\n  secret k a\n }\n transfer {\n  to *\n }\n}"
    [problem] = check(parse_corefile(corefile, "Corefile", {}))
    assert problem.found == "the plugin 'tsig', which kdns does not have yet"


# NOTIFY


class Secondary:
    """A server on 127.0.0.1 that answers NOTIFY messages with these RCODEs, the last one for ever; None is
    silence. Notes what it was told."""

    def __init__(self, *rcodes: int | None) -> None:
        self._rcodes = list(rcodes)
        self.told: list[dns.message.Message] = []

    async def __aenter__(self) -> "Secondary":
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self.address = Address(*self._socket.getsockname())
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        octets, peer = self._socket.recvfrom(512)
        message = dns.message.from_wire(octets)
        self.told.append(message)
        self.peer = peer
        rcode = self._rcodes.pop(0) if len(self._rcodes) > 1 else self._rcodes[0]
        if rcode is not None:
            response = dns.message.make_response(message)
            response.set_rcode(dns.rcode.Rcode(rcode))
            self._socket.sendto(response.to_wire(), peer)

    def zones(self) -> list[str]:
        return [str(message.question[0].name) for message in self.told]


async def until(condition) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for does not know of it
            await asyncio.sleep(0.005)


class Telling:
    """What the plugin does beside answering, in a task."""

    def __init__(self, secondary: Secondary, serials: Mapping[Name, int], source: str = "") -> None:
        self.task = asyncio.create_task(tell_changes(secondary.address, source, lambda: serials))

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the seconds between two looks be milliseconds."""
    monkeypatch.setattr("kdns.plugins._transfer_notify.INTERVAL", 0.01)
    yield


async def test_a_secondary_is_told_at_first_and_whenever_a_serial_has_moved(fast: None) -> None:
    serials = {EXAMPLE: 1, SUB: 1}
    async with Secondary(dns.rcode.NOERROR) as secondary, Telling(secondary, serials, "127.0.0.1"):
        await until(lambda: len(secondary.told) == 2)
        assert sorted(secondary.zones()) == ["example.", "sub.example."]
        serials[EXAMPLE] = 2
        await until(lambda: len(secondary.told) == 3)
        assert secondary.zones()[2] == "example."
        [message] = secondary.told[2:]
        assert (message.opcode(), message.flags & ~0x7800) == (dns.opcode.NOTIFY, dns.flags.AA)
        assert message.question[0].rdtype == dns.rdatatype.SOA
        assert not message.answer
        assert secondary.peer[0] == "127.0.0.1"
        serials[EXAMPLE] = 1
        await until(lambda: len(secondary.told) == 4)


async def test_many_changes_between_two_looks_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, naps = 0, asyncio.Event()
    sleep = asyncio.sleep

    async def nap(seconds: float) -> None:
        nonlocal looks
        looks += seconds == 1.0  # the interval, and no nap of this test's
        await (naps.wait() if seconds == 1.0 else sleep(seconds))
        naps.clear()

    monkeypatch.setattr("kdns.plugins._transfer_notify.asyncio.sleep", nap)
    serials = {EXAMPLE: 1}
    async with Secondary(dns.rcode.NOERROR) as secondary, Telling(secondary, serials):
        await until(lambda: looks == 1)
        for serials[EXAMPLE] in range(2, 100):
            pass
        assert len(secondary.told) == 1
        naps.set()
        await until(lambda: looks == 2)
        assert len(secondary.told) == 2
        naps.set()
        await until(lambda: looks == 3)
        assert len(secondary.told) == 2


async def test_who_does_not_accept_is_told_three_times_and_named(
    fast: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with Secondary(dns.rcode.NOTAUTH) as secondary, Telling(secondary, {EXAMPLE: 1}):
        await until(lambda: caplog.messages)
        assert len(secondary.told) == 3
        text = f'notify for zone "example." was not accepted by "{secondary.address}": rcode was "NOTAUTH"'
        assert caplog.messages == [text]


async def test_who_accepts_in_the_end_is_not_named(fast: None, caplog: pytest.LogCaptureFixture) -> None:
    serials = {EXAMPLE: 1}
    async with Secondary(dns.rcode.SERVFAIL, dns.rcode.NOERROR) as secondary, Telling(secondary, serials):
        await until(lambda: len(secondary.told) == 2)
        serials[EXAMPLE] = 2
        await until(lambda: len(secondary.told) == 3)
        assert caplog.messages == []


async def test_a_secondary_that_is_gone_or_never_was_is_named_and_nobody_is_harmed(
    fast: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with Secondary(None) as gone:
        pass
    async with Telling(gone, {EXAMPLE: 1}):
        await until(lambda: caplog.messages)
    [message] = caplog.messages
    assert "was not accepted by" in message and "connection refused" in message
    caplog.clear()
    gone.address = Address("fe80::1%nothing-of-that-name")
    async with Telling(gone, {EXAMPLE: 1}) as _:
        await until(lambda: caplog.messages)
    assert caplog.messages[0].startswith("no NOTIFY to")


@pytest.mark.parametrize(("text", "told"), [("*", 0), ("{}", 1), ("* {}", 1), ("{} {}", 1)])
async def test_zones_that_are_there_are_told_to_every_address_in_the_list(text: str, told: int) -> None:
    async with Secondary(dns.rcode.NOERROR) as secondary:
        address = str(secondary.address)
        directives = f"transfer {{\n to {text.format(address, address)}\n}}"
        directives += "\ntransfer sub.example {\n to *\n}"
        held = Holding({EXAMPLE: zone(EXAMPLE, 7), SUB: zone(SUB, 7), from_text("a.example."): None})
        running = asyncio.create_task(transfer(directives, held).run())
        if told:
            await until(lambda: secondary.told)
        else:
            await running
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert secondary.zones() == ["example."] * told
