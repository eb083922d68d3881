import pytest

from kdns.answering.queries import Edns
from kdns.plugins.bufsize import Bufsize
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import query


def adjusted(text: str, size: int) -> int:
    """Return the UDP size that a query has in the end."""
    asked = query("x.")._replace(edns=Edns(size, 0x8000, 0, b"\0\3\0\0"))
    found = lent(Bufsize, text).adjust(asked)
    assert found.edns is not None
    assert found == asked._replace(edns=asked.edns and asked.edns._replace(udp_size=found.edns.udp_size))
    return found.edns.udp_size


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("bufsize", 4096, 1232),
        ("bufsize", 1232, 1232),
        ("bufsize", 512, 512),
        ("bufsize", 0, 0),
        ("bufsize 512", 65535, 512),
        ("bufsize 4096", 4097, 4096),
        ("bufsize 600\nbufsize 700", 4096, 600),
        ("bufsize 600\nbufsize no number", 4096, 600),
    ],
)
def test_a_udp_size_is_lowered_never_raised(text: str, size: int, expected: int) -> None:
    assert adjusted(text, size) == expected


def test_a_query_without_an_opt_stays_as_it_is() -> None:
    assert lent(Bufsize, "bufsize").adjust(query("x.")) == query("x.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bufsize 511", "2:9: found '511', expected an integer from 512 to 4096"),
        ("bufsize 4097", "2:9: found '4097', expected an integer from 512 to 4096"),
        ("bufsize big", "2:9: found 'big', expected an integer from 512 to 4096"),
        ("bufsize 512 512", "2:13: found 2 arguments of 'bufsize', expected at most 1"),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    assert refusal(Bufsize, text) == expected
