"""Section 4 of the table of answers: headless Services and the names of endpoints."""

import pytest

from tests.answers.cases import ND, NX, Case, check, row
from tests.builders import cluster_ip, endpoints, headless, namespace

CLUSTER = (
    namespace(),
    headless("hl", ports=("http:80/tcp", "https:443/tcp")),
    endpoints("hl", "10.1.0.1", "10.1.0.2 hostname=web-0", "10.1.0.3 unready", ports=("http:80/tcp",)),
    endpoints("hl", "fd00::1", "10.1.0.4", name="hl-2", ports=("http:80/tcp", "https:443/tcp")),
    headless("none"),
    headless("unready"),
    endpoints("unready", "10.1.0.5 unready hostname=a"),
    headless("six"),
    endpoints("six", "fd00::6", "fd00::"),
    headless("shared"),
    endpoints("shared", "10.1.0.6 hostname=a", "10.1.0.7 hostname=a", "10.1.0.8 hostname=b"),
    headless("named"),
    endpoints("named", "10.1.0.9 pod=pod-9", "10.1.0.10 pod=pod-10 hostname=web-1"),
    cluster_ip("svc", "10.96.0.10"),
    endpoints("svc", "10.1.0.11", "10.1.0.12 hostname=member"),
    headless("portless"),
    endpoints("portless", "10.1.0.13", ports=()),
    headless("unnamed"),
    endpoints("unnamed", "10.1.0.14", ports=(":8080/tcp",)),
    headless("big"),
    endpoints("big", *[f"10.1.1.{n} hostname=m{n}" for n in range(1, 7)]),
)

POD_NAMES = {"endpoint_pod_names": True}


@pytest.mark.parametrize(
    "case",
    [
        row(
            "C-55",
            "hl.ns.svc A",
            "hl.ns.svc A 10.1.0.1\nhl.ns.svc A 10.1.0.2\nhl.ns.svc A 10.1.0.4",
            cluster=CLUSTER,
        ),
        row("C-55", "hl.ns.svc AAAA", "hl.ns.svc AAAA fd00::1", cluster=CLUSTER),
        row("C-55 no ports", "portless.ns.svc A", "portless.ns.svc A 10.1.0.13", cluster=CLUSTER),
        row("C-56", "none.ns.svc A", NX, cluster=CLUSTER),
        row("C-56", "unready.ns.svc A", NX, cluster=CLUSTER),
        row("C-56", "unready.ns.svc SRV", NX, cluster=CLUSTER),
        row("C-56", "a.unready.ns.svc A", NX, cluster=CLUSTER),
        row("C-57", "six.ns.svc A", ND, cluster=CLUSTER),
        # publishNotReadyAddresses: the endpoints controller writes ready=true
        row("C-58", "portless.ns.svc A", "portless.ns.svc A 10.1.0.13", cluster=CLUSTER),
        row("C-59 hostname", "web-0.hl.ns.svc A", "web-0.hl.ns.svc A 10.1.0.2", cluster=CLUSTER),
        row("C-59 address", "10-1-0-1.hl.ns.svc A", "10-1-0-1.hl.ns.svc A 10.1.0.1", cluster=CLUSTER),
        row(
            "C-59 pod name",
            "pod-9.named.ns.svc A",
            "pod-9.named.ns.svc A 10.1.0.9",
            cluster=CLUSTER,
            **POD_NAMES,
        ),
        row("C-59 pod name", "10-1-0-9.named.ns.svc A", NX, cluster=CLUSTER, **POD_NAMES),
        row(
            "C-59 hostname before pod name",
            "web-1.named.ns.svc A",
            "web-1.named.ns.svc A 10.1.0.10",
            cluster=CLUSTER,
            **POD_NAMES,
        ),
        row("C-59 without the option", "pod-9.named.ns.svc A", NX, cluster=CLUSTER),
        row("C-60", "fd00--6.six.ns.svc AAAA", "fd00--6.six.ns.svc AAAA fd00::6", cluster=CLUSTER),
        row(
            "C-60 trailing dash", "fd00--0.six.ns.svc AAAA", "fd00--0.six.ns.svc AAAA fd00::", cluster=CLUSTER
        ),
        row("C-60 trailing dash", "fd00--.six.ns.svc AAAA", NX, cluster=CLUSTER),
        row("C-61", "10-1-0-2.hl.ns.svc A", NX, cluster=CLUSTER),
        row(
            "C-62",
            "a.shared.ns.svc A",
            "a.shared.ns.svc A 10.1.0.6\na.shared.ns.svc A 10.1.0.7",
            cluster=CLUSTER,
        ),
        row("C-63", "10-1-0-11.svc.ns.svc A", "10-1-0-11.svc.ns.svc A 10.1.0.11", cluster=CLUSTER),
        row("C-63", "member.svc.ns.svc A", "member.svc.ns.svc A 10.1.0.12", cluster=CLUSTER),
        row(
            "C-64",
            "_http._tcp.hl.ns.svc SRV",
            """_http._tcp.hl.ns.svc SRV 0 25 80 10-1-0-1.hl.ns.svc
            _http._tcp.hl.ns.svc SRV 0 25 80 web-0.hl.ns.svc
            _http._tcp.hl.ns.svc SRV 0 25 80 fd00--1.hl.ns.svc
            _http._tcp.hl.ns.svc SRV 0 25 80 10-1-0-4.hl.ns.svc""",
            """10-1-0-1.hl.ns.svc A 10.1.0.1
            web-0.hl.ns.svc A 10.1.0.2
            fd00--1.hl.ns.svc AAAA fd00::1
            10-1-0-4.hl.ns.svc A 10.1.0.4""",
            cluster=CLUSTER,
        ),
        row(
            "C-64 ports of the slice",
            "_https._tcp.hl.ns.svc SRV",
            """_https._tcp.hl.ns.svc SRV 0 50 443 fd00--1.hl.ns.svc
            _https._tcp.hl.ns.svc SRV 0 50 443 10-1-0-4.hl.ns.svc""",
            "fd00--1.hl.ns.svc AAAA fd00::1\n10-1-0-4.hl.ns.svc A 10.1.0.4",
            cluster=CLUSTER,
        ),
        row(
            "C-64 one endpoint",
            "member.svc.ns.svc SRV",
            "member.svc.ns.svc SRV 0 100 80 member.svc.ns.svc",
            "member.svc.ns.svc A 10.1.0.12",
            cluster=CLUSTER,
        ),
        row(
            "C-64 C-47 one host name",
            "a.shared.ns.svc SRV",
            "a.shared.ns.svc SRV 0 50 80 a.shared.ns.svc",
            "a.shared.ns.svc A 10.1.0.6\na.shared.ns.svc A 10.1.0.7",
            cluster=CLUSTER,
        ),
        row(
            "C-64 unnamed port",
            "unnamed.ns.svc SRV",
            "unnamed.ns.svc SRV 0 100 8080 10-1-0-14.unnamed.ns.svc",
            "10-1-0-14.unnamed.ns.svc A 10.1.0.14",
            cluster=CLUSTER,
        ),
        row("C-64 no ports", "portless.ns.svc SRV", ND, cluster=CLUSTER),
        row("C-64", "_http._tcp.hl.ns.svc MX", ND, cluster=CLUSTER),
        row("C-64 A", "_https._tcp.hl.ns.svc A", "_https._tcp.hl.ns.svc A 10.1.0.4", cluster=CLUSTER),
        row("C-64 wrong protocol", "_http._udp.hl.ns.svc SRV", NX, cluster=CLUSTER),
        row(
            "C-46 six endpoints",
            "_http._tcp.big.ns.svc SRV",
            "\n".join(f"_http._tcp.big.ns.svc SRV 0 16 80 m{n}.big.ns.svc" for n in range(1, 7)),
            "\n".join(f"m{n}.big.ns.svc A 10.1.1.{n}" for n in range(1, 7)),
            cluster=CLUSTER,
        ),
        row("C-65", "web-0.hl.ns.svc A", "web-0.hl.ns.svc A 10.1.0.2", cluster=CLUSTER),
        *[
            row("C-66", question, NX, cluster=CLUSTER, endpoints=False)
            for question in (
                "hl.ns.svc A",
                "web-0.hl.ns.svc A",
                "10-1-0-1.hl.ns.svc A",
                "10-1-0-11.svc.ns.svc A",
                "_http._tcp.hl.ns.svc SRV",
                "_tcp.hl.ns.svc A",
            )
        ],
        row("C-66", "svc.ns.svc A", "svc.ns.svc A 10.96.0.10", cluster=CLUSTER, endpoints=False),
    ],
)
def test_row(case: Case) -> None:
    check(case)
