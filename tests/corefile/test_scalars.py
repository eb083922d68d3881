from typing import Any

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.scalars import Scalar, address, choice, duration, integer, text, zone, zones
from kdns.corefile.values import Position, Word
from kdns.wire.names import from_text

PLACE = Position("f", 1, 1)
name = from_text

VALUES: list[tuple[Scalar[Any], str, object]] = [
    (text, "a b", "a b"),
    (integer(), "-5", -5),
    (integer(0, 10), "+010", 10),
    (duration(), "0", 0.0),
    (duration(), "-0", 0.0),
    (duration(), "5s", 5.0),
    (duration(), "1m30s", 90.0),
    (duration(), "1h1m1s1ms1us1ns", 3661.001001001),
    (duration(), "1.5h", 5400.0),
    (duration(), ".5s", 0.5),
    (duration(), "1.s", 1.0),
    (duration(), "-1.5s", -1.5),
    (duration(), "+250ms", 0.25),
    (duration(), "1µs1μs", 2e-6),
    (duration(), "0.0000000001s", 0.0),
    (duration(may_be_bare=True), "30", 30.0),
    (duration(may_be_bare=True), "30ms", 0.03),
    (choice("a", "b"), "b", "b"),
    (zones, "A.example", (name("a.example."),)),
    (zones, "10.96.0.0/15", (name("96.10.in-addr.arpa."), name("97.10.in-addr.arpa."))),
    (zones, "dns://a:53", (name("a."),)),
    (zone, ".", name(".")),
    (address, ":8080", ("", 8080)),
    (address, "0.0.0.0:8080", ("", 8080)),
    (address, "[::]:8080", ("", 8080)),
    (address, "localhost:9153", ("localhost", 9153)),
    (address, "127.0.0.1:80", ("127.0.0.1", 80)),
    (address, "[127.0.0.1]:80", ("127.0.0.1", 80)),
    (address, "[0:0::1]:1", ("::1", 1)),
    (address, "[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
    (address, "localhost:", ("localhost", 0)),
    (address, ":", ("", 0)),
    (address, "[]:80", ("", 80)),
    (address, ":00065535", ("", 65535)),
]


@pytest.mark.parametrize(("scalar", "written", "value"), VALUES)
def test_a_word_has_a_value(scalar: Scalar[Any], written: str, value: object) -> None:
    assert scalar(Word(written, PLACE)) == value


LISTEN = "an address and a port such as :8080, 127.0.0.1:8080 or [::1]:8080"
DURATION = "a duration such as 5s or 1m30s"
ERRORS: list[tuple[Scalar[Any], str, str]] = [
    (integer(), "x", "found 'x', expected an integer"),
    (integer(), "", "found '', expected an integer"),
    (integer(), "1_0", "found '1_0', expected an integer"),
    (integer(), "٣", "found '٣', expected an integer"),
    (integer(0), "-1", "found '-1', expected an integer from 0"),
    (integer(0, 3600), "3601", "found '3601', expected an integer from 0 to 3600"),
    (integer(most=5), "6", "found '6', expected an integer up to 5"),
    (integer(), "9" * 30, f"found '{'9' * 30}', expected an integer"),
    (duration(), "5", f"found '5', expected {DURATION}"),
    (duration(), "", f"found '', expected {DURATION}"),
    (duration(), ".s", f"found '.s', expected {DURATION}"),
    (duration(), "5 s", f"found '5 s', expected {DURATION}"),
    (duration(), "5d", f"found '5d', expected {DURATION}"),
    (duration(), "-", f"found '-', expected {DURATION}"),
    (duration(), "--5s", f"found '--5s', expected {DURATION}"),
    (duration(), "9999999h", f"found '9999999h', expected {DURATION}"),
    (duration(0), "-5s", f"found '-5s', expected {DURATION} from 0s"),
    (duration(1, 86400), "500ms", f"found '500ms', expected {DURATION} from 1s to 86400s"),
    (choice("insecure", "verified"), "insecur", "found 'insecur', expected one of insecure, verified; did you"
     " mean 'insecure'?"),
    (zones, "a..b", "found 'a..b' (empty label), expected a domain name or network"),
    (zones, "http://a:", "found 'http://a:', expected a zone, or zone:port"),
    (zone, "10.96.0.0/12", "found '10.96.0.0/12', which is 16 zones, expected one zone"),
    (address, "8080", f"found '8080', expected {LISTEN}; did you mean ':8080'?"),
    (address, "*:8080", f"found '*:8080', expected {LISTEN}; did you mean ':8080'?"),
    (address, "::1:8080", f"found '::1:8080', expected {LISTEN}; did you mean '[::1]:8080'?"),
    (address, "[::1]", f"found '[::1]', expected {LISTEN}"),
    (address, "localhost", f"found 'localhost', expected {LISTEN}"),
    (address, "localhost:http", f"found 'localhost:http', expected {LISTEN}"),
    (address, "10.0.0.256:80", f"found '10.0.0.256:80', expected {LISTEN}"),
    (address, "a b:80", f"found 'a b:80', expected {LISTEN}; did you mean ':80'?"),
    (address, ":65536", f"found ':65536', expected {LISTEN}"),
    (address, ":-1", f"found ':-1', expected {LISTEN}"),
    (address, ":٣", f"found ':٣', expected {LISTEN}"),
    (address, ":" + "9" * 30, f"found ':{'9' * 30}', expected {LISTEN}"),
]  # fmt: skip


@pytest.mark.parametrize(("scalar", "written", "message"), ERRORS)
def test_a_word_without_a_value_is_an_error(scalar: Scalar[Any], written: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        scalar(Word(written, PLACE))
    assert str(caught.value) == f"f:1:1: {message}"
