"""NSD as an oracle: it serves zones in a process of its own, and is asked over UDP, or TCP if that is cut."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from kdns.wire import names
from kdns.wire.messages import build_query
from kdns.wire.names import Name
from tests.beside.programs import free_port
from tests.conftest import find_tool

PATIENCE = 30.0

_CONFIGURATION = """\
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  database: ""
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  server-count: 1
  minimal-responses: no
  refuse-any: no
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
"""

Records = frozenset[tuple[bytes, int, int, bytes]]
"""(folded owner, type, TTL, canonical RDATA)."""


class Answer(NamedTuple):
    """What can be compared of a response. `chain` are the names of the aliases, in their order."""

    rcode: int
    is_authoritative: bool
    chain: tuple[bytes, ...]
    answer: Records
    authority: Records
    additional: Records


class Nsd:
    """A running NSD."""

    def __init__(self, port: int) -> None:
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.connect(("127.0.0.1", port))
        self._datagrams.settimeout(PATIENCE)
        self._port = port
        self._id = 0

    def close(self) -> None:
        self._datagrams.close()

    def ask(self, name: Name, rtype: int) -> Answer:
        self._id = self._id + 1 & 0xFFFF
        query = build_query(self._id, name, rtype)
        self._datagrams.send(query)
        while (octets := self._datagrams.recv(65535))[:2] != query[:2]:
            continue
        response = dns.message.from_wire(octets, one_rr_per_rrset=True)
        if response.flags & dns.flags.TC:
            asked = dns.message.from_wire(query)
            response = dns.query.tcp(asked, "127.0.0.1", PATIENCE, self._port, one_rr_per_rrset=True)
        return read(response)


def read(response: dns.message.Message) -> Answer:
    """Return the answer that a message is, of which each RRset is one record."""
    return Answer(
        int(response.rcode()),
        bool(response.flags & dns.flags.AA),
        tuple(
            rrset.name.canonicalize().to_wire()
            for rrset in response.answer
            if rrset.rdtype == dns.rdatatype.CNAME
        ),
        *(
            frozenset(
                (rrset.name.canonicalize().to_wire(), int(rrset.rdtype), rrset.ttl, rrset[0].to_digestable())
                for rrset in section
            )
            for section in (response.answer, response.authority, response.additional)
        ),
    )


@contextlib.contextmanager
def serving(zones: Mapping[Name, str], folder: Path) -> Iterator[Nsd]:
    """Serve master files by their origins until the block ends."""
    port, lines = free_port(), []
    for number, (origin, text) in enumerate(zones.items()):
        (folder / f"{number}.zone").write_text(text)
        lines.append(f'zone:\n  name: "{names.to_text(origin)}"\n  zonefile: "{number}.zone"\n')
    configuration, log = folder / "nsd.conf", folder / "nsd.log"
    configuration.write_text(_CONFIGURATION.format(port=port, folder=folder) + "".join(lines))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [find_tool("nsd"), "-d", "-c", str(configuration)], stdout=output, stderr=output
        )
    server = Nsd(port)
    try:
        deadline = time.monotonic() + PATIENCE
        while "nsd started" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.01)
        assert "error" not in log.read_text(), log.read_text()
        yield server
    finally:
        server.close()
        process.terminate()
        process.wait()
