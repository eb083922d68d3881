"""NSD and Knot as secondaries of a kdns on 127.0.0.1, and zones as sets of records."""

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import dns.exception
import dns.query
import dns.rdatatype
import dns.zone

from tests.cli.servers import KDNS
from tests.conftest import find_tool

PATIENCE = 60.0
"""Seconds after which what should have come never will."""

_NSD = """
server:
    ip-address: 127.0.0.1
    port: {port}
    username: ""
    zonesdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    pidfile: ""
    database: ""
    server-count: 1
    verbosity: 2
remote-control:
    control-enable: no
"""
_NSD_ZONE = """
zone:
    name: "{zone}"
    request-xfr: 127.0.0.1@{primary} NOKEY
    allow-notify: 127.0.0.1 NOKEY
    provide-xfr: 127.0.0.1 NOKEY
"""
_KNOT = """
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
database:
    storage: {folder}
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: {folder}
remote:
  - id: primary
    address: 127.0.0.1@{primary}
acl:
  - id: here
    address: 127.0.0.1
    action: [notify, transfer]
zone:
"""
_KNOT_ZONE = """\
  - domain: {zone}
    master: primary
    acl: here
"""


def nsd(folder: Path, port: int, primary: int, zones: Sequence[str]) -> list[str]:
    """Return the command of an NSD at `port` that takes these zones over from `primary`."""
    text = _NSD.format(port=port, folder=folder)
    text += "".join(_NSD_ZONE.format(zone=zone, primary=primary) for zone in zones)
    (folder / "nsd.conf").write_text(text)
    return [find_tool("nsd"), "-d", "-c", str(folder / "nsd.conf")]


def knot(folder: Path, port: int, primary: int, zones: Sequence[str]) -> list[str]:
    """Return the command of a Knot at `port` that takes these zones over from `primary`."""
    text = _KNOT.format(port=port, folder=folder, primary=primary)
    text += "".join(_KNOT_ZONE.format(zone=zone) for zone in zones)
    (folder / "knot.conf").write_text(text)
    return [find_tool("knotd"), "-c", str(folder / "knot.conf")]


@contextlib.contextmanager
def secondary(command: Sequence[str], log: Path) -> Iterator[None]:
    """Run a secondary until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait()


def records_of(port: int, zone: str, rdtype: str = "AXFR") -> frozenset[str]:
    """Return the records of a zone but its SOA, by transfer from 127.0.0.1; none if there is no transfer."""
    found = set[str]()
    with contextlib.suppress(dns.exception.DNSException, OSError):
        for message in dns.query.xfr("127.0.0.1", zone, rdtype, port=port, relativize=False, lifetime=30):
            found |= {
                f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}"
                for rrset in message.answer
                for rdata in rrset
                if rrset.rdtype != dns.rdatatype.SOA
            }
        return frozenset(found)
    return frozenset()


def exported(manifests: Path) -> frozenset[str]:
    """Return the records, but the SOA, of what `kdns export` prints."""
    command = [KDNS, "export", "--cluster", manifests, "--ttl", "5"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
    return _records(text, "cluster.local.")


def written(path: Path, zone: str) -> frozenset[str]:
    """Return the records, but the SOA, of a master file."""
    return _records(path.read_text(), zone)


def _records(text: str, zone: str) -> frozenset[str]:
    read = dns.zone.from_text(text, zone, relativize=False)
    return frozenset(
        f"{name} {ttl} {dns.rdatatype.to_text(rdata.rdtype)} {rdata}"
        for name, ttl, rdata in read.iterate_rdatas()
        if rdata.rdtype != dns.rdatatype.SOA
    )


def await_records(port: int, zone: str, expected: frozenset[str], log: Path) -> None:
    """Wait until a zone at 127.0.0.1 has these records; where it never has, say which, and show the log."""
    deadline = time.monotonic() + PATIENCE
    while found := records_of(port, zone) ^ expected:
        assert time.monotonic() < deadline, f"{zone}: {sorted(found)}\n{log.read_text()}"
        time.sleep(0.1)
