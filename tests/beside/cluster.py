"""The cluster about which both servers are asked: the demo's objects, and one of everything special.

Objects are the API server's JSON, with its defaults filled in. Nothing here knows kdns.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from tests.apiserver.builders import (
    Object,
    changed,
    endpoint_slice,
    external,
    headless,
    namespace,
    pod,
    service,
)
from tests.apiserver.resources import BY_KIND

DEMO = Path(__file__).parents[2] / "kdns" / "demo"

MANY = 120
"""How many endpoints the largest headless Service has: more than fit into a datagram of 1232 octets."""

HIDDEN = "hidden"
"""A Service that is only the target of another one. Nobody asks for it: it would be told from a cache."""

ALL_PROTOCOLS = ("http:80/tcp", "https:443/tcp", "gossip:7946/udp", "tunnel:9899/sctp")
DNS = ("dns:53/udp", "dns-tcp:53/tcp", "metrics:9153/tcp")
TWO = ("http:8080/tcp", "metrics:9090/tcp")


def objects() -> Iterator[Object]:
    """Give all objects that are the same on every machine."""
    yield from demo()
    for name in ("shop", "team-a", "empty", "svc", "pod"):
        yield namespace(name)
    yield from cluster_ips()
    yield from headless_services()
    yield from hand_made()
    yield from external_names()
    yield from pods()


def own_slice(address: str) -> Object:
    """Return the endpoint of kube-dns by which a server at this address finds its own Service."""
    return endpoint_slice("kube-system/kube-dns", f"{address} pod=dns-1", name="kube-dns-own", ports=DNS)


def demo() -> Iterator[Object]:
    """Give the objects of `kdns/demo` with what an API server and its controllers add to them."""
    for path in sorted(DEMO.glob("*.yaml")):
        for obj in yaml.safe_load_all(path.read_text()):
            if obj["kind"] in BY_KIND:
                yield _completed(obj)
    yield endpoint_slice("default/external-db", "192.168.1.1", ports=("postgres:5432/tcp",))


def _completed(obj: Any) -> Object:
    spec = obj.get("spec", {})
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
    if obj["kind"] == "Service" and "clusterIP" in spec:
        spec["clusterIPs"] = [spec["clusterIP"]]
    completed: Object = obj
    return completed


def cluster_ips() -> Iterator[Object]:
    yield service("shop/web", "10.96.1.1")
    yield endpoint_slice("shop/web", "10.1.1.1 pod=web-1", "10.1.1.2 pod=web-2 unready")
    yield service("shop/dual", "10.96.1.2", "fd00:10:96::2", ports=("http:80/tcp", "dns:53/udp"))
    yield service("shop/six", "fd00:10:96::6")
    yield endpoint_slice("shop/six", "fd00:10:1::6", "fd00:10:1::")
    yield service("shop/ports", "10.96.1.3", ports=ALL_PROTOCOLS)
    yield service("shop/unnamed", "10.96.1.4", ports=(":80/tcp",))
    yield service("shop/portless", "10.96.1.5", ports=())
    yield service("shop/same-port", "10.96.1.6", ports=("dns:53/udp", "dns-tcp:53/tcp"))
    yield service("shop/named", "10.96.1.7")
    yield endpoint_slice("shop/named", "10.1.1.7 hostname=one", "10.1.1.8 hostname=two", "10.1.1.9")
    yield service("shop/published", "10.96.1.8", externalIPs=["192.0.2.80"])
    yield service("team-a/web", "10.96.2.1")
    yield service("svc/svc", "10.96.3.1")
    yield service("pod/pod", "10.96.3.2")
    yield service("shop/dns-version", "10.96.3.3")
    yield service("shop/ns", "10.96.3.4")
    yield service("shop/tcp", "10.96.3.5", ports=("udp:80/tcp",))
    yield service("shop/10-1-1-1", "10.96.3.6")


def headless_services() -> Iterator[Object]:
    yield headless("shop/db", ports=("sql:5432/tcp",))
    yield endpoint_slice(
        "shop/db",
        "10.1.2.1 hostname=db-0 pod=db-0",
        "10.1.2.2 hostname=db-1 pod=db-1",
        "10.1.2.3 hostname=db-2 pod=db-2 unready",
        ports=("sql:5432/tcp",),
    )
    yield headless("shop/plain", ports=TWO)
    yield endpoint_slice("shop/plain", "10.1.3.1 pod=plain-a", "10.1.3.2 pod=plain-b", ports=TWO)
    yield endpoint_slice("shop/plain", "10.1.3.3 pod=plain-c", name="plain-2", ports=TWO)
    yield headless("shop/twins")
    yield endpoint_slice("shop/twins", "10.1.4.1 hostname=twin", "10.1.4.2 hostname=twin")
    yield headless("shop/both")
    yield endpoint_slice("shop/both", "10.1.5.1 hostname=b-0", "10.1.5.2 hostname=b-1")
    yield endpoint_slice(
        "shop/both", "fd00:10:1::5:1 hostname=b-0", "fd00:10:1::5:2 hostname=b-1", name="both-6"
    )
    yield headless("shop/only-six")
    yield endpoint_slice("shop/only-six", "fd00:10:1::7:1", "fd00:10:1:7::")
    yield headless("shop/nobody")
    yield headless("shop/unready")
    yield endpoint_slice("shop/unready", "10.1.6.1 hostname=u-0 unready", "10.1.6.2 unready")
    yield headless("shop/early", publishNotReadyAddresses=True)
    yield endpoint_slice("shop/early", "10.1.6.3 hostname=e-0", "10.1.6.4")
    yield headless("shop/no-ports", ports=())
    yield endpoint_slice("shop/no-ports", "10.1.7.1 hostname=n-0", "10.1.7.2", ports=())
    yield headless("shop/no-name", ports=(":6379/tcp",))
    yield endpoint_slice("shop/no-name", "10.1.7.3", "10.1.7.4", ports=(":6379/tcp",))
    yield headless("shop/ten")
    yield endpoint_slice("shop/ten", *(f"10.1.8.{each}" for each in range(10, 20)))
    yield headless("shop/many")
    many = [f"10.1.9.{each} hostname=m-{each:03}" for each in range(MANY)]
    yield endpoint_slice("shop/many", *many[:50], name="many-1")
    yield endpoint_slice("shop/many", *many[50:], name="many-2")
    yield headless("team-a/db", ports=("sql:5432/tcp",))
    yield endpoint_slice("team-a/db", "10.1.2.1 hostname=db-0", ports=("sql:5432/tcp",))


def hand_made() -> Iterator[Object]:
    """Give slices that no controller would write."""
    yield service("shop/legacy", "10.96.4.1", ports=("sql:1521/tcp",))
    yield endpoint_slice("shop/legacy", "198.51.100.7 hostname=oracle", ports=("sql:1521/tcp",))
    yield endpoint_slice("shop/orphan", "198.51.100.8", name="of-no-service")
    yield headless("shop/conditions")
    built = endpoint_slice("shop/conditions", *(f"10.1.10.{each} hostname=c-{each}" for each in range(1, 6)))
    conditions = ({}, {"ready": None}, {"ready": False, "serving": True, "terminating": True})
    conditions += ({"ready": True, "terminating": True, "serving": True}, {"ready": False, "serving": True})
    for endpoint, condition in zip(built["endpoints"], conditions, strict=True):
        endpoint["conditions"] = condition
    yield built
    yield headless("shop/multi-address")
    built = endpoint_slice("shop/multi-address", "10.1.11.1 hostname=a")
    built["endpoints"][0]["addresses"] += ["10.1.11.2", "10.1.11.3"]
    yield built
    yield headless("shop/by-fqdn")
    yield endpoint_slice("shop/by-fqdn", "db.outside.example") | {"addressType": "FQDN"}
    yield headless("shop/null-ports")
    yield endpoint_slice("shop/null-ports", "10.1.12.1", "10.1.12.2") | {"ports": None}
    yield headless("shop/other-ports", ports=("http:80/tcp",))
    yield endpoint_slice("shop/other-ports", "10.1.13.1", ports=("http:8080/tcp",), name="op-1")
    yield endpoint_slice("shop/other-ports", "10.1.13.2", ports=("http:9090/tcp", "x:1/udp"), name="op-2")
    yield headless("shop/moved")
    yield changed(endpoint_slice("shop/gone", "10.1.14.1"), labels={"kubernetes.io/service-name": "moved"})
    yield headless("shop/service-ip")
    yield endpoint_slice("shop/service-ip", "10.96.1.1 hostname=loop")


def external_names() -> Iterator[Object]:
    targets = {
        "out": "one.ext.example",
        "out-dot": "dot.ext.example.",
        "out-upper": "Upper.Ext.Example",
        "out-chain": "chain.ext.example",
        "out-missing": "missing.ext.example",
        "out-nodata": "nodata.ext.example",
        "out-fail": "servfail.ext.example",
        "out-refused": "refused.ext.example",
        "out-many": "many.ext.example",
        "out-text": "text.ext.example",
        "in": "web.shop.svc.cluster.local",
        "in-upper": "Web.Shop.SVC.Cluster.Local",
        "in-dual": "dual.shop.svc.cluster.local",
        "in-headless": "db.shop.svc.cluster.local.",
        "in-endpoint": "db-0.db.shop.svc.cluster.local.",
        "in-pod": "10-9-8-7.shop.pod.cluster.local",
        "in-missing": "missing.shop.svc.cluster.local",
        "in-unready": "unready.shop.svc.cluster.local",
        "in-namespace": "shop.svc.cluster.local",
        "in-apex": "cluster.local",
        "in-port": "_http._tcp.web.shop.svc.cluster.local",
        "in-reverse": "77.1.96.10.in-addr.arpa",
        "in-out": f"{HIDDEN}.shop.svc.cluster.local",
        HIDDEN: "second.ext.example",
        "out-in-out": "in-out.ext.example",
        "self": "self.shop.svc.cluster.local",
        "ping": "pong.shop.svc.cluster.local",
        "pong": "ping.shop.svc.cluster.local",
        "literal": "192.0.2.44",
        "literal-six": "2001:db8::44",
        "short": "web",
    }
    chained = {f"step-{each}": f"step-{each + 1}.shop.svc.cluster.local" for each in range(12)}
    steps = chained | {"step-12": "web.shop.svc.cluster.local"}
    for name, target in chain(targets.items(), steps.items()):
        yield external(f"shop/{name}", target)


def pods() -> Iterator[Object]:
    yield pod("shop/web-1", "10.1.1.1")
    yield pod("shop/two-addresses", "10.1.20.1", "fd00:10:1::20:1")
    yield pod("shop/done", "10.1.20.2", phase="Succeeded")
    yield pod("shop/pending", phase="Pending")
