"""kdns.cluster.selectors: what Kubernetes' selectors take, and what is none of them."""

import re

import pytest

from kdns.cluster.selectors import Selector, parse_selector

LABELS = {"app": "web", "tier": "", "example.com/env": "qa", "in": "in"}


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("", True),
        ("  ", True),
        ("app", True),
        ("! app", False),
        ("!gone", True),
        ("gone", False),
        ("app=web", True),
        ("app == web", True),
        ("app = other", False),
        ("app!=web", False),
        ("app != other", True),
        ("gone!=web", True),
        ("gone=", False),
        ("tier=", True),
        ("tier!=", False),
        ("tier in ()", True),
        ("app in (web)", True),
        ("app in(other, web)", True),
        ("app in (other,,x)", False),
        ("tier in (other,,x)", True),
        ("app notin (web)", False),
        ("app notin (other)", True),
        ("gone notin (web)", True),
        ("example.com/env in (staging, qa),app=web", True),
        ("example.com/env in (staging, qa),app=x", False),
        ("app=web,app=x", False),
        ("in", True),
        ("in in (in)", True),
        ("in=in", True),
        ("\tapp\n=\rweb ,\n tier ", True),
    ],
)
def test_all_requirements_must_be_met(text: str, is_taken: bool) -> None:
    assert parse_selector(text).takes(LABELS) is is_taken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (",", "','"),
        ("a,", "its end"),
        ("a,,b", "',b'"),
        ("a=b c", "'a=b c'"),
        ("a b", "'a b'"),
        ("a===b", "'a===b'"),
        ("a=!b", "'a=!b'"),
        ("=b", "'=b'"),
        ("!", "'!'"),
        ("!a=b", "'!a=b'"),
        ("!a in (b)", "'!a in (b)'"),
        ("a in", "'a in'"),
        ("a in (b", "'a in (b'"),
        ("a in b", "'a in b'"),
        ("a in (b c)", "'b c'"),
        ("a in ((b))", "'a in ((b))'"),
        ("a > 1", "'a > 1'"),
        ("a < 1", "'a < 1'"),
        ("-a", "'-a' is no key"),
        ("a-", "'a-' is no key"),
        ("/a", "'/a' is no key"),
        ("a/", "'a/' is no key"),
        ("a/b/c", "'a/b/c' is no key"),
        ("A.com/b", "'A.com/b' is no key"),
        ("a" * 64, "is no key"),
        ("a" * 254 + "/b", "is no key"),
        ("a=é", "'é' is no value"),
        ("a=-b", "'-b' is no value"),
        ("a=" + "b" * 64, "is no value"),
        ("ok=1,a in (b,c/d)", "'c/d' is no value"),
    ],
)
def test_what_is_no_selector_is_named(text: str, found: str) -> None:
    with pytest.raises(ValueError, match=re.escape(found)):
        parse_selector(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("b = c , a", "a,b=c"),
        ("a in (d, c,d)", "a in (c,d)"),
        ("a in (c)", "a=c"),
        ("a notin (c)", "a!=c"),
        ("a notin (c,)", "a notin (,c)"),
        ("! a", "!a"),
        ("a==", "a="),
        ("", ""),
    ],
)
def test_the_same_selector_has_the_same_text_which_reads_as_itself(text: str, canonical: str) -> None:
    selector = parse_selector(text)
    assert str(selector) == canonical
    assert parse_selector(canonical) == selector


def test_a_selector_without_requirements_takes_everything() -> None:
    assert Selector().takes({})
