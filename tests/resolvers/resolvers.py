"""The resolvers: how each is built and run, and how what it prints becomes outcomes.

An outcome is what was found, in order of its text with commas between, or one word: "missing", "empty"
(there is the name, but nothing of that kind), "failing", "timeout".
"""

import ipaddress
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conftest import find_tool, not_installed
from tests.resolvers import strict
from tests.resolvers.places import Place
from tests.resolvers.pods import Pod

PROGRAMS = Path(__file__).parent / "programs"
ADDRESSES = frozenset({"ADDR"})
SERVICES = ADDRESSES | {"SRV"}
RECORDS = SERVICES | {"TXT", "MX"}

_ALL_PODS = "first shop config own short wild node hostnet reused twice stranger"
_EACH_LIST = "first shop config own short wild node hostnet"
_SOME = "first config own node"
_NO_WILD = "first shop config own short node hostnet"
"""Names of Pods. Those that start slowly need not ask twice with the same search list."""

Outcomes = dict[str, str]
Ask = Callable[[Place, Pod, Sequence[str]], Outcomes]
"""Looks each of a list of KIND=NAME up, at a place."""


AsWritten = Callable[[str, int], bool]
"""Says of a lookup, under some ndots, whether the search list is left out of it."""


def _never(_lookup: str, _ndots: int) -> bool:
    return False


def _services(lookup: str, _ndots: int) -> bool:
    return lookup.startswith("SRV=")


def _with_dots(lookup: str, _ndots: int) -> bool:
    return "." in lookup


def _with_enough_dots(lookup: str, ndots: int) -> bool:
    return lookup.count(".") >= ndots


class Resolver(NamedTuple):
    """`build` gets an empty folder; it skips where something is not installed. `kinds` is what can be asked.

    One with `one_word` says "missing" where others say "empty".
    """

    name: str
    kinds: frozenset[str]
    build: Callable[[Path], Ask]
    as_written: AsWritten = _never
    one_word: bool = False
    pods: str = _ALL_PODS


def _running(*command: str | Path) -> Ask:
    """Run a program that prints a line for each of its arguments."""

    def ask(where: Place, _pod: Pod, lookups: Sequence[str]) -> Outcomes:
        lines = where.run(*command, *lookups).splitlines()
        return {each: _canonical(outcome) for each, _, outcome in (line.partition(" ") for line in lines)}

    return ask


def _canonical(outcome: str) -> str:
    """Write addresses and names in one way, without repetition."""
    return ",".join(sorted({_shortest(each) for each in outcome.split(",")}))


def _shortest(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text.lower()


def _compile(*command: str | Path, **environment: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, done.stderr


def _glibc(folder: Path) -> Ask:
    _compile(find_tool("gcc"), "-O", "-o", folder / "resolve", PROGRAMS / "resolve.c", "-lresolv")
    return _running(folder / "resolve")


def _musl(folder: Path) -> Ask:
    _compile(find_tool("musl-gcc"), "-O", "-o", folder / "resolve", PROGRAMS / "resolve.c")
    return _running(folder / "resolve")


def _c_ares(folder: Path) -> Ask:
    gcc = find_tool("gcc")
    if subprocess.run([gcc, "-E", "-"], input=b"#include <ares.h>\n", capture_output=True).returncode:
        not_installed("libc-ares-dev")
    _compile(gcc, "-O", "-w", "-o", folder / "resolve", PROGRAMS / "ares.c", "-lcares")
    return _running(folder / "resolve")


def _go(folder: Path) -> Ask:
    go = find_tool("go", optional=True)
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    _compile(go, "build", "-o", folder / "resolve", PROGRAMS / "resolve.go", **settings)
    return _running(folder / "resolve")


def _java(folder: Path) -> Ask:
    _compile(find_tool("javac", optional=True), "-d", folder, PROGRAMS / "Resolve.java")
    java = find_tool("java", optional=True)
    return _running(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", folder, "Resolve")


def _node(folder: Path) -> Ask:
    return _running(find_tool("node", optional=True), PROGRAMS / "resolve.mjs")


def _dnspython(folder: Path) -> Ask:
    return _running(sys.executable, PROGRAMS / "resolve.py")


def _dig(folder: Path) -> Ask:
    dig = find_tool("dig")

    def ask(where: Place, _pod: Pod, lookups: Sequence[str]) -> Outcomes:
        asked = [(name, each) for kind, name in map(_split, lookups) for each in _types(kind)]
        words = [word for name, rdtype in asked for word in (name, rdtype)]
        printed = where.run(dig, "+noall", "+answer", "+comments", "+search", *words)
        texts = [_dug(each, rdtype) for each, (_, rdtype) in zip(_sections(printed), asked, strict=True)]
        return {each: _joined(texts.pop(0) for _ in _types(_split(each)[0])) for each in lookups}

    return ask


def _sections(printed: str) -> list[str]:
    return printed.split("->>HEADER<<-")[1:]


def _dug(section: str, rdtype: str) -> str:
    """Read one response that dig has printed."""
    lines = [line.split() for line in section.splitlines() if line and not line.startswith(";")]
    found = [_record(rdtype, fields[4:]) for fields in lines if fields[3] == rdtype]
    if found:
        return ",".join(found)
    return "missing" if "NXDOMAIN" in section else "empty" if "NOERROR" in section else "failing"


def _record(rdtype: str, fields: Sequence[str]) -> str:
    match rdtype:
        case "SRV":
            return f"{fields[2]}:{fields[3].removesuffix('.')}"
        case "MX":
            return f"{fields[0]}:{fields[1].removesuffix('.')}"
        case "TXT":
            return " ".join(fields).strip('"')
    return fields[0].removesuffix(".")


def _busybox(folder: Path) -> Ask:
    busybox = find_tool("busybox")
    script = (
        'for each; do echo "== $each"; "$BUSYBOX" nslookup -type="${each%%=*}" "${each#*=}" 2>&1; done; true'
    )

    def ask(where: Place, _pod: Pod, lookups: Sequence[str]) -> Outcomes:
        asked = [f"{each.lower()}={name}" for kind, name in map(_split, lookups) for each in _types(kind)]
        printed = where.run("env", f"BUSYBOX={busybox}", "sh", "-c", script, "sh", *asked)
        texts = [_looked_up(each) for each in printed.split("== ")[1:]]
        return {each: _joined(texts.pop(0) for _ in _types(_split(each)[0])) for each in lookups}

    return ask


def _looked_up(section: str) -> str:
    """Read what nslookup has printed about one name and type, which is its first line."""
    lines = section.splitlines()
    answer = lines[lines.index("") :] if "" in lines else lines
    found = [line.split("Address: ")[1] for line in answer if line.startswith("Address: ")]
    for line in answer:
        if "service = " in line:
            fields = line.split("service = ")[1].split()
            found.append(f"{fields[2]}:{fields[3]}")
    if found:
        return ",".join(found)
    return "failing" if "SERVFAIL" in section else "missing"


def _strict(folder: Path) -> Ask:
    def ask(where: Place, pod: Pod, lookups: Sequence[str]) -> Outcomes:
        conf = strict.Conf.read(pod.resolv_conf)
        return where.within(lambda: {each: strict.ask(conf, each) for each in lookups})

    return ask


def _split(lookup: str) -> tuple[str, str]:
    kind, _, name = lookup.partition("=")
    return kind, name


def _types(kind: str) -> list[str]:
    return ["A", "AAAA"] if kind == "ADDR" else [kind]


def _joined(outcomes: "Sequence[str] | object") -> str:
    """Return what any of some questions found, else the first thing that went wrong."""
    given = list(outcomes)  # type: ignore[call-overload]
    found = [
        text for each in given if each not in ("missing", "empty", "failing") for text in each.split(",")
    ]
    return _canonical(",".join(found) or given[0])


STRICT = Resolver("strict", RECORDS | {"CNAME", "PTR"}, _strict)

RESOLVERS = (
    Resolver("glibc", RECORDS | {"CNAME", "CANON"}, _glibc),
    Resolver("musl", ADDRESSES | {"CANON"}, _musl, _with_enough_dots, one_word=True),
    # It asks for all that the search list makes of a name at once, and prints whatever there is.
    Resolver("busybox", SERVICES, _busybox, _with_dots, one_word=True, pods=_NO_WILD),
    Resolver("go", RECORDS | {"CANON"}, _go, one_word=True),
    Resolver("c-ares", RECORDS, _c_ares, pods=_EACH_LIST),
    Resolver("dnspython", RECORDS | {"CNAME", "PTR"}, _dnspython, pods=f"{_SOME} wild"),
    Resolver("dig", RECORDS | {"CNAME", "PTR"}, _dig, _with_enough_dots, pods=_EACH_LIST),
    Resolver("java", SERVICES, _java, _services, pods=_SOME),
    Resolver("node", SERVICES, _node, _services, one_word=True, pods=_SOME),
    STRICT,
)
