from socket import AF_INET, AF_INET6

import pytest

from kdns.servers.addresses import ListenAddress, parse_listen

READABLE = [
    ("127.0.0.1:1053", ListenAddress("127.0.0.1", 1053)),
    ("1.2.3.4", ListenAddress("1.2.3.4", 53)),
    ("[::1]:53", ListenAddress("::1", 53)),
    ("[::1]", ListenAddress("::1", 53)),
    ("[0:0::1]:53", ListenAddress("::1", 53)),
    ("[fe80::1%eth0]:5", ListenAddress("fe80::1%eth0", 5)),
    ("[::]:53", ListenAddress("::", 53)),
    ("0.0.0.0:53", ListenAddress("0.0.0.0", 53)),
    (":53", ListenAddress("", 53)),
    ("*:53", ListenAddress("", 53)),
    ("*", ListenAddress("", 53)),
    ("127.0.0.1:0", ListenAddress("127.0.0.1", 0)),
    ("127.0.0.1:65535", ListenAddress("127.0.0.1", 65535)),
]
UNREADABLE = [
    ("", "expected ADDR:PORT"),
    ("::1", "in brackets"),
    ("::1:53", "in brackets"),
    ("[::1", "expected ADDR:PORT"),
    ("[::1]53", "expected ADDR:PORT"),
    ("[127.0.0.1]:53", "brackets are for IPv6"),
    ("[]:53", "not an IP address"),
    ("localhost:53", "not an IP address"),
    ("1053", "did you mean :1053?"),
    ("127.0.0.1:", "not a port"),
    ("127.0.0.1:dns", "not a port"),
    ("127.0.0.1:-1", "not a port"),
    ("127.0.0.1:65536", "not a port"),
    ("127.0.0.1:\u0663", "not a port"),
    ("127.0.0.1 :53", "not an IP address"),
    ("127.0.0.1:53\n", "not a port"),
]


@pytest.mark.parametrize(("text", "address"), READABLE)
def test_what_people_write_is_understood(text: str, address: ListenAddress) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize(("text", "reason"), UNREADABLE)
def test_what_cannot_be_meant_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_listen(text)
    assert reason in str(caught.value)
    assert repr(text) in str(caught.value)


def test_the_default_port_is_the_caller_s() -> None:
    assert parse_listen("127.0.0.1", 1053).port == 1053


def test_an_address_without_host_needs_a_socket_in_each_family() -> None:
    assert parse_listen(":53").by_family() == [(AF_INET, "0.0.0.0"), (AF_INET6, "::")]


def test_an_address_with_a_host_needs_one_family() -> None:
    assert parse_listen("0.0.0.0:53").by_family() == [(AF_INET, "0.0.0.0")]
    assert parse_listen("[::]:53").by_family() == [(AF_INET6, "::")]


@pytest.mark.parametrize("text", ["127.0.0.1:53", "[::1]:53", ":53"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_listen(text)) == text
