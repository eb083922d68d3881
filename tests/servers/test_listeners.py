import asyncio

import pytest

from kdns.servers import mmsg
from kdns.servers.addresses import ListenAddress, parse_listen
from kdns.servers.binding import ListenError
from kdns.servers.listeners import Listener, open_listeners
from tests.servers.script import Script, receive, udp_client


async def ask_both(listeners: list[Listener]) -> list[bytes]:
    """Ask over UDP and TCP, at the first listener's port."""
    port = listeners[0].address[1]
    with udp_client(("127.0.0.1", port)) as client:
        client.send(b"a")
        over_udp = await receive(client)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x00\x01a")
    over_tcp = await reader.readexactly(6)
    writer.close()
    return [over_udp, over_tcp]


@pytest.mark.parametrize("batched", [None, False])
@pytest.mark.parametrize("text", ["127.0.0.1:0", ":0"])
async def test_an_address_is_served_over_udp_and_tcp_on_one_port(text: str, batched: bool | None) -> None:
    listeners = await open_listeners(parse_listen(text), Script().respond, batched=batched)
    assert await ask_both(listeners) == [b"re a", b"\x00\x04re a"]
    for listener in listeners:
        await listener.drain(1.0)


async def test_without_recvmmsg_udp_is_served_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmsg, "recvmmsg", None)
    listeners = await open_listeners(parse_listen("127.0.0.1:0"), Script().respond)
    assert type(listeners[0]).__name__ == "PlainUdpListener"
    assert await ask_both(listeners) == [b"re a", b"\x00\x04re a"]
    for listener in listeners:
        listener.close()


async def test_a_second_server_on_the_same_port_is_told_so() -> None:
    listeners = await open_listeners(parse_listen("127.0.0.1:0"), Script().respond)
    with pytest.raises(ListenError, match="another program"):
        await open_listeners(ListenAddress(*listeners[0].address), Script().respond)
    for listener in listeners:
        listener.close()
