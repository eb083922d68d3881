"""Corefiles drawn from a `random.Random`: of every plugin with all of its properties, right or spoilt.

The files that they name lie in the working directory. A seed is a whole Corefile; Hypothesis may supply it.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

UPSTREAM = "127.0.0.1:5399"
"""Stands for an upstream; whoever asks it something puts another address there."""

FILES: Mapping[str, bytes] = {
    "db.zone": b"$ORIGIN static.example.\n@ 60 IN SOA ns hostmaster 1 7200 900 1209600 60\n@ 60 NS ns\n"
    b"ns 60 A 10.5.1.53\nwww 60 A 10.5.1.1\nout 60 CNAME www.outside.test.\n* 60 TXT any\n",
    "hosts.txt": b"10.0.0.7 inside.example.com *.wild.example.com\n::7 inside.example.com\n",
    "weights.txt": b"www.example.com\n192.0.2.1 3\n192.0.2.2 200\n",
    "resolv.conf": b"search example.com\nnameserver 127.0.0.1\n",
    "more.server": b"more.example.com {\n  errors\n  hosts {\n    10.0.0.8 more.example.com\n  }\n}\n",
    "more.override": b"log . combined\n",
    "noise": bytes(range(256)) * 3,
}

Lines = Sequence[str]

DURATIONS: Lines = ("5s", "1m30s", "300ms", "0", "1h")

PLUGINS: Mapping[str, tuple[Lines, Mapping[str, Lines]]] = {
    "acl": (
        ("", "cluster.local", "10.0.0.0/9 outside.test"),
        {
            "allow": ("", "net 127.0.0.1", "type A AAAA net *"),
            "block": ("type ANY", "net 10.0.0.0/8 fd00::/8", "type MX net 192.0.2.1"),
            "filter": ("type *", "net 0.0.0.0/0 type HTTPS"),
            "drop": ("net ::1", "type AXFR IXFR"),
        },
    ),
    "any": (("",), {}),
    "bind": (("127.0.0.1", "lo", "0.0.0.0", "127.0.0.2 ::1"), {"except": ("127.0.0.3", "::1")}),
    "bufsize": (("", "512", "1232", "4096"), {}),
    "cache": (
        ("", "30", "3600 .", "static.example", "10 cluster.local outside.test"),
        {
            "success": ("100", "256 60", "9984 3600 10", "0 1 0 more"),
            "denial": ("100", "256 60", "1024 5 1"),
            "prefetch": ("1", "5 1m", "10 1m 20%", "1 0s 90%"),
            "serve_stale": ("", "1h", "1h immediate", "1h verify", "10m VERIFY 1s 30s 5s", "0 immediate 0"),
            "servfail": ("0", "5s", "250ms"),
            "disable": ("success", "denial example.com cluster.local"),
            "keepttl": ("",),
        },
    ),
    "cancel": (("", "1s", "5001ms"), {}),
    "chaos": (("", "V-1", 'V-1 me "and you"'), {}),
    "debug": (("",), {}),
    "errors": (
        ("", "stdout"),
        {"stacktrace": ("",), "consolidate": ('5m "i/o timeout$"', "1s .* warning show_first", "0 a|b info")},
    ),
    "file": (
        ("db.zone static.example", "db.zone", "db.zone . static.example"),
        {
            "reload": DURATIONS,
            "reload_by_mtime": ("",),
            "fallthrough": ("", "static.example"),
            "upstream": ("",),
        },
    ),
    "forward": (
        (f". {UPSTREAM}", f"outside.test {UPSTREAM} 127.0.0.1:5398", f"example.com dns://{UPSTREAM}"),
        {
            "except": ("example.org", "cluster.local 10.0.0.0/9"),
            "force_tcp": ("",),
            "prefer_udp": ("",),
            "expire": DURATIONS,
            "max_age": ("0", "1h"),
            "max_idle_conns": ("0", "1"),
            "read_timeout": ("1s", "500ms"),
            "max_fails": ("0", "3"),
            "max_connect_attempts": ("1", "3"),
            "tls": ("",),
            "tls_servername": ("dns.example",),
            "policy": ("random", "round_robin", "sequential"),
            "health_check": ("0.5s", "1s no_rec domain example.org", "0"),
            "max_concurrent": ("0", "1000"),
            "next": ("NXDOMAIN", "servfail REFUSED"),
            "next_on_nodata": ("",),
            "failfast_all_unhealthy_upstreams": ("",),
            "failover": ("SERVFAIL",),
            "source_address": ("127.0.0.1",),
        },
    ),
    "header": (("",), {"query": ("set rd", "clear rd"), "response": ("set aa ra", "clear RA rd")}),
    "health": (("", ":8080", "127.0.0.1:8081", "[::1]:8082"), {"lameduck": (*DURATIONS, "-1s")}),
    "hosts": (
        ("", "hosts.txt", "hosts.txt example.com", "nowhere static.example outside.test"),
        {
            "10.0.0.9": ("nine.example.com", "*.nine.outside.test ten.test"),
            "::9": ("nine.example.com",),
            "not-an-address": ("at.all",),
            "ttl": ("60", "1", "65535 7"),
            "reload": DURATIONS,
            "no_reverse": ("",),
            "fallthrough": ("", "outside.test in-addr.arpa"),
        },
    ),
    "kubernetes": (
        (
            "cluster.local in-addr.arpa ip6.arpa",
            "cluster.local",
            "Cluster.Local 10.0.0.0/8",
            "cluster.local .",
        ),
        {
            "endpoint": ("https://127.0.0.1:6443", "a b"),
            "kubeconfig": ("config", "config context"),
            "tls": ("cert key ca",),
            "namespaces": ("ns", "ns two"),
            "labels": ("app=a", "app in (a, b)", "!app"),
            "namespace_labels": ("team=a", "team notin (b)"),
            "pods": ("disabled", "insecure", "verified"),
            "endpoint_pod_names": ("",),
            "ttl": ("0", "5", "3600"),
            "noendpoints": ("",),
            "fallthrough": ("", "in-addr.arpa ip6.arpa"),
            "ignore": ("", "empty_service"),
            "startup_timeout": DURATIONS,
            "apiserver_qps": ("50", "0.5", "1e3"),
            "apiserver_burst": ("0", "100"),
            "apiserver_max_inflight": ("10",),
        },
    ),
    "loadbalance": (
        ("", "round_robin", "weighted weights.txt", "weighted nowhere"),
        {"prefer": ("10.0.0.0/8", "192.0.2.2/32 ::/0"), "reload": DURATIONS},
    ),
    "local": (("",), {"localhost_prefix": ("on", "off")}),
    "log": (
        ("", ".", "example.com cluster.local", '. "{combined} {local} {/a/b} %s {>bufsize}"'),
        {"class": ("all", "denial error", "success")},
    ),
    "loop": (("",), {}),
    "metadata": (("", "cluster.local example.com"), {}),
    "minimal": (("",), {}),
    "nsid": (("", "me", "me too"), {}),
    "prometheus": (("", ":9153", "localhost:9154"), {}),
    "ready": (("", ":8181"), {"monitor": ("until-ready", "continuously")}),
    "reload": (("", "30s", "2s 1s", "10s 0"), {}),
    "timeouts": (
        ("",),
        {"read": ("1s", "5"), "write": ("1m30s",), "idle": ("24h",), "maxtcpqueries": ("-1", "1", "1000")},
    ),
    "whoami": (("",), {}),
}
"""Plugin → what may follow its name, and its properties with what may follow theirs."""

KEYS: Lines = (
    *(".", ".:53", "cluster.local in-addr.arpa ip6.arpa", "example.com:5300", "10.0.0.0/9", "dns://b.test"),
    *("static.example,\nexample.com", "tls://t.test", "1::/3", "outside.test. example.com"),
)

SPOILT: Lines = (
    *("", '""', '"', "{", "}", "{ }", "\\", "#", "(s)", "import", "\n", ",", "*", "%", "[", "]", ":", "\0"),
    *("-1", "0", "1", "999", "-5s", "9223372036854775807ns", "99999999h", ".5s", "1e999", "٣", "²", "1_0"),
    *("9" * 30, "0x10", "NaN", "inf", "100%", ".", "..", "a..b", "\\300", "x" * 64, "x." * 127, "é.test"),
    *("\ud800", "\U0010ffff", "\ufeff", "\u2028", "\r", "{$HOME}", "{$BAD}", "{%EVER%}", "{$", "{$UNSET}"),
    *("1.2.3.4:99999", "1.2.3.4%x", "fe80::1%lo", "[::1]:", "::ffff:1.2.3.4", "256.1.1.1", "10.0.0.0/33"),
    *("10.0.0.0/0", "2::/1", "tls://127.0.0.1%a", "https://a", "tls://", "://", ":0", ":65536", "localhost:"),
    *(
        "/",
        "/nowhere",
        "noise",
        "db.zone",
        "hosts.txt",
        "resolv.conf",
        ".",
        "/dev/null",
        "more.server",
        "*.server",
    ),
    *("(", "(a", "a{9999}", "[a", "\\C", "(?i)x", "=", "!", "a in ()", "success", "weighted", "verify"),
)
"""Words that are wrong nearly everywhere."""

ENVIRONMENT: Mapping[str, str] = {"HOME": "/nowhere", "BAD": "\udcff", "EVER": "{%EVER%}{%EVER%}"}

_PIECE = re.compile(r"\s+|\S+")


def make_files(folder: Path) -> None:
    """Write what Corefiles may name into a folder."""
    for name, octets in FILES.items():
        (folder / name).write_bytes(octets)


def corefile(dice: Random, fault: float = 0.0) -> str:
    """Return a Corefile, of which each word is spoilt with the probability `fault`."""
    blocks = [_block(dice, fault) for _ in range(dice.choice((1, 1, 2, 3)))]
    if dice.random() < 0.3:
        blocks.insert(0, "(snippet) {\n  errors\n}")
        blocks.append("snippet.test {\n  import snippet\n  import more.override\n}\nimport *.server")
    return "\n".join(blocks) + "\n"


def _block(dice: Random, fault: float) -> str:
    names = dice.sample([*PLUGINS], dice.randrange(1, 9))
    if dice.random() < fault:
        names.append(dice.choice((*PLUGINS, "template", "kubernets", *SPOILT)))
    lines = [f"{_spoilt(dice, dice.choice(KEYS), fault)} {{"]
    lines += [directive(dice, name, fault) for name in names]
    return "\n".join([*lines, "}"])


def directive(dice: Random, name: str, fault: float = 0.0) -> str:
    """Return a directive of this plugin."""
    arguments, table = PLUGINS.get(name, (("",), {}))
    line = f"{name} {_spoilt(dice, dice.choice(arguments), fault)}"
    if not table or dice.random() < 0.3:
        return f"  {line}"
    chosen = dice.sample([*table], min(len(table), dice.randrange(5)))
    if "fallthrough" in chosen:  # entries of `hosts` come before it
        chosen.append(chosen.pop(chosen.index("fallthrough")))
    inside = [f"    {each} {_spoilt(dice, dice.choice(table[each]), fault)}" for each in chosen]
    return "\n".join([f"  {line} {{", *inside, "  }"])


def _spoilt(dice: Random, text: str, fault: float) -> str:
    words = text.split(" ")
    for place in range(len(words)):
        if dice.random() < fault:
            words[place] = dice.choice(SPOILT)
    if dice.random() < fault:
        words.insert(dice.randrange(len(words) + 1), dice.choice(SPOILT))
    return " ".join(words)


def mutated(dice: Random, text: str) -> str:
    """Return a text of which some words, spaces or characters are gone, twice there, exchanged or others."""
    pieces = _PIECE.findall(text) or [""]
    for _ in range(dice.randrange(1, 5)):
        place, other = dice.randrange(len(pieces)), dice.randrange(len(pieces))
        match dice.randrange(6):
            case 0:
                pieces[place] = ""
            case 1:
                pieces.insert(place, pieces[other])
            case 2:
                pieces[place], pieces[other] = pieces[other], pieces[place]
            case 3:
                pieces[place] = dice.choice(SPOILT)
            case 4:
                pieces[place] += chr(dice.choice((dice.randrange(0x80), dice.randrange(0x110000))))
            case 5:
                piece = pieces[place]
                at = dice.randrange(len(piece) + 1)
                pieces[place] = piece[:at] + dice.choice(('"', "{", "}", "\n", "\\", "\0", ",")) + piece[at:]
    return "".join(pieces)
