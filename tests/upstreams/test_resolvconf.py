import pytest

from kdns.upstreams.resolvconf import NoNameServers, name_servers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nameserver 192.0.2.1\n", ["192.0.2.1"]),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.1\n", ["192.0.2.1", "192.0.2.2"]),
        ("search a.example b.example\noptions ndots:5\n  nameserver\t2001:DB8:0::1", ["2001:db8::1"]),
        ("nameserver fe80::1%eth0\r\n", ["fe80::1%eth0"]),
        ("# nameserver 192.0.2.9\n;nameserver 192.0.2.9\nnameserver 192.0.2.1 # ours\n", ["192.0.2.1"]),
        ("domain nameserver\nnameservers 192.0.2.9\nnameserver 192.0.2.1 192.0.2.9", ["192.0.2.1"]),
    ],
)
def test_name_servers_in_order(text: str, expected: list[str]) -> None:
    assert name_servers(text) == (tuple(expected), ())


@pytest.mark.parametrize(
    "word", ["dns.example", "192.0.2", "192.0.2.1:53", "192.0.2.1#53", "[::1]", "fe80::1%"]
)
def test_a_line_that_names_no_address_is_a_complaint(word: str) -> None:
    found = name_servers(f"nameserver 192.0.2.1\nnameserver {word}\n")
    assert found.addresses == ("192.0.2.1",)
    assert found.complaints == (f"line 2: found {word} after nameserver, expected an IP address",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no nameservers found"),
        ("search a.example\n\n", "no nameservers found"),
        (
            "nameserver\nnameserver # none\n",
            "no nameservers found; line 1: found nothing after nameserver, expected an IP address; "
            "line 2: found nothing after nameserver, expected an IP address",
        ),
    ],
)
def test_none_at_all_is_an_error(text: str, message: str) -> None:
    with pytest.raises(NoNameServers) as raised:
        name_servers(text)
    assert str(raised.value) == message
