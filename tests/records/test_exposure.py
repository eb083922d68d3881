"""kdns.records.exposure: which namespaces are shown, and which may be."""

import pytest

from kdns.cluster.selectors import parse_selector
from kdns.records.exposure import is_exposed, may_be_exposed, shows_all
from kdns.records.options import RecordOptions
from tests.builders import namespace, state_of

OPTIONS = {
    "all": RecordOptions(),
    "some": RecordOptions(namespaces=frozenset({"blue", "new"})),
    "labels": RecordOptions(namespace_labels=parse_selector("colour=blue")),
}


@pytest.mark.parametrize(
    ("options", "name", "exposed", "may_be", "may_be_unsynced"),
    [
        ("all", "blue", True, True, True),
        ("all", "new", False, False, True),
        ("some", "blue", True, True, True),
        ("some", "red", False, False, False),
        ("some", "new", False, False, True),
        ("some", "newer", False, False, False),
        ("labels", "blue", True, True, True),
        ("labels", "red", False, False, False),
        ("labels", "new", False, False, False),
    ],
)
def test_a_namespace_is_shown_if_it_exists_and_was_chosen(
    options: str, name: str, exposed: bool, may_be: bool, may_be_unsynced: bool
) -> None:
    state = state_of(namespace("blue", colour="blue"), namespace("red", colour="red"))
    assert is_exposed(state, OPTIONS[options], name) is exposed
    assert may_be_exposed(state, OPTIONS[options], name) is may_be
    state.unsynced = frozenset({"Namespace"})
    assert is_exposed(state, OPTIONS[options], name) is exposed
    assert may_be_exposed(state, OPTIONS[options], name) is may_be_unsynced


@pytest.mark.parametrize(("options", "all_are"), [("all", True), ("some", False), ("labels", False)])
def test_some_options_show_every_namespace(options: str, all_are: bool) -> None:
    assert shows_all(OPTIONS[options]) is all_are
