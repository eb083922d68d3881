"""kdns.sources.fields: single values in their one form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.sources.fields import canonical, shorten


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        ("256.0.0.1", None),
        ("1.2.3", None),
        ("1.2.3.4\n", None),
        ("١.2.3.4", None),
        ("::FFFF:0:1", "::ffff:0:1"),
        ("fe80::1%eth0", None),
    ],
)
def test_canonical_addresses(text: str, form: str | None) -> None:
    assert canonical(text) == form


@given(st.ip_addresses())
def test_canonical_is_what_ipaddress_writes(address: Any) -> None:
    assert canonical(str(address)) == canonical(address.exploded) == str(address)


def test_reasons_stay_short_and_on_one_line() -> None:
    assert shorten("a\nb") == r"'a\nb'"
    assert len(shorten("x" * 1000)) < 90
