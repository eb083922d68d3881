"""The README names the plugins, commands and variables that there are."""

import re

from kdns.cli import _COMMANDS
from kdns.cli.objects import ENVIRONMENT
from kdns.plugins.registry import SHIPPED
from tests.docs.pages import page

README = page("README.md")


def test_the_plugins_are_those_of_the_registry() -> None:
    [listed] = re.findall(r"It has the plugins (.*?) \(", README.text, re.S)
    assert re.findall(r"`(\w+)`", listed) == sorted(SHIPPED)


def test_every_command_has_a_row() -> None:
    rows = {cells[0].strip("`").split()[1] for cells in README.rows("First questions")}
    assert rows == {"-conf", *(module.__name__.rpartition(".")[2] for module in _COMMANDS)}


def test_every_variable_is_named() -> None:
    assert [name for name in ENVIRONMENT if f"`{name}`" not in README.text] == []
