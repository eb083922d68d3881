"""Secondaries take over the cluster's zone and a static one from a running kdns, and follow both by NOTIFY.

The zones' refresh intervals are hours: what they learn in a minute they have been told.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from kdns.demo import DEMO_PATH
from tests.app.secondaries import await_records, exported, knot, nsd, records_of, secondary, written
from tests.builders import build_query
from tests.cli.servers import free_port, running

ZONES = ("cluster.local.", "example.org.")

COREFILE = """
cluster.local:{port} example.org:{port} 10.in-addr.arpa:{port} {{
    bind 127.0.0.1
    errors
    kubernetes cluster.local 10.in-addr.arpa
    file {folder}/example.org example.org {{
        reload 1s
    }}
    transfer {{
        to {to}
    }}
}}
"""
STATIC = """$ORIGIN example.org.
$TTL 3600
@ SOA ns hostmaster {serial} 7200 1800 86400 30
@ NS ns
ns A 192.0.2.1
* TXT "anything" "else"
sub NS ns.sub
ns.sub AAAA 2001:db8::1
{more}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: fresh, namespace: default}
spec: {clusterIP: 10.96.77.77, ports: [{name: http, port: 80}]}
"""


class Primary(NamedTuple):
    """A running kdns, and what it serves."""

    port: int
    folder: Path

    @property
    def manifests(self) -> Path:
        return self.folder / "cluster"

    def write(self, serial: int, more: str = "") -> None:
        (self.folder / "example.org").write_text(STATIC.format(serial=serial, more=more))

    def expected(self) -> dict[str, frozenset[str]]:
        """Return what a secondary should have of each zone."""
        static = written(self.folder / "example.org", "example.org.")
        return {"cluster.local.": exported(self.manifests), "example.org.": static}


@contextlib.contextmanager
def primary(folder: Path, to: str) -> Iterator[Primary]:
    """Run a kdns that serves both zones, to `to`."""
    made = Primary(free_port(), folder)
    made.manifests.mkdir()
    for manifest in DEMO_PATH.glob("*.yaml") if DEMO_PATH.is_dir() else [DEMO_PATH]:
        shutil.copy(manifest, made.manifests)
    made.write(1)
    corefile = folder / "Corefile"
    corefile.write_text(COREFILE.format(port=made.port, folder=folder, to=to))
    with running(folder, made.port, "-conf", corefile, "-cluster", made.manifests):
        yield made


Command = Callable[[Path, int, int, Sequence[str]], list[str]]


@pytest.mark.parametrize("command", [nsd, knot], ids=["nsd", "knot"])
def test_a_secondary_takes_over_the_zones_and_follows_their_changes(command: Command, tmp_path: Path) -> None:
    port, log, folder = free_port(), tmp_path / "secondary.log", tmp_path / "secondary"
    folder.mkdir()
    with primary(tmp_path, f"127.0.0.1:{port}") as kdns:
        zones = [zone.rstrip(".") for zone in ZONES]
        with secondary(command(folder, port, kdns.port, zones), log):

            def await_all() -> None:
                for zone, records in kdns.expected().items():
                    await_records(port, zone, records, log)

            await_all()
            (kdns.manifests / "fresh.yaml").write_text(SERVICE)
            kdns.write(2, "www A 192.0.2.80")
            await_all()
            assert any("10.96.77.77" in record for record in records_of(port, "cluster.local."))
            (kdns.manifests / "fresh.yaml").unlink()
            kdns.write(3)
            await_all()
            assert not any("10.96.77.77" in record for record in records_of(port, "cluster.local."))


def test_a_transfer_equals_what_is_exported(tmp_path: Path) -> None:
    with primary(tmp_path, "*") as kdns:
        expected = kdns.expected()
        for zone in ZONES:
            await_records(kdns.port, zone, expected[zone], tmp_path / "kdns.log")
        for name, rcode in (("10.in-addr.arpa.", "REFUSED"), ("default.svc.cluster.local.", "REFUSED")):
            response = dns.query.tcp(build_query(name, "AXFR"), "127.0.0.1", 5, kdns.port)
            assert dns.rcode.to_text(response.rcode()) == rcode, name
        response = dns.query.udp(build_query(ZONES[0], "AXFR"), "127.0.0.1", 5, kdns.port)
        assert response.rcode() == dns.rcode.REFUSED


def test_others_than_the_secondaries_are_refused(tmp_path: Path) -> None:
    with primary(tmp_path, "192.0.2.1") as kdns:
        for zone in ZONES:
            response = dns.query.tcp(build_query(zone, "AXFR"), "127.0.0.1", 5, kdns.port)
            assert (response.rcode(), response.answer) == (dns.rcode.REFUSED, [])
