"""What both servers are to do while they count: a Corefile for them, and questions in a fixed order."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.beside.questions import Way

KUBEADM = Path(__file__).parents[1] / "corefiles" / "kubeadm" / "Corefile"
RESOLV_CONF = "/etc/resolv.conf"
METRICS = 9153

ADDED = """\
    errors
    log
    hosts {hosts} {{
       192.0.2.2 inline.example
       fallthrough
    }}
"""
"""Stands where kubeadm's Corefile has `errors`."""

MORE = f"""
www.example:5353 two.example:5353 {{
    errors
    prometheus :{METRICS}
    cache 30 {{
       success 9984 30 1
       serve_stale
    }}
    forward . {RESOLV_CONF}
}}
full.example:5353 {{
    cache 30 {{
       denial 1
    }}
    forward . {RESOLV_CONF}
}}
split.example:5353 split.example:5354 {{
    cache
    forward . {RESOLV_CONF}
}}
plugins.example:5353 {{
    errors
    prometheus :{METRICS}
    local
    acl {{
       block type MX
       filter type SRV
       drop type LOC
    }}
    template IN TXT {{
       match "^fine"
       answer "{{{{ .Name }}}} 60 IN TXT fine"
       fallthrough
    }}
    template IN TXT {{
       match "^no-text"
       answer "{{{{ index .Match 5 }}}} 60 IN TXT fine"
       fallthrough
    }}
    template IN TXT {{
       match "^no-record"
       answer "{{{{ .Name }}}} 60 IN A nothing"
    }}
}}
dead.example:5353 gone.example:5354 {{
    errors
    prometheus :{METRICS}
    forward . 127.0.0.1:5399
}}
"""
"""Blocks that nobody observes, so that kdns answers from its table. The first has a cache and stale answers,
the second a cache that is soon full, the third one cache on two ports, the last an upstream that is dead; the
one before has the plugins that count what they do."""

CACHE_HOLDS = 1024
"""How many names `denial 1` is, in CoreDNS."""

UDP, TCP, DO = Way("udp"), Way("tcp", is_stream=True), Way("do", payload=4096, wants_dnssec=True)
EDNS, MIXED = Way("edns", payload=1232), Way("mixed", is_mixed=True)
LONG = Way("long", payload=1232, options=((65001, "00" * 120),))
VERSION, STATUS = Way("version-1", payload=1232, version=1), Way("status", opcode="STATUS")

WEB = "web.shop.svc.cluster.local."

COURSE: Mapping[int, tuple[tuple[str, str, tuple[Way, ...]], ...]] = {
    53: (
        (WEB, "A", (UDP, UDP, MIXED, TCP, DO, LONG, VERSION, STATUS)),
        ("cluster.local.", "AXFR", (TCP,)),
        ("cluster.local.", "IXFR", (TCP,)),
        *((WEB, rtype, (UDP,)) for rtype in ("AAAA", "SRV", "HTTPS", "CAA", "TYPE65280")),
        ("missing.shop.svc.cluster.local.", "A", (UDP, TCP, UDP)),
        ("host.example.", "A", (UDP, UDP)),
        ("1.0.96.10.in-addr.arpa.", "PTR", (EDNS, EDNS)),
        ("1.113.0.203.in-addr.arpa.", "PTR", (UDP, UDP)),
        ("one.www.example.", "A", (UDP, UDP, DO, TCP)),
        ("missing.www.example.", "A", (UDP, MIXED, DO)),
        ("servfail.www.example.", "A", (UDP, UDP)),
        ("refused.www.example.", "A", (UDP, UDP)),
        ("second.www.example.", "A", (TCP, TCP)),
    ),
    5353: (
        ("one.www.example.", "A", (*(UDP,) * 5, MIXED, *(EDNS,) * 3, *(DO,) * 5, *(TCP,) * 4)),
        ("missing.www.example.", "A", (*(UDP,) * 5, *(DO,) * 5, *(TCP,) * 4)),
        ("nodata.www.example.", "AAAA", (UDP, UDP)),
        ("servfail.www.example.", "A", (UDP, UDP)),
        ("many.www.example.", "A", (UDP, UDP, TCP)),
        (f"{'a' * 63}.www.example.", "A", (UDP, EDNS, EDNS)),
        ("second.www.example.", "A", (TCP, TCP)),
        ("second.www.example.", "AAAA", (TCP,)),
        ("nowhere.test.", "A", (UDP, UDP, TCP, DO)),
        ("missing.two.example.", "A", (UDP, UDP)),
        ("missing.split.example.", "A", (UDP, UDP)),
        ("localhost.plugins.example.", "A", (*(UDP,) * 4, TCP)),
        *((f"{rtype}.plugins.example.", rtype, (*(UDP,) * 3, TCP)) for rtype in ("MX", "SRV")),
        *((f"{each}.plugins.example.", "TXT", (UDP, UDP, TCP)) for each in ("fine", "no-text", "no-record")),
        ("dead.example.", "A", (UDP, DO)),
    ),
    5354: (
        ("missing.split.example.", "A", (UDP, UDP)),
        ("gone.example.", "AAAA", (UDP, TCP)),
        ("dead.example.", "A", (UDP,)),
    ),
}
"""Port → name, type and ways."""

STALE = ("ttl-1.www.example.", "A", UDP)
STALE_AFTER = 2.2
"""Seconds after which both call it stale: CoreDNS takes a TTL of 0 to be good for another second."""

DOWN_AFTER = 3
"""Failed probes after which an upstream is one no longer."""


def corefile_in(folder: Path) -> str:
    """Return the Corefile, with a hosts file in `folder` whose time is always the same."""
    hosts = folder / "hosts"
    hosts.write_text("192.0.2.1 host.example\n")
    os.utime(hosts, (1_700_000_000, 1_700_000_000))
    found, _, rest = KUBEADM.read_text().partition("    errors\n")
    return found + ADDED.format(hosts=hosts) + rest + MORE
