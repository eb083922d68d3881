import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kdns.upstreams import streams
from kdns.upstreams.counters import SocketCounters
from kdns.upstreams.errors import BadReply, Closed, ConnectionLost, NoReply, Unreachable
from kdns.upstreams.options import Address, Options
from kdns.upstreams.streams import DialTimeout, StreamTransport
from tests.upstreams import certificates
from tests.upstreams.certificates import make_certificate
from tests.upstreams.dummies import (
    END,
    RST,
    Script,
    addresses_in,
    answer,
    closed_port,
    query,
    silent,
    soon,
    stream_dummy,
    until,
    with_id,
)


@asynccontextmanager
async def transport_to(
    address: Address,
    options: Options | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[StreamTransport]:
    transport = StreamTransport(address, options or Options(), SocketCounters(), tls)
    try:
        yield transport
    finally:
        await transport.close()


def counters(transport: StreamTransport) -> tuple[int, int]:
    return transport._counters.hits, transport._counters.misses


async def test_a_reply_comes_back_under_the_id_of_the_query() -> None:
    async with stream_dummy() as dummy, transport_to(dummy.address) as transport:
        reply = await transport.exchange(query(id=0x4242), soon())
    assert reply.octets[:2] == b"\x42\x42"
    assert addresses_in(reply) == ["192.0.2.1"]


async def test_a_stream_is_kept_for_the_next_query() -> None:
    async with stream_dummy() as dummy, transport_to(dummy.address) as transport:
        for _ in range(5):
            await transport.exchange(query(), soon())
        assert [len(each) for each in dummy.connections] == [5]
        assert counters(transport) == (4, 1)


async def test_many_queries_share_few_streams_and_replies_may_overtake() -> None:
    delays = {f"q{index}": 0.002 * (50 - index) for index in range(50)}

    def script(asked: bytes) -> list[bytes | float | str]:
        label = asked[13 : 13 + asked[12]].decode()
        return [delays[label], answer(asked, f"10.0.0.{label[1:]}")]

    async with stream_dummy(script) as dummy, transport_to(dummy.address) as transport:
        asked = [transport.exchange(query(f"{name}.example.org.", id=7), soon()) for name in delays]
        replies = await asyncio.gather(*asked)
        assert [addresses_in(reply) for reply in replies] == [[f"10.0.0.{index}"] for index in range(50)]
        assert len(dummy.connections) <= streams.SPREAD
        assert any(len({octets[:2] for octets in each}) > 1 for each in dummy.connections)


async def test_a_large_reply_in_pieces_is_whole() -> None:
    many = [f"10.1.{index >> 8}.{index & 255}" for index in range(4000)]
    async with (
        stream_dummy(lambda asked: [answer(asked, *many)]) as dummy,
        transport_to(dummy.address) as transport,
    ):
        assert (await transport.exchange(query(), soon())).counts[0] == 4000


async def test_wrong_replies_are_counted_and_waiting_goes_on() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [
            b"",
            with_id(answer(asked)),
            answer(asked).replace(b"Example", b"eXample"),
            answer(asked, "192.0.2.9"),
        ]

    async with stream_dummy(script) as dummy, transport_to(dummy.address) as transport:
        assert addresses_in(await transport.exchange(query(), soon())) == ["192.0.2.9"]
        assert transport._counters.wrong == 3


async def test_a_malformed_reply_fails_at_once() -> None:
    async with (
        stream_dummy(lambda asked: [answer(asked)[:-2]]) as dummy,
        transport_to(dummy.address) as transport,
    ):
        with pytest.raises(BadReply, match="cut off"):
            await transport.exchange(query(), soon())


async def test_a_query_that_finds_its_stream_closed_is_asked_once_more() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [END] if len(dummy.queries) == 2 else [answer(asked)]

    async with stream_dummy(script) as dummy, transport_to(dummy.address) as transport:
        for _ in range(2):
            assert addresses_in(await transport.exchange(query(), soon())) == ["192.0.2.1"]
    assert [len(each) for each in dummy.connections] == [2, 1]


@pytest.mark.parametrize(
    ("end", "text"), [(RST, "read: connection reset by peer$"), (END, r"read tcp .*->.*: EOF$")]
)
async def test_a_new_stream_that_ends_fails_its_query(end: str, text: str) -> None:
    async with stream_dummy(lambda asked: [end]) as dummy, transport_to(dummy.address) as transport:
        with pytest.raises(ConnectionLost, match=text):
            await transport.exchange(query(), soon())
    assert len(dummy.queries) == 1


async def test_a_server_that_closes_after_each_reply_gets_a_stream_for_each() -> None:
    async with (
        stream_dummy(lambda asked: [0.01, answer(asked), END]) as dummy,
        transport_to(dummy.address) as transport,
    ):
        first = [transport.exchange(query(id=index), soon()) for index in range(streams.SPREAD)]
        await asyncio.gather(*first)
        transport._serial_until = float("inf")
        replies = await asyncio.gather(*[transport.exchange(query(id=index), soon()) for index in range(40)])
        assert [int.from_bytes(reply.octets[:2], "big") for reply in replies] == list(range(40))


async def test_streams_are_no_longer_shared_once_one_ended_with_several_unanswered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "SPREAD", 1)

    def script(asked: bytes) -> list[bytes | float | str]:
        if len(dummy.connections) == 1 and len(dummy.queries) < 4:
            return []
        return [RST] if len(dummy.connections) == 1 else [0.02, answer(asked)]

    async with stream_dummy(script) as dummy, transport_to(dummy.address) as transport:
        asked = [asyncio.create_task(transport.exchange(query(), soon())) for _ in range(4)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(result, ConnectionLost) for result in results)
        await asyncio.gather(*[transport.exchange(query(), soon()) for _ in range(5)])
        assert [len(each) for each in dummy.connections] == [4, 1, 1, 1, 1, 1]


async def test_a_server_that_takes_few_queries_a_stream_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SPREAD", 1)

    def script(asked: bytes) -> list[bytes | float | str]:
        place = next(each.index(asked) for each in dummy.connections if asked in each)
        return [[answer(asked)], [answer(asked)], [answer(asked), END], []][min(place, 3)]

    async with stream_dummy(script) as dummy, transport_to(dummy.address) as transport:
        await transport.exchange(query(), soon())
        replies = await asyncio.gather(*[transport.exchange(query(id=index), soon()) for index in range(12)])
        assert [int.from_bytes(reply.octets[:2], "big") for reply in replies] == list(range(12))


async def test_a_silent_stream_is_given_up_with_the_query_that_waited() -> None:
    async with (
        stream_dummy(silent) as dummy,
        transport_to(dummy.address, Options(read_timeout=0.05)) as transport,
    ):
        with pytest.raises(NoReply, match=r"read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: i/o timeout$"):
            await transport.exchange(query(), soon())
        await until(lambda: not transport._streams)


async def test_a_stream_on_which_others_are_answered_survives_a_timeout() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [] if b"lost" in asked else [answer(asked)]

    async with (
        stream_dummy(script) as dummy,
        transport_to(dummy.address, Options(read_timeout=1.0)) as transport,
    ):
        await transport.exchange(query(), soon())
        lost = asyncio.create_task(transport.exchange(query("lost.example.org."), soon()))
        await until(lambda: len(dummy.queries) == 2)
        transport._take = lambda may_be_open: next(iter(transport._streams))  # type: ignore[method-assign]
        await transport.exchange(query(), soon())
        with pytest.raises(NoReply):
            await lost
        await transport.exchange(query(), soon())
        assert [len(each) for each in dummy.connections] == [4]


async def test_an_idle_stream_expires() -> None:
    async with stream_dummy() as dummy, transport_to(dummy.address, Options(expire=0.05)) as transport:
        await transport.exchange(query(), soon())
        await until(lambda: not transport._streams)
        await transport.exchange(query(), soon())
        assert len(dummy.connections) == 2


async def test_a_busy_stream_does_not_expire() -> None:
    async with (
        stream_dummy(lambda asked: [0.15, answer(asked)]) as dummy,
        transport_to(dummy.address, Options(expire=0.02)) as transport,
    ):
        assert addresses_in(await transport.exchange(query(), soon())) == ["192.0.2.1"]
        assert len(dummy.connections) == 1


async def test_a_stream_older_than_max_age_takes_no_more_queries() -> None:
    options = Options(expire=99, max_age=0.05)
    async with stream_dummy() as dummy, transport_to(dummy.address, options) as transport:
        await transport.exchange(query(), soon())
        await asyncio.sleep(0.06)
        await transport.exchange(query(), soon())
        assert len(dummy.connections) == 2


async def test_no_more_idle_streams_are_kept_than_may() -> None:
    script: Script = lambda asked: [0.02, answer(asked)]  # noqa: E731
    async with (
        stream_dummy(script) as dummy,
        transport_to(dummy.address, Options(max_idle_conns=2)) as transport,
    ):
        await asyncio.gather(*[transport.exchange(query(), soon()) for _ in range(6)])
        assert len(dummy.connections) == 6
        await until(lambda: len(transport._streams) == 2)


async def test_a_closed_port_fails_at_once() -> None:
    with closed_port() as address:
        async with transport_to(address, Options(read_timeout=99)) as transport:
            with pytest.raises(Unreachable, match=f"^dial tcp {address}: connect: connection refused$"):
                await transport.exchange(query(), soon())


async def test_opening_a_stream_takes_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DialTimeout, "SHORTEST", 0.05)
    async with transport_to(Address("127.0.0.1", 53)) as transport:

        async def connect(stream: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(transport, "_connect", connect)
        with pytest.raises(Unreachable, match=r"^dial tcp 127\.0\.0\.1:53: i/o timeout$"):
            await transport.exchange(query(), soon())


async def test_a_query_whose_deadline_ends_while_its_stream_opens_fails_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stream_dummy() as dummy, transport_to(dummy.address) as transport:
        gate, connect = asyncio.Event(), transport._connect

        async def later(stream):  # type: ignore[no-untyped-def]
            await gate.wait()
            await connect(stream)

        monkeypatch.setattr(transport, "_connect", later)
        monkeypatch.setattr(streams, "SPREAD", 1)
        patient = asyncio.create_task(transport.exchange(query(), soon()))
        with pytest.raises(NoReply, match=r"^dial tcp .*: i/o timeout$"):
            await transport.exchange(query(), asyncio.get_running_loop().time() + 0.02)
        gate.set()
        assert addresses_in(await patient) == ["192.0.2.1"]


async def test_a_bug_while_dialling_fails_the_query_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with transport_to(Address("127.0.0.1", 53)) as transport:

        async def connect(stream: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr(transport, "_connect", connect)
        with pytest.raises(Closed):
            await transport.exchange(query(), soon())
        await asyncio.sleep(0)
    assert "a task of an upstream failed" in caplog.text and "a bug" in caplog.text


def test_the_dial_timeout_follows_what_dialling_takes() -> None:
    timeout = DialTimeout()
    assert timeout.seconds == 2
    for _ in range(30):
        timeout.observe(0.01)
    assert timeout.seconds == DialTimeout.SHORTEST
    for _ in range(30):
        timeout.observe(5.0)
    assert 9 < timeout.seconds < 10
    for _ in range(30):
        timeout.observe(60.0)
    assert timeout.seconds == DialTimeout.LONGEST


async def test_a_query_that_nobody_waits_for_is_forgotten() -> None:
    async with stream_dummy(silent) as dummy, transport_to(dummy.address) as transport:
        asking = asyncio.create_task(transport.exchange(query(), soon()))
        await until(lambda: dummy.queries)
        asking.cancel()
        await asyncio.wait([asking])
        assert [len(stream) for stream in transport._streams] == [0]


async def test_closing_fails_what_waits() -> None:
    async with stream_dummy(silent) as dummy, transport_to(dummy.address) as transport:
        asking = asyncio.create_task(transport.exchange(query(), soon()))
        await until(lambda: dummy.queries)
        await transport.close()
        with pytest.raises(Closed):
            await asking
        with pytest.raises(Closed):
            await transport.exchange(query(), soon())


async def test_closing_fails_what_waits_for_a_stream_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async with transport_to(Address("127.0.0.1", 53)) as transport:

        async def connect(stream: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(transport, "_connect", connect)
        asking = asyncio.create_task(transport.exchange(query(), soon()))
        await until(lambda: transport._streams)
        await transport.close()
        with pytest.raises(Closed):
            await asking


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def serving(certificate: Path) -> ssl.SSLContext:
    return certificates.serving(certificate)


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate / "cert.pem"))


@pytest.mark.parametrize("name", ["dns.example", ""])
async def test_tls_goes_over_one_stream_whose_name_is_checked(
    serving: ssl.SSLContext, trusting: ssl.SSLContext, name: str
) -> None:
    options = Options(server_name=name)
    async with (
        stream_dummy(tls=serving) as dummy,
        transport_to(dummy.address, options, trusting) as transport,
    ):
        for _ in range(3):
            assert addresses_in(await transport.exchange(query(), soon())) == ["192.0.2.1"]
        assert [len(each) for each in dummy.connections] == [3]


@pytest.mark.parametrize(("name", "trusts"), [("other.example", True), ("dns.example", False)])
async def test_a_certificate_that_proves_nothing_is_an_error(
    serving: ssl.SSLContext, trusting: ssl.SSLContext, name: str, trusts: bool
) -> None:
    context = trusting if trusts else ssl.create_default_context()
    options = Options(server_name=name)
    async with (
        stream_dummy(tls=serving) as dummy,
        transport_to(dummy.address, options, context) as transport,
    ):
        with pytest.raises(Unreachable, match=r"^dial tcp .*: tls: failed to verify certificate: "):
            await transport.exchange(query(), soon())
        assert dummy.queries == []


async def test_a_server_without_tls_is_an_error(trusting: ssl.SSLContext) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"not TLS at all")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        address = Address(*server.sockets[0].getsockname())
        async with transport_to(address, Options(server_name="dns.example"), trusting) as transport:
            with pytest.raises(Unreachable, match=r"^dial tcp .*: tls: "):
                await transport.exchange(query(), soon())


async def test_a_tls_stream_that_is_reset_fails_its_query(
    serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async with (
        stream_dummy(lambda asked: [RST], tls=serving) as dummy,
        transport_to(dummy.address, None, trusting) as transport,
    ):
        with pytest.raises(ConnectionLost):
            await transport.exchange(query(), soon())
