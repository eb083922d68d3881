"""A small cluster in which everything collides: few names, few addresses, every kind of object and question.

Everything is drawn from a `random.Random`, so that a seed is a whole history; Hypothesis may supply it.
"""

import struct
from collections.abc import Callable, Sequence
from random import Random

from kdns.cluster.events import Applied, Deleted, WatchEvent
from kdns.cluster.objects import (
    DnsConfig,
    Endpoint,
    EndpointSlice,
    Namespace,
    Pod,
    Port,
    Service,
    ServiceKind,
    key_of,
)
from kdns.records.options import RecordOptions
from kdns.wire import codes
from kdns.wire.names import Name, from_text
from tests.builders import reverse_name

NAMESPACES = ("ns", "two")
SERVICES = ("web", "db", "dns")
OWN = "10.0.0.53"
ADDRESSES = ("10.0.0.1", "10.0.0.2", OWN, "fd00::1")
PORTS = (
    (),
    (Port("http", 80, "tcp"),),
    (Port("", 80, "tcp"),),
    (Port("http", 80, "tcp"), Port("dns", 53, "udp"), Port("dns-tcp", 53, "tcp")),
)
ZONE = "cluster.local."
TARGETS = (
    *(f"{service}.{namespace}.svc.{ZONE}" for service in SERVICES for namespace in NAMESPACES),
    "Web.NS.svc.Cluster.Local",
    f"a.web.ns.svc.{ZONE}",
    f"10-0-0-1.ns.pod.{ZONE}",
    f"nothing.two.svc.{ZONE}",
    f"ns.dns.{ZONE}",
    ZONE,
    "www.example.com",
    "gone.example.com.",
    "elsewhere.test.",
    "outside.example.com.",
    *(map(reverse_name, ("10.0.0.1", "10.0.0.9", "fd00::1"))),
    "in-addr.arpa.",
    "www.example.com",
    "192.0.2.1",
    "a..b",
)

_BELOW_SERVICE = ("", "a.", "b.", "pod-1.", "10-0-0-1.", "10-0-0-2.", "fd00--1.")
_PORTS = ("_http._tcp.", "_dns._udp.", "http.tcp.", "_._.", "_tcp.", "_udp.", "_dns-tcp._tcp.", "x.y.z.")
NAMES = (
    *(
        f"{label}{service}.{namespace}.svc.{ZONE}"
        for label in (*_BELOW_SERVICE, *_PORTS)
        for service in SERVICES
        for namespace in NAMESPACES
    ),
    *(
        f"{address}.{namespace}.pod.{ZONE}"
        for address in ("10-0-0-1", "10-0-0-2", "fd00--1", "x.10-0-0-1")
        for namespace in NAMESPACES
    ),
    *(f"{namespace}.{branch}.{ZONE}" for namespace in (*NAMESPACES, "none") for branch in ("svc", "pod")),
    *(
        f"{label}{ZONE}"
        for label in ("", "", "svc.", "pod.", "dns.", "ns.dns.", "ns.dns.", "dns-version.", "x.")
    ),
    *(map(reverse_name, (*ADDRESSES, "10.0.0.9"))),
    *("in-addr.arpa.", "ns.dns.in-addr.arpa.", "0.0.10.in-addr.arpa.", "ip6.arpa."),
    *("www.example.com.", "gone.example.com.", "elsewhere.test.", "."),
    *("outside.example.com.", "outside.example.com.", "kept.example.com.", "nowhere.example.com."),
)
QNAMES = tuple(map(from_text, NAMES))
POPULAR = tuple(
    map(
        from_text,
        (
            *(f"{service}.{namespace}.svc.{ZONE}" for service in SERVICES for namespace in NAMESPACES),
            *(
                f"_http._tcp.web.ns.svc.{ZONE}",
                f"10-0-0-1.ns.pod.{ZONE}",
                ZONE,
                "www.example.com.",
                "outside.example.com.",
            ),
            *map(reverse_name, ADDRESSES),
        ),
    )
)
"""The names that are asked as often as all others together."""
SEARCHED = tuple(
    from_text(f"{name}.{domain}.{ZONE}")
    for name in (
        *("outside.example.com", "www.example.com", "nowhere.example.com", "kept.example.com"),
        *("a.example.com", "www.gone", "web.two.svc", "db.ns.svc", "web.ns.svc.cluster.local", "a.web"),
    )
    for domain in (*(f"{namespace}.svc" for namespace in NAMESPACES), "svc")
)
"""What clients ask on the way through their search lists."""
QTYPES = (
    *(codes.A, codes.A, codes.A, codes.AAAA, codes.SRV, codes.SRV, codes.PTR, codes.NS, codes.SOA),
    *(codes.SOA, codes.PTR, codes.CNAME, codes.TXT, codes.ANY, codes.HTTPS, codes.HTTPS + 32, codes.AXFR),
)

OPTIONS = (
    RecordOptions(own_addresses=(OWN,)),
    RecordOptions(own_addresses=(OWN, "fd00::1"), pods="verified", endpoint_pod_names=True),  # type: ignore[arg-type]
    RecordOptions(own_addresses=("10.0.0.9",), namespaces=frozenset({"ns"}), ignore_empty_service=True),
    RecordOptions(endpoints=False, pods="disabled", ttl=0),  # type: ignore[arg-type]
)

DNS_POLICIES = (*["ClusterFirst"] * 6, "None", "Default")
DNS_CONFIGS = (
    None,
    None,
    DnsConfig(searches=("example.com",)),
    DnsConfig(searches=("ns.svc.cluster.local", "two.svc.cluster.local"), options=(("ndots", "5"),)),
    DnsConfig(options=(("ndots", "2"),)),
)


def _some(dice: Random, pool: tuple, most: int) -> tuple:
    return tuple(dice.choice(pool) for _ in range(dice.randrange(most + 1)))


def _service(dice: Random) -> Service:
    key = dice.choice(NAMESPACES), dice.choice(SERVICES)
    kind = dice.choice([*ServiceKind])
    if kind == ServiceKind.EXTERNAL_NAME:
        return Service(*key, kind, external_name=dice.choice(TARGETS))
    addresses = tuple(dict.fromkeys((*_some(dice, ADDRESSES, 1), "10.0.0.2")))
    return Service(*key, kind, addresses if kind == ServiceKind.CLUSTER_IP else (), dice.choice(PORTS))


def _endpoint(dice: Random) -> Endpoint:
    hostname, pod = dice.choice(["", "", "a", "b"]), dice.choice(["", "pod-1"])
    return Endpoint(dice.choice(ADDRESSES), hostname, pod, dice.random() < 0.8)


_TWINS = (Endpoint("10.0.0.1", "a"), Endpoint("10.0.0.1", "b"))


def _slice(dice: Random) -> EndpointSlice:
    endpoints = tuple(_endpoint(dice) for _ in range(dice.randrange(5)))
    if dice.random() < 0.4:  # the same ones again, for another Service or in another order
        endpoints = dice.choice((_TWINS, _TWINS[::-1]))
    if dice.random() < 0.3:  # so many that UDP is in question
        endpoints += tuple(Endpoint(f"10.0.1.{n}") for n in range(dice.randrange(20, 60)))
    where, name, service = dice.choice(NAMESPACES), dice.choice("xyz"), dice.choice(SERVICES)
    return EndpointSlice(where, name, service, endpoints, dice.choice(PORTS), dice.choice([0.0, 1.0]))


def _pod(dice: Random) -> Pod:
    addresses = tuple(dict.fromkeys((dice.choice(ADDRESSES), dice.choice(ADDRESSES))))
    is_on_host, policy, config = dice.random() < 0.1, dice.choice(DNS_POLICIES), dice.choice(DNS_CONFIGS)
    return Pod(
        dice.choice(NAMESPACES),
        dice.choice("pq"),
        addresses,
        is_on_host,
        dns_policy=policy,
        dns_config=config,
        started=dice.randrange(5),
    )


def _namespace(dice: Random) -> Namespace:
    return Namespace(dice.choice(NAMESPACES), dice.choice([(), (("team", "a"),)]))


_OBJECTS: tuple[Callable[[Random], Service | EndpointSlice | Pod | Namespace], ...] = (
    *(_service, _service, _service),
    *(_slice, _slice, _slice),
    *(_pod, _namespace, _namespace, _namespace),
)


def event(dice: Random) -> WatchEvent:
    """Return an object that appears or changes, or one that goes, whether it was there or not."""
    obj = dice.choice(_OBJECTS)(dice)
    is_gone = dice.random() < (0.2 if isinstance(obj, Namespace) else 0.35)
    return Deleted(key_of(obj)) if is_gone else Applied(obj)


def _spelled(dice: Random, name: Name) -> bytes:
    spelling = dice.randrange(4)
    if spelling < 2:
        return name
    if spelling == 2:
        return name.upper()
    return bytes(dice.choice((octet, octet ^ 0x20)) if 97 <= octet <= 122 else octet for octet in name)


def question(dice: Random, popular: Sequence[Name] = POPULAR, qtypes: Sequence[int] = QTYPES) -> bytes:
    qclass = codes.IN if dice.random() < 0.97 else dice.choice((codes.CH, 255))
    name = dice.choice(popular if dice.random() < 0.5 else QNAMES)
    return _spelled(dice, name) + struct.pack("!HH", dice.choice(qtypes), qclass)


SIZES = (0, 100, 512, 513, 700, 1232, 4096, 65535)
OPTION_SETS = (
    b"",
    b"",
    b"",
    b"\0\x0a\0\x08abcdefgh",
    b"\0\x08\0\7\0\1\x18\0\xc0\0\2",
    b"\0\x0c\1\0" + b"\0" * 256,
)


def opt(dice: Random) -> bytes:
    ttl = dice.choice((0, 0, 0, 0x8000, 0x8000, 0x4001, 0xFF00, 1 << 16, 0xFF000000))
    options = dice.choice(OPTION_SETS)
    size = dice.choice(SIZES) if dice.random() < 0.7 else dice.randrange(512, 1000)
    return b"\0" + struct.pack("!HHIH", codes.OPT, size, ttl, len(options)) + options


PLAIN_FLAGS = (0, 0x0100, 0x0100, 0x0110, 0x0120, 0x0130, 0x0010)
OTHER_FLAGS = (0x0140, 0x0300, 0x0180, 0x0400, 0x2100, 0x2110, 0x0800, 0x8100, 0x0103)


def packet(dice: Random, popular: Sequence[Name] = POPULAR, qtypes: Sequence[int] = QTYPES) -> bytes:
    """Return a query: most are plain, some are odd, and a few are broken. Half ask for `popular` names."""
    flags = dice.choice(PLAIN_FLAGS if dice.random() < 0.9 else OTHER_FLAGS)
    records = [opt(dice)] if dice.random() < 0.5 else []
    if dice.random() < 0.05:
        records.append(dice.choice((opt(dice), b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4abcd", b"\0")))
    counts = [1, 0, 0, len(records)]
    if dice.random() < 0.03:
        counts[dice.randrange(4)] = dice.randrange(3)
    header = dice.randbytes(2) + struct.pack("!H4H", flags, *counts)
    octets = bytearray(header + question(dice, popular, qtypes) + b"".join(records))
    if dice.random() < 0.08:
        octets[dice.randrange(len(octets))] = dice.choice((0, 1, 0x20, 0x3F, 0xC0, 0xFF, dice.randrange(256)))
    if dice.random() < 0.03:
        del octets[dice.randrange(len(octets)) :]
    if dice.random() < 0.03:
        octets += dice.randbytes(dice.randrange(1, 12))
    return bytes(octets)
