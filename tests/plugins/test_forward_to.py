import logging
from pathlib import Path

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Position, Word
from kdns.plugins._forward_to import To, upstreams
from kdns.upstreams.options import Address

PLAIN, NAMED = Address("192.0.2.1"), Address("192.0.2.1", 853)


def read(*texts: str, server_name: str = "") -> tuple[To, ...]:
    words = [Word(text, Position("Corefile", 1, column)) for column, text in enumerate(texts, 1)]
    return upstreams(words, server_name)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files to name, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resolv.conf").write_text("search a.example\nnameserver 192.0.2.7\nnameserver 2001:db8::7\n")
    (tmp_path / "partly").write_text("nameserver 192.0.2.1\nnameserver dns.example\n")
    (tmp_path / "nobody").write_text("search a.example\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0nameserver\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", To(PLAIN)),
        ("192.0.2.1:5353", To(Address("192.0.2.1", 5353))),
        ("dns://192.0.2.1", To(PLAIN)),
        ("dns://192.0.2.1:5353", To(Address("192.0.2.1", 5353))),
        ("2001:db8::1", To(Address("2001:db8::1"))),
        ("[2001:db8::1]", To(Address("2001:db8::1"))),
        ("[2001:db8::1]:5353", To(Address("2001:db8::1", 5353))),
        ("2001:db8::1:53", To(Address("2001:db8::1:53"))),
        ("fe80::1%lo", To(Address("fe80::1%lo"))),
        ("[fe80::1%lo]:5353", To(Address("fe80::1%lo", 5353))),
        ("fe80::1%", To(Address("fe80::1"))),
        ("192.0.2.1%lo", To(PLAIN)),
        ("tls://192.0.2.1", To(NAMED, "tls")),
        ("tls://192.0.2.1:8853", To(Address("192.0.2.1", 8853), "tls")),
        ("tls://192.0.2.1%dns.example", To(NAMED, "tls", "dns.example")),
        ("tls://192.0.2.1%dns.example.", To(NAMED, "tls", "dns.example")),
        ("tls://192.0.2.1%dns.example:8853", To(Address("192.0.2.1", 8853), "tls", "dns.example")),
        ("tls://[2001:db8::1%dns.example]:8853", To(Address("2001:db8::1", 8853), "tls", "dns.example")),
        ("tls://2001:db8::1%dns.example", To(Address("2001:db8::1", 853), "tls", "dns.example")),
    ],
)
def test_addresses(text: str, expected: To) -> None:
    assert read(text) == (expected,)


def test_each_address_counts_once_and_in_order() -> None:
    found = read("192.0.2.2", "192.0.2.1", "192.0.2.2:53", "dns://192.0.2.2", "192.0.2.2:54")
    assert [str(to.address) for to in found] == ["192.0.2.2:53", "192.0.2.1:53", "192.0.2.2:54"]


def test_the_server_name_is_for_those_over_tls() -> None:
    assert read("tls://192.0.2.1", "192.0.2.1", server_name="dns.example") == (
        To(NAMED, "tls", "dns.example"),
        To(PLAIN),
    )


def test_a_zone_that_is_no_interface_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert read("fe80::1%nosuch0") == (To(Address("fe80::1")),)
    assert caplog.messages == [
        "fe80::1%nosuch0: this machine has no such interface; the address is used without it"
    ]


@pytest.mark.parametrize(
    "text", ["resolv.conf", "./resolv.conf", "{folder}/resolv.conf", "dns://resolv.conf"]
)
def test_a_file_is_the_name_servers_in_it(folder: Path, text: str) -> None:
    found = read("192.0.2.1", text.format(folder=folder), "192.0.2.7")
    assert found == (To(PLAIN), To(Address("192.0.2.7")), To(Address("2001:db8::7")))


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("nobody", "nobody: no nameservers found"),
        ("binary", "binary: no nameservers found"),
        ("partly", "partly: line 2: found dns.example after nameserver, expected an IP address"),
    ],
)
def test_what_a_file_should_not_say_is_logged(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str, warning: str
) -> None:
    assert read("192.0.2.1", name) == (To(PLAIN),)
    assert caplog.record_tuples == [("kdns.plugins.forward", logging.WARNING, warning)]


@pytest.mark.parametrize(
    ("texts", "column", "found"),
    [
        (["192.0.2.1", "192.0.2.1:"], 2, "'192.0.2.1:', expected a port from 1 to 65535"),
        (["192.0.2.1:0"], 1, "'192.0.2.1:0', expected a port"),
        (["192.0.2.1:65536"], 1, "'192.0.2.1:65536', expected a port"),
        (["192.0.2.1:domain"], 1, "'192.0.2.1:domain', expected a port"),
        (["300.0.2.1"], 1, "'300.0.2.1', which is neither an IP address nor a file (No such file"),
        (["dns.example"], 1, "host names are not looked up yet"),
        (["resolv.conf:53"], 1, "'resolv.conf:53', which is neither"),
        (["."], 1, "'.', which is neither an IP address nor a file (Is a directory)"),
        (["a\0b"], 1, "'a\\x00b', which is neither an IP address nor a file (embedded null byte)"),
        (["nobody"], 1, "'nobody', which names no name server"),
        (["nobody", "binary"], 1, "'nobody', which names no name server"),
        (["tls://resolv.conf"], 1, "'tls://resolv.conf', a file, whose name servers are not asked over TLS"),
        (["https://192.0.2.1"], 1, "DNS over HTTPS, which kdns does not have yet"),
        (["https://192.0.2.1/dns-query"], 1, "DNS over HTTPS, which kdns does not have yet"),
        (["quic://192.0.2.1"], 1, "'quic://192.0.2.1', expected an IP address"),
        (["tsl://192.0.2.1"], 1, "did you mean 'tls://192.0.2.1'?"),
        (["dns://"], 1, "'dns://', expected an IP address"),
        (["tls://192.0.2.1%a..b"], 1, "'a..b' (empty label), expected the name of a server"),
        ([f"192.0.2.{last}" for last in range(1, 17)], 16, "'192.0.2.16', expected at most 15 upstreams"),
    ],
)
def test_what_is_no_upstream_is_an_error(folder: Path, texts: list[str], column: int, found: str) -> None:
    with pytest.raises(CorefileError) as raised:
        read(*texts)
    assert str(raised.value).startswith(f"Corefile:1:{column}: found ")
    assert found in str(raised.value)


def test_a_server_has_one_name() -> None:
    with pytest.raises(CorefileError, match="beside the tls_servername 'other', expected one name"):
        read("tls://192.0.2.1%dns.example", server_name="other")
    with pytest.raises(CorefileError, match="empty label"):
        read("tls://192.0.2.1", server_name="a..b")
