from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from kdns.corefile.errors import CorefileError, nearest
from kdns.corefile.reading import (
    Reader,
    arguments,
    each,
    first,
    flag,
    one,
    own_zones,
    properties,
    several,
    zones_after,
)
from kdns.corefile.scalars import choice, duration, integer, text
from kdns.corefile.values import Directive
from kdns.wire.names import ROOT, Name, from_text

from .builders import corefile

PROPERTIES: Mapping[str, Reader[Any]] = {
    "pods": one(choice("disabled", "insecure", "verified")),
    "ttl": first(integer(0, 3600)),
    "namespaces": several(text),
    "success": each(integer(), integer(1), integer(0)),
    "tls": several(text, 3, 3),
    "serve_stale": several(text, 0, 2),
    "startup_timeout": one(duration()),
    "noendpoints": flag,
    "fallthrough": zones_after,
}


@dataclass(frozen=True, slots=True)
class Options:
    pods: str = "disabled"
    ttl: int = 5
    noendpoints: bool = False
    fallthrough: tuple[Name, ...] | None = None


def directive(*lines: str) -> Directive:
    return (
        corefile(". {\n  x {\n" + "".join(f"    {line}\n" for line in lines) + "  }\n}\n")
        .blocks[0]
        .directives[0]
    )


def test_a_plugin_reads_its_options_with_a_table() -> None:
    read = directive("pods insecure", "ttl 10", "ttl 30 ignored", "noendpoints", "fallthrough")
    assert Options(**dict(properties(read, PROPERTIES))) == Options("insecure", 30, True, ())
    assert Options(**dict(properties(Directive(read.name), PROPERTIES))) == Options()


def test_repeated_properties_come_in_order() -> None:
    read = directive("namespaces a b", "namespaces c", "success 9984", "success 1 2 3", "serve_stale")
    assert list(properties(read, PROPERTIES)) == [
        ("namespaces", ("a", "b")),
        ("namespaces", ("c",)),
        ("success", (9984,)),
        ("success", (1, 2, 3)),
        ("serve_stale", ()),
    ]


ERRORS = [
    ("pod insecure", "3:5: found 'pod', expected a property of 'x'; did you mean 'pods'?"),
    ("quux", "3:5: found 'quux', expected a property of 'x'"),
    ("pods", "3:5: found no arguments of 'pods', expected 1"),
    ("pods insecure all", "3:19: found 2 arguments of 'pods', expected 1"),
    ("pods insekure", "3:10: found 'insekure', expected one of disabled, insecure, verified; "
     "did you mean 'insecure'?"),
    ("ttl", "3:5: found no arguments of 'ttl', expected 1 or more"),
    ("ttl 4000", "3:9: found '4000', expected an integer from 0 to 3600"),
    ("success 1 2 3 4", "3:19: found 4 arguments of 'success', expected 1 to 3"),
    ("tls a b", "3:5: found 2 arguments of 'tls', expected 3"),
    ("serve_stale a b c", "3:21: found 3 arguments of 'serve_stale', expected at most 2"),
    ("noendpoints yes", "3:17: found 1 argument of 'noendpoints', expected none"),
    ("noendpoints { }", "3:5: found a block after 'noendpoints', expected the end of the line"),
    ("startup_timeout 5", "3:21: found '5', expected a duration such as 5s or 1m30s"),
    ("fallthrough a..b", "3:17: found 'a..b' (empty label), expected a domain name or network"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), ERRORS)
def test_a_wrong_property_says_where_and_what_was_expected(line: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        list(properties(directive(line), PROPERTIES))
    assert str(caught.value) == f"/etc/coredns/Corefile:{message}"


def test_zones_are_the_arguments_else_those_of_the_block() -> None:
    (block,) = corefile("A b:53 b:54 {\n  x\n  y c 10.0.0.0/15\n}").blocks
    x, y = block.directives
    assert own_zones(x, block) == (from_text("a."), from_text("b."))
    assert own_zones(y, block) == tuple(map(from_text, ["c.", "0.10.in-addr.arpa.", "1.10.in-addr.arpa."]))
    assert zones_after(Directive(x.name)) == ()
    assert own_zones(Directive(x.name), corefile(". {\n}").blocks[0]) == (ROOT,)


def test_arguments_may_be_any_number() -> None:
    assert [word.text for word in arguments(directive("a b c").block[0])] == ["b", "c"]  # type: ignore[index]


NEAREST = [
    ("heath", "health"),
    ("Kubernetes", "kubernetes"),
    ("xyz", None),
    ("", None),
    ("health" * 99, None),
]


@pytest.mark.parametrize(("word", "found"), NEAREST)
def test_the_nearest_word_is_what_was_meant(word: str, found: str | None) -> None:
    assert nearest(word, {"kubernetes", "health", "cache"}) == found
