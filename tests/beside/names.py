"""Names to ask for that no object has: of the zone itself, wrong ones, and such as only look like others.

Those of the cluster are written relative to its domain.
"""

ZONE = "cluster.local."
"""The cluster domain."""


def _names(text: str, parent: str = "") -> tuple[str, ...]:
    """Read names, `@` for the parent itself, and complete them with their parent and the zone."""
    return tuple(f"{parent}{ZONE}" if each == "@" else f"{each}.{parent}{ZONE}" for each in text.split())


APEX = _names(
    """
    @ svc pod dns ns.dns x.ns.dns dns-version x.dns-version foo default x.foo * svc.svc x.dns shop.svc
    empty.svc svc.svc pod.svc nowhere.svc any.svc *.svc kube-system.svc shop.pod empty.pod pod.pod
    nowhere.pod *.pod
    """
)

SERVICES = _names(
    """
    missing.shop *.shop any.shop web.nowhere x.web.nowhere _http._tcp.web.nowhere a.b.c.web.shop
    a.b.c.d.web.shop a.b.c.db.shop x._http._tcp.web.shop _http._tcp.x.web.shop _http._tcp.db-0.db.shop
    _sql._tcp.db-0.db.shop web.shop.svc _http._tcp.missing.shop http.tcp.web.shop _._.web.shop
    _http._.web.shop _._tcp.web.shop _tcp.web.shop _http._udp.web.shop _x._tcp.web.shop
    _HTTP._TCP.web.shop __http.__tcp.web.shop _dns._udp.dual.shop _gossip._udp.ports.shop
    _tunnel._sctp.ports.shop _sctp.ports.shop _udp.ports.shop _tcp.ports.shop _udp.web.shop _tcp.db.shop
    _tcp.unnamed.shop _x.web.shop _http.web.shop http.web.shop tcp.web.shop _tcp.tcp.shop tcp.tcp.shop
    _udp._tcp.tcp.shop _tcp.missing.shop _tcp.in.shop _http._tcp.in.shop x.in.shop x.out.shop
    _tcp.portless.shop _tcp.nobody.shop _tcp.unready.shop _sql._tcp.legacy.shop _tcp.no-name.shop
    _._tcp.no-name.shop 10-1-1-1.web.shop 10-1-1-2.web.shop one.named.shop 10-1-1-9.named.shop
    10-1-1-7.named.shop oracle.legacy.shop 198-51-100-7.legacy.shop 198-51-100-8.orphan.shop orphan.shop
    gone.shop fd00-10-1--6.six.shop fd00-10-1--0.six.shop fd00-10-1--.six.shop
    fd00-10-1-7--0.only-six.shop xn--bcher-kva.shop web-.shop w_b.shop web.shop.extra web.shop,x
    10-1-1-1.shop
    """,
    parent="svc.",
)
"""Services, their ports and endpoints: most of them are not there."""

PODS = _names(
    """
    10-1-1-1.shop 10-9-9-9.shop 10-1-1-1.empty 10-1-1-1.nowhere 10-1-20-2.shop x.10-1-1-1.shop
    a.b.10-1-1-1.shop _http._tcp.10-1-1-1.shop 10-1-1.shop 10-1-1-256.shop 10-1-1-01.shop fd00--1.shop
    fd00-10-1--20-1.shop --1.shop --ffff-10-1-1-1.shop --ffff-a01-101.shop --.shop 1-2-3-4-5-6-7-8.shop
    1-2-3-4-5-6-7.shop g--1.shop web-1.shop 10.1.1.1.shop FD00--A.shop x.fd00--1.shop *.shop
    10--1-1.shop 10-1--1-1.shop x.web-1.shop fd00--1.nowhere
    """,
    parent="pod.",
)

REVERSE_ADDRESSES = ("10.1.20.1", "10.99.99.99", "192.0.2.80", "fd00:10:1::99", "203.0.113.1")

REVERSE = (
    *("in-addr.arpa.", "ip6.arpa.", "10.in-addr.arpa.", "0.d.f.ip6.arpa.", "x.1.1.96.10.in-addr.arpa."),
    *("svc.in-addr.arpa.", "shop.svc.in-addr.arpa.", "web.shop.svc.in-addr.arpa.", "dns.in-addr.arpa."),
    *("ns.dns.in-addr.arpa.", "dns-version.in-addr.arpa.", "dns.ip6.arpa.", "ns.dns.ip6.arpa."),
    *("10-1-1-1.shop.pod.in-addr.arpa.", "256.1.1.10.in-addr.arpa.", "1.1.096.10.in-addr.arpa."),
)
