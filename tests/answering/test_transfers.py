"""Zone transfers as messages, read by dnspython, and how the responder comes to send them."""

from collections.abc import Callable, Iterable, Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from kdns.answering import admission
from kdns.answering.blocks import Block
from kdns.answering.chain import Rest
from kdns.answering.counts import Count
from kdns.answering.plugin import Exchange
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable
from kdns.answering.traffic import Traffic
from kdns.answering.transfers import Overlong, Transfer
from kdns.measures import Histogram
from kdns.wire import codes
from kdns.wire.names import Name, from_text
from kdns.wire.rrsets import SOA, RRset, srv, txt
from tests.builders import TCP, UDP, Sender, build_query, section_lines

ORIGIN = from_text("example.")
SIZES = "coredns_dns_response_size_bytes"


def soa(origin: Name = ORIGIN) -> RRset:
    return RRset(origin, codes.SOA, 60, (SOA(origin, origin, 7, 1, 1, 1, 1).rdata(),))


def host(number: int) -> Name:
    return from_text(f"host-{number}.example.")


def address(number: int) -> RRset:
    return RRset(host(number), codes.A, 60, (number.to_bytes(4, "big"),))


def query(name: str = "example.", qtype: str = "AXFR", **fields: object) -> Query:
    judged = admission.judge(build_query(name, qtype, **fields).to_wire())  # type: ignore[arg-type]
    assert isinstance(judged, Query)
    return judged


def pieces(rrsets: Iterable[RRset], asked: Query | None = None) -> list[bytes]:
    asked = asked or query()
    question = asked.name + asked.type.to_bytes(2, "big") + b"\0\1"
    response = Response(authoritative=True, transfer=lambda: iter(rrsets))
    return list(Transfer(question, response).messages(asked))


def read(octets: Iterable[bytes]) -> list[dns.message.Message]:
    return [dns.message.from_wire(each, one_rr_per_rrset=True) for each in octets if each]


def lines(messages: Iterable[dns.message.Message]) -> list[str]:
    return [line for message in messages for line in section_lines(message.answer)]


@pytest.mark.parametrize("edns", [None, 512, 1232])
@pytest.mark.parametrize("name", ["example.", "eXaMpLe."])
def test_each_message_answers_the_query_and_all_hold_the_zone(name: str, edns: int | None) -> None:
    asked = query(name, edns=edns, do=edns is not None)
    octets = [each for each in pieces((soa(), *map(address, range(9000)), soa()), asked) if each]
    messages = read(octets)
    assert len(messages) > 2
    for message in messages:
        assert (message.id, str(message.question[0].name)) == (4711, name)
        assert message.flags == dns.flags.QR | dns.flags.AA | dns.flags.RD
        assert message.question[0].rdtype == dns.rdatatype.AXFR
        assert (message.edns, message.authority) == (-1 if edns is None else 0, [])
        assert message.ednsflags & dns.flags.DO == (0 if edns is None else dns.flags.DO)
    expected = [
        f"host-{n}.example. 60 A {n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(9000)
    ]
    assert lines(messages)[1:-1] == expected
    assert lines(messages)[0] == lines(messages)[-1]
    assert all(65000 < len(each) <= 65535 for each in octets[:-1]), "filled"


def test_names_are_compressed_where_they_may_be() -> None:
    pointers = RRset(host(1), codes.NS, 60, tuple(map(host, range(100))))
    services = RRset(host(1), codes.SRV, 60, tuple(srv(0, 0, n, host(n)) for n in range(100)))
    for rrset, most in ((pointers, 23), (services, 41)):
        [message] = [each for each in pieces((soa(), rrset)) if each]
        assert len(message) < 200 + 100 * most
        assert len(lines(read([message]))) == 101


def test_an_rrset_may_be_longer_than_a_message() -> None:
    rrset = RRset(ORIGIN, codes.TXT, 60, tuple(txt([bytes(250), n.to_bytes(4, "big")]) for n in range(1000)))
    messages = read(pieces((soa(), rrset, soa())))
    assert len(messages) > 1
    assert len({*lines(messages)}) == 1001
    assert len(lines(messages)) == 1002


@pytest.mark.parametrize(("octets", "fits"), [(65_470, True), (65_535, False)])
def test_a_record_that_no_message_holds_is_an_error(octets: int, fits: bool) -> None:
    record = RRset(ORIGIN, 65280, 60, (bytes(octets),))
    if fits:
        assert [len(message.answer) for message in read(pieces((soa(), record, soa())))] == [1, 1, 1]
    else:
        with pytest.raises(Overlong):
            pieces((soa(), record, soa()))


def test_the_root_is_a_zone_too() -> None:
    root = from_text(".")
    records = (soa(root), *(RRset(root, codes.NS, 60, (root,)) for _ in range(9000)), soa(root))
    octets = [each for each in pieces(records, query(".")) if each]
    assert all(len(each) <= 65535 for each in octets)
    assert len(lines(read(octets))) == 9002


def test_records_are_asked_for_as_they_are_needed_and_others_have_their_turn() -> None:
    asked = list[int]()

    def rrsets() -> Iterator[RRset]:
        for number in range(1000):
            asked.append(number)
            yield address(number)

    messages = Transfer(b"\0\0\xfc\0\1", Response(transfer=rrsets)).messages(query())
    assert asked == []
    longest = 0
    while True:
        before = len(asked)
        if next(messages, None) is None:
            break
        longest = max(longest, len(asked) - before)
    assert (len(asked), longest) == (1000, 32)


# The responder


class Giving:
    """A plugin that answers with a transfer of these RRsets."""

    name = "giving"

    def __init__(self, *rrsets: RRset) -> None:
        self.rrsets = rrsets
        self.queries: list[Query] = []
        self.count = Count()

    def respond(self, query: Query, rest: Rest) -> Response:
        self.queries.append(query)
        return Response(authoritative=True, transfer=lambda: iter(self.rrsets), counts=(self.count,))


def serving(giving: Giving, observe: Callable[[Exchange], None]) -> Responder:
    responder = Responder(AnswerTable(traffic=Traffic("dns://:53")))
    block = Block(Rest([giving], responder.resolve), zone="example.", observers=(observe,))
    responder.blocks = {ORIGIN: block}
    return responder


def test_over_tcp_it_is_a_transfer_that_is_counted_and_seen_when_it_ends() -> None:
    giving, seen = Giving(soa(), *map(address, range(5000)), soa()), list[Exchange]()
    responder = serving(giving, seen.append)
    sender = Sender(is_stream=True, address=("2001:db8::1", 5300))
    for number in (1, 2):
        answer = responder.respond(build_query("Example.", "AXFR").to_wire(), sender)
        assert isinstance(answer, Iterator)
        octets = [next(answer)]
        assert len(seen) == number - 1
        octets += list(answer)
        assert len(lines(read(octets))) == 5002
        assert (len(seen), giving.count.value) == (number, number), "nothing is remembered"
    assert (giving.queries[0].client, giving.queries[0].port) == sender.address
    assert seen[0].sent is not None
    header = dns.message.from_wire(seen[0].sent)
    assert (header.flags, header.answer) == (dns.flags.QR | dns.flags.AA | dns.flags.RD, [])
    [sizes] = [each for each in responder.table.traffic.measure() if each.name == SIZES]
    assert isinstance(sizes, Histogram)
    assert sum(total for _, _, total in sizes.samples) == 2 * sum(map(len, octets))


def test_one_that_is_given_up_is_counted_too() -> None:
    giving, seen = Giving(soa(), *map(address, range(5000)), soa()), list[Exchange]()
    answer = serving(giving, seen.append).respond(build_query("example.", "AXFR").to_wire(), TCP)
    assert isinstance(answer, Iterator)
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    assert len(seen) == giving.count.value == 1


def test_over_udp_it_is_refused() -> None:
    answer = serving(Giving(soa()), lambda exchange: None).respond(
        build_query("example.", "AXFR").to_wire(), UDP
    )
    assert isinstance(answer, bytes)
    message = dns.message.from_wire(answer)
    assert (message.rcode(), message.answer) == (dns.rcode.REFUSED, [])


_SOA = b"\0\6\0\1" + bytes(4)


@pytest.mark.parametrize(
    ("answers", "authorities", "record", "serial"),
    [
        (0, 1, b"\xc0\x0c" + _SOA + b"\0\x16" + b"\0\0" + b"\xff\xff\xff\xfe" + bytes(16), 0xFFFFFFFE),
        (0, 1, b"\0" + _SOA + b"\0\x18" + b"\xc0\x0c\xc0\x0c" + b"\0\0\0\x09" + bytes(16), 9),
        (0, 1, b"\xc0\x0c" + b"\0\2\0\1" + bytes(4) + b"\0\x16" + bytes(22), None),
        (0, 1, b"\xc0\x0c" + _SOA + b"\0\4" + bytes(4), None),
        (1, 0, b"\xc0\x0c" + _SOA + b"\0\x16" + bytes(22), None),
        (0, 0, b"", None),
    ],
)
def test_the_serial_of_an_ixfr_query_is_that_of_its_soa(
    answers: int, authorities: int, record: bytes, serial: int | None
) -> None:
    packet = bytearray(build_query("example.", "IXFR").to_wire())
    packet[7], packet[9] = answers, authorities
    judged = admission.judge(bytes(packet) + record)
    assert isinstance(judged, Query)
    assert judged.serial == serial
