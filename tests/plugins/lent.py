"""What a process lends to plugins, faked; and plugins that are set up with it from the text of a Corefile."""

from collections.abc import Sequence
from typing import TypeVar, cast

import pytest

from kdns.answering.plugin import PLAIN_TEXT, Address, Page, Plugin, Setting
from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile
from tests.corefile.builders import MemoryFiles

P = TypeVar("P", bound=Plugin)


class FakeProcess:
    """Remembers what it was asked for. `names` are the plugins that are not ready."""

    def __init__(self, *names: str) -> None:
        self.names: Sequence[str] = names
        self.reasons: list[str] = []
        self.reloads = 0

    def unready(self) -> Sequence[str]:
        return self.names

    def metrics(self) -> Page:
        return Page(200, PLAIN_TEXT, b"metrics")

    async def reload(self) -> None:
        self.reloads += 1

    def abort(self, reason: str) -> None:
        self.reasons.append(reason)


def lent(
    kind: type[P],
    text: str,
    process: FakeProcess | None = None,
    listen: Sequence[Address] = (("", 53),),
    zones: str = ".",
) -> P:
    """Set up the plugin that these directives, all of it, ask for; they begin on the Corefile's line 2."""
    (block,) = parse_corefile(f"{zones} {{\n{text}\n}}\n", "Corefile", {}, 53, MemoryFiles({})).blocks
    setting = Setting(
        block,
        process or FakeProcess(),
        lambda wish: pytest.fail("it needs no cluster"),
        lambda tags: None,
        tuple(listen),
    )
    return cast(P, kind.setup(block.directives, setting))


def refusal(kind: type[Plugin], text: str, zones: str = ".") -> str:
    """Return what is wrong with these directives, after the file's name."""
    with pytest.raises(CorefileError) as caught:
        lent(kind, text, zones=zones)
    return str(caught.value).removeprefix("Corefile:")
