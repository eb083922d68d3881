import dns.rcode
import pytest

from kdns.wire.rcodes import RCODES, mnemonic


@pytest.mark.parametrize("name", sorted(set(RCODES) - {"NOTIMPL", "DSOTYPENI", "BADSIG"}))
def test_mnemonics_are_the_registrys(name: str) -> None:
    assert RCODES[name] == dns.rcode.from_text(name)
    assert mnemonic(RCODES[name]) == name


@pytest.mark.parametrize(
    ("rcode", "expected"), [(4, "NOTIMP"), (11, "DSOTYPENI"), (12, "12"), (16, "BADSIG"), (3841, "3841")]
)
def test_what_has_two_mnemonics_or_none(rcode: int, expected: str) -> None:
    assert mnemonic(rcode) == expected
