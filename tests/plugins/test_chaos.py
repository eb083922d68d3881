import socket

import pytest

from kdns.answering.responses import Response
from kdns.plugins.chaos import VERSION, Chaos
from kdns.wire import codes
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import Answering, at_once, query, rest

OTHER = Response(codes.NXDOMAIN)


def said(text: str, name: str, qtype: str = "TXT", rdclass: int = codes.CH) -> Response:
    asked = query(name, qtype)._replace(rdclass=rdclass)
    return at_once(lent(Chaos, text).respond(asked, rest(Answering(OTHER))))


def texts(text: str, name: str) -> list[str]:
    [rrset] = said(text, name).answer
    assert (rrset.rdclass, rrset.type, rrset.ttl) == (codes.CH, codes.TXT, 0)
    assert rrset.owner == query(name).name
    assert all(rdata[0] == len(rdata) - 1 for rdata in rrset.rdatas)
    return [rdata[1:].decode() for rdata in rrset.rdatas]


HOST = [socket.gethostname()]


@pytest.mark.parametrize(
    ("text", "version", "authors"),
    [
        ("chaos", [VERSION], []),
        ("chaos V-1", ["V-1"], []),
        ('chaos V-1 "B b" a a', ["V-1"], ["B b", "a"]),
        ("chaos V-1\nchaos V-2", ["V-1"], []),
        ("chaos {\n}", [VERSION], []),
        (f"chaos {'v' * 300} {'a' * 256}", ["v" * 255], ["a" * 255]),
    ],
)
def test_it_says_what_it_is_told_to(text: str, version: list[str], authors: list[str]) -> None:
    for name in ("version.bind.", "version.server.", "Version.BIND."):
        assert texts(text, name) == version
    assert texts(text, "authors.bind.") == authors
    for name in ("hostname.bind.", "id.server."):
        assert texts(text, name) == HOST


@pytest.mark.parametrize(
    ("name", "qtype"), [("version.bind.", "A"), ("version.bind.", "ANY"), ("x.bind.", "TXT")]
)
def test_whatever_else_is_asked_in_its_class_is_refused(name: str, qtype: str) -> None:
    assert said("chaos", name, qtype) == Response(codes.REFUSED)


def test_other_classes_are_for_others() -> None:
    assert said("chaos", "version.bind.", rdclass=codes.IN) == OTHER
    assert Chaos.classes == {codes.CH}


def test_it_has_no_properties() -> None:
    assert refusal(Chaos, "chaos {\nversion 1\n}") == "3:1: found 'version', expected no properties"
