"""Zone transfers from a whole server in this process: nobody else waits, and each is of one moment."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import dns.message

from kdns.cluster.events import Applied
from kdns.cluster.state import ClusterState
from kdns.servers.addresses import parse_listen
from kdns.servers.binding import bind_all
from kdns.servers.limits import Quota
from kdns.servers.tcp import TcpListener
from tests.app.generations import generation
from tests.builders import SERIAL, build_query, cluster_ip, namespace, state_of

COREFILE = ". {\n kubernetes cluster.local\n transfer {\n  to *\n }\n}"
SERVICES = 33_334
"""Three records each."""
CHANGED = "10.200.0.1"


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    def ask(self, name: str, qtype: str) -> None:
        packet = build_query(name, qtype).to_wire()
        self.writer.write(len(packet).to_bytes(2, "big") + packet)

    async def receive(self) -> bytes:
        length = int.from_bytes(await self._reader.readexactly(2), "big")
        return await self._reader.readexactly(length)

    async def records(self, least: int) -> list[bytes]:
        """Receive messages until they have so many records."""
        messages = list[bytes]()
        while sum(int.from_bytes(each[6:8], "big") for each in messages) < least:
            messages.append(await self.receive())
        return messages


@contextlib.asynccontextmanager
async def serving(state: ClusterState) -> AsyncIterator[TcpListener]:
    async with generation(COREFILE, state) as made:
        udp, tcp = bind_all(parse_listen("127.0.0.1:0"))
        udp.close()
        [responder] = made.responders.values()
        listener = TcpListener(tcp, responder.respond, Quota())
        await listener.start()
        yield listener
        listener.close()
        await asyncio.sleep(0.01)


async def connect(listener: TcpListener) -> Client:
    return Client(*await asyncio.open_connection(*listener.address, limit=1 << 20))


async def test_queries_and_events_go_on_while_100_000_records_are_transferred() -> None:
    now = SERIAL
    services = (cluster_ip(f"svc-{n}", f"10.96.{n >> 8}.{n & 255}") for n in range(SERVICES))
    state = state_of(namespace(), *services, clock=lambda: now)
    now += 10
    async with serving(state) as listener:
        secondary, other = await connect(listener), await connect(listener)
        secondary.ask("cluster.local.", "AXFR")
        transfer = asyncio.create_task(secondary.records(3 * SERVICES + 3))  # SOA, NS, SOA; and glue
        answers = 0
        while not transfer.done():
            other.ask(f"svc-{answers}.ns.svc.cluster.local.", "A")
            assert dns.message.from_wire(await other.receive()).answer
            state.apply(Applied(cluster_ip(f"svc-{answers}", CHANGED)))
            now += 1
            answers += 1
        octets = b"".join(await transfer)
        for client in (secondary, other):
            client.writer.close()
    assert answers > 50, "they did not wait"
    assert octets.count(b"\0\1\0\1\0\0\0\5\0\4\x0a\x60") == SERVICES, "each as it was at the beginning"
    assert bytes(map(int, CHANGED.split("."))) not in octets
    assert SERIAL.to_bytes(4, "big") in octets
