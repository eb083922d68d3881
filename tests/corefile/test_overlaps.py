from itertools import product

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.overlaps import Claim, refuse_overlaps

from .builders import corefile

A, B = "192.0.2.1", "192.0.2.2"

CASES = [
    ("a {\n}\nb {\n}", ["", ""], [], True),
    ("a {\n}\na {\n}", ["", ""], [], False),
    ("a {\n}\ntls://a:53 {\n}", ["", ""], [], True),
    ("a {\n}\na:54 {\n}", ["", ""], [], True),
    ("a {\n}\na {\n}", [A, B], [], True),
    ("a {\n}\na {\n}", [A, A], [], False),
    ("a {\n}\na {\n}", [A, ""], [], False),
    ("a {\n}\na {\n}", ["", A], [], False),
    ("a {\n}\na {\n}", ["", ""], [0], True),
    ("a {\n}\na {\n}", ["", ""], [1], True),
    ("a {\n}\na {\n}", ["", ""], [0, 1], True),
    ("a {\n}\na {\n}", [A, A], [1], True),
    ("a {\n}\na {\n}", [A, ""], [1], False),
    ("a {\n}\na {\n}", ["", A], [1], False),
    ("a {\n}\na {\n}", ["", A], [0], True),
]


@pytest.mark.parametrize(("text", "addresses", "filtered", "is_fine"), CASES)
def test_claims_overlap_as_in_coredns(
    text: str, addresses: list[str], filtered: list[int], is_fine: bool
) -> None:
    blocks = corefile(text).blocks
    claims = [Claim(block.keys[0], addresses[n], n in filtered) for n, block in enumerate(blocks)]
    if is_fine:
        refuse_overlaps(claims)
    else:
        with pytest.raises(CorefileError):
            refuse_overlaps(claims)


def test_the_error_names_both_places() -> None:
    read = corefile("b a {\n}\n10.96.0.0/12 A:53 {\n}")
    with pytest.raises(CorefileError) as caught:
        refuse_overlaps(Claim(key, A) for block in read.blocks for key in block.keys)
    assert str(caught.value) == (
        "/etc/coredns/Corefile:3:14: found dns://a.:53 on 192.0.2.1, which is served at "
        "/etc/coredns/Corefile:1:3 already, expected each zone and port once"
    )


def test_claims_of_different_keys_never_overlap() -> None:
    keys = corefile("a b a:54 tls://a {\n}").blocks[0].keys
    refuse_overlaps(Claim(key, address) for key, address in product(keys, [A, B]))
