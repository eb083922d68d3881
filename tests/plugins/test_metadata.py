from collections.abc import Mapping

import pytest

from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.plugins._collected import collected
from kdns.plugins.metadata import Metadata
from tests.plugins.lent import refusal
from tests.plugins.setups import query, set_up


class Knowing(Plugin):
    """Knows one thing about every query, if nothing else its client's address."""

    name = "knowing"

    def __init__(self, label: str, value: str = "") -> None:
        self._known = {label: value}

    def metadata(self, query: Query, client: str) -> Mapping[str, str]:
        return {label: value or client for label, value in self._known.items()}


def block(*plugins: Plugin, text: str = "metadata", zones: str = ".") -> list[Plugin]:
    found: list[Plugin] = []
    metadata = set_up(Metadata, text, zones)
    metadata._plugins = lambda: found
    found += [metadata, *plugins]
    return found


def about(plugins: list[Plugin], name: str, client: str = "10.0.0.1") -> Mapping[str, str]:
    nothing: object = None
    setting = Setting(*[nothing] * 4, plugins=lambda: plugins)  # type: ignore[arg-type]
    return collected(setting)(query(name), client)


def test_what_the_plugins_of_a_block_know_is_collected_the_last_one_counts() -> None:
    plugins = block(Knowing("a/b", "1"), Knowing("a/c"), Knowing("a/b", "2"))
    assert about(plugins, "x.") == {"a/b": "2", "a/c": "10.0.0.1"}


@pytest.mark.parametrize(
    ("text", "zones", "name", "is_collected"),
    [
        ("metadata", "test", "x.Test.", True),
        ("metadata", "test", "test.", True),
        ("metadata", "test", "x.", False),
        ("metadata a.test b.test", ".", "x.b.test.", True),
        ("metadata a.test b.test", ".", "x.c.test.", False),
    ],
)
def test_that_is_so_in_its_zones(text: str, zones: str, name: str, is_collected: bool) -> None:
    assert bool(about(block(Knowing("a/b"), text=text, zones=zones), name)) is is_collected


def test_without_it_nothing_is_known() -> None:
    assert about([Knowing("a/b", "1")], "x.") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metadata\nmetadata", "3:1: found a second 'metadata', expected one in a server block, that at"),
        ("metadata {\n}", "2:1: found a block after 'metadata', expected the end of the line"),
        ("metadata a..b", "2:10: found 'a..b' (empty label), expected a domain name or network"),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    assert refusal(Metadata, text).startswith(expected)
