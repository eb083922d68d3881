"""Section 5 of the table of answers: Pod records."""

import pytest

from tests.answers.cases import ND, NX, Case, check, row
from tests.builders import namespace, pod

CLUSTER = (
    namespace(),
    namespace("other"),
    pod("one", "10.1.0.1", "fd00::1"),
    pod("other/two", "10.1.0.2"),
    pod("six", "fd00::6"),
)
VERIFIED = {"pods": "verified"}


@pytest.mark.parametrize(
    "case",
    [
        row("C-70", "10-1-2-3.ns.pod A", "10-1-2-3.ns.pod A 10.1.2.3", cluster=CLUSTER),
        row("C-70", "10-1-2-3.nons.pod A", NX, cluster=CLUSTER),
        row("C-70 disabled", "10-1-2-3.ns.pod A", NX, cluster=CLUSTER, pods="disabled"),
        row("C-71", "fd00--1.ns.pod AAAA", "fd00--1.ns.pod AAAA fd00::1", cluster=CLUSTER),
        row(
            "C-71 not canonical",
            "fd00-0-0-0-0-0-0-1.ns.pod AAAA",
            "fd00-0-0-0-0-0-0-1.ns.pod AAAA fd00::1",
            cluster=CLUSTER,
        ),
        row(
            "C-71 three dashes, two of them together",
            "1--2-3.ns.pod AAAA",
            "1--2-3.ns.pod AAAA 1::2:3",
            cluster=CLUSTER,
        ),
        row("C-71 all zero", "--.ns.pod AAAA", "--.ns.pod AAAA ::", cluster=CLUSTER),
        row("C-72", "web-0.ns.pod A", NX, cluster=CLUSTER),
        row("C-72", "10-1-2-300.ns.pod A", NX, cluster=CLUSTER),
        row("C-72", "10-1-2-03.ns.pod A", NX, cluster=CLUSTER),
        row("C-72", "10-1-2.ns.pod A", NX, cluster=CLUSTER),
        row("C-72 other family", "10-1-2-3.ns.pod AAAA", ND, cluster=CLUSTER),
        row("C-72 other family", "fd00--1.ns.pod A", ND, cluster=CLUSTER),
        row("C-72 other type", "10-1-2-3.ns.pod TXT", ND, cluster=CLUSTER),
        row("C-73", "10-1-0-1.ns.pod A", "10-1-0-1.ns.pod A 10.1.0.1", cluster=CLUSTER, **VERIFIED),
        row("C-73", "fd00--6.ns.pod AAAA", "fd00--6.ns.pod AAAA fd00::6", cluster=CLUSTER, **VERIFIED),
        row("C-73 other family", "10-1-0-1.ns.pod AAAA", ND, cluster=CLUSTER, **VERIFIED),
        row("C-73 unknown", "10-1-2-3.ns.pod A", NX, cluster=CLUSTER, **VERIFIED),
        row("C-73 wrong namespace", "10-1-0-1.other.pod A", NX, cluster=CLUSTER, **VERIFIED),
        row("C-73 secondary family", "fd00--1.ns.pod AAAA", NX, cluster=CLUSTER, **VERIFIED),
        row("C-73 not canonical", "fd00-0-0-0-0-0-0-6.ns.pod AAAA", NX, cluster=CLUSTER, **VERIFIED),
    ],
)
def test_row(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    "case",
    [
        row("C-74", "x.10-1-2-3.ns.pod A", NX, cluster=CLUSTER),
        row("C-74", "_http._tcp.10-1-2-3.ns.pod A", NX, cluster=CLUSTER),
        row("C-74", "_._.10-1-2-3.ns.pod A", NX, cluster=CLUSTER),
        row("C-74", "a.b.c.10-1-2-3.ns.pod A", NX, cluster=CLUSTER),
        row("C-74 verified", "x.10-1-0-1.ns.pod A", NX, cluster=CLUSTER, **VERIFIED),
    ],
)
def test_c74_differs_nothing_is_below_a_pod_name(case: Case) -> None:
    """CoreDNS ignores further labels and answers."""
    check(case)


@pytest.mark.parametrize(
    "case",
    [
        row("C-75", "10-1-2-3.ns.pod SRV", ND, cluster=CLUSTER),
        row("C-75 verified", "10-1-0-1.ns.pod SRV", ND, cluster=CLUSTER, **VERIFIED),
    ],
)
def test_c75_differs_srv_at_a_pod_name_is_nodata(case: Case) -> None:
    """CoreDNS gives an accidental SRV with port 0."""
    check(case)
