from collections.abc import Sequence

import pytest

from kdns.plugins._hostsfile import HostsTable, read_hosts
from kdns.wire import codes
from kdns.wire.names import from_text, to_text
from kdns.wire.presentation import rdata_to_text
from kdns.wire.rrsets import address

FILE = """\
# a comment
127.0.0.1\tlocalhost localhost.localdomain
::1 localhost
192.0.2.10 Example.com  # a comment
192.0.2.12 a.example.com\r
192.0.2.13 a.example.com.
2001:db8::1 a.example.com
192.0.2.11 *.example.com
2001:db8::2 *.v6.example.com
fe80::1%eth0 scoped.example.com
::ffff:192.0.2.99 mapped.example.com
192.0.2.22 x.*.example.com
192.0.2.25 esc\\.aped.example.com
192.0.2.28 *.org
192.0.2.29 *
192.0.2.30 @
"""


def table(text: str = FILE, zones: Sequence[str] = (".",), has_reverse: bool = True) -> HostsTable:
    return read_hosts(text, [from_text(zone) for zone in zones], has_reverse)


def addresses(found: HostsTable, name: str, qtype: str = "A") -> list[str]:
    rtype = codes.type_from_text(qtype)
    return [rdata_to_text(rtype, each) for each in found.addresses(from_text(name), rtype)]


def names(found: HostsTable, of: str) -> list[str]:
    return [to_text(name) for name in found.names(address(of))]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("localhost. A", "127.0.0.1"),
        ("localhost. AAAA", "::1"),
        ("localhost.localdomain. A", "127.0.0.1"),
        ("localhost.localdomain. AAAA", ""),
        ("example.com. A", "192.0.2.10"),
        ("a.example.com. A", "192.0.2.12 192.0.2.13"),
        ("a.example.com. AAAA", "2001:db8::1"),
        ("scoped.example.com. AAAA", "fe80::1"),
        ("mapped.example.com. A", "192.0.2.99"),
        ("mapped.example.com. AAAA", ""),
        (r"esc\.aped.example.com. A", "192.0.2.25"),
        ("@. A", "192.0.2.30"),
        (". A", ""),
    ],
)
def test_a_name_has_the_addresses_of_its_family_in_the_order_of_the_file(
    question: str, expected: str
) -> None:
    assert addresses(table(), *question.split()) == expected.split()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("b.example.com. A", "192.0.2.11"),
        ("*.example.com. A", "192.0.2.11"),
        ("b.example.com. AAAA", ""),
        ("scoped.example.com. A", "192.0.2.11"),  # each family for itself
        ("a.v6.example.com. AAAA", "2001:db8::2"),
        ("a.b.example.com. A", ""),
        ("x.y.example.com. A", ""),
        ("x.*.example.com. A", "192.0.2.22"),
        ("b.org. A", "192.0.2.28"),
        ("org. A", ""),
        ("b. A", ""),
        ("*. A", ""),
    ],
)
def test_a_wildcard_stands_for_one_label_where_the_name_has_no_address(question: str, expected: str) -> None:
    assert addresses(table(), *question.split()) == expected.split()


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("127.0.0.1", "localhost. localhost.localdomain."),
        ("::1", "localhost."),
        ("192.0.2.10", "example.com."),
        ("192.0.2.99", "mapped.example.com."),
        ("fe80::1", "scoped.example.com."),
        ("192.0.2.11", ""),
        ("192.0.2.1", ""),
    ],
)
def test_an_address_has_the_names_of_its_lines_but_for_wildcards(of: str, expected: str) -> None:
    assert names(table(), of) == expected.split()


@pytest.mark.parametrize(
    "line",
    [
        *("", "192.0.2.1", "# 192.0.2.1 a", "010.0.0.1 a", "1.2.3 a", "x a", "192.0.2.1 #a"),
        *("192.0.2.1 a..b é", f"192.0.2.1 {'x' * 64}"),
    ],
)
def test_what_says_nothing_is_left_out(line: str) -> None:
    assert table(line).size == 0


def test_only_names_in_the_zones_count_and_names_of_addresses_only_if_wanted() -> None:
    found = table(zones=["example.com.", "org."], has_reverse=False)
    assert addresses(found, "localhost.") == []
    assert addresses(found, "a.example.com.") == ["192.0.2.12", "192.0.2.13"]
    assert names(found, "192.0.2.10") == []


def test_the_size_counts_addresses_and_names_repeated_ones_too() -> None:
    assert table("192.0.2.1 a b\n192.0.2.1 a\n::1 *.c\n").size == 3 * 2 + 1


def test_a_long_file_is_read_to_its_end() -> None:
    found = table("".join(f"0.0.0.0 host{number}.example\n" for number in range(3000)))
    assert addresses(found, "host2999.example.") == ["0.0.0.0"]
    assert len(found.names(bytes(4))) == 3000
