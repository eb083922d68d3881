import socket

import pytest

from kdns.answering.queries import Edns
from kdns.plugins.nsid import Nsid
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import query


def adjusted(text: str, options: bytes) -> bytes:
    """Return the options that a query has in the end."""
    asked = query("x.")._replace(edns=Edns(1232, 0, 0, options))
    found = lent(Nsid, text).adjust(asked).edns
    assert found is not None
    assert (found.udp_size, found.flags) == (1232, 0)
    return found.options


COOKIE = b"\0\x0a\0\x08abcdefgh"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"", b""),
        (COOKIE, COOKIE),
        (b"\0\3\0\0", b"\0\3\0\4me 1"),
        (COOKIE + b"\0\3\0\1x" + COOKIE, COOKIE + b"\0\3\0\4me 1" + COOKIE),
    ],
)
def test_who_asks_for_it_is_told(options: bytes, expected: bytes) -> None:
    assert adjusted("nsid me 1", options) == expected


def test_without_an_argument_it_is_the_name_of_the_host() -> None:
    assert adjusted("nsid", b"\0\3\0\0")[4:] == socket.gethostname().encode()


def test_a_query_without_an_opt_stays_as_it_is() -> None:
    assert lent(Nsid, "nsid").adjust(query("x.")) == query("x.")


def test_there_is_one_for_a_server_block() -> None:
    expected = "3:1: found a second 'nsid', expected one in a server block, that at Corefile:2:1"
    assert refusal(Nsid, "nsid a\nnsid b") == expected
