import ssl
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile
from kdns.plugins._forward_options import ForwardOptions, read_forward
from kdns.upstreams.group import GroupOptions
from kdns.upstreams.options import Options
from kdns.wire.names import Name, from_text
from tests.upstreams.certificates import make_certificate


def read(text: str) -> ForwardOptions:
    """Read what stands after `forward`; the lines of a block are written with `|` between them."""
    head, brace, block = text.partition("{")
    text = head + (brace and "{\n" + block.replace("|", "\n").replace("}", "\n}"))
    (directive,) = parse_corefile(f". {{\nforward {text}\n}}", "Corefile", {}).blocks[0].directives
    return read_forward(directive)


def each(options: ForwardOptions) -> Options:
    return options.group.upstreams[0]._options


def changed(options: Options | GroupOptions) -> dict[str, Any]:
    """Return the fields that are not as they are by default."""
    default = type(options)()
    pairs = ((field.name, getattr(options, field.name)) for field in fields(options))
    return {name: value for name, value in pairs if value != getattr(default, name)}


def zones(*texts: str) -> frozenset[Name]:
    return frozenset(map(from_text, texts))


def test_the_shortest_directive() -> None:
    options = read(". 192.0.2.1 tls://192.0.2.2%dns.example")
    assert (options.zone, options.excepted, options.next_rcodes) == (b"\0", frozenset(), frozenset())
    assert options.next_on_nodata is False
    assert [str(upstream.address) for upstream in options.group.upstreams] == [
        "192.0.2.1:53",
        "192.0.2.2:853",
    ]
    assert changed(options.group._options) == {}
    assert changed(read(". 192.0.2.1").group.upstreams[0]._options) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".", "."),
        ("Example.ORG", "example.org."),
        ("dns://example.org:53", "example.org."),
        ("10.0.0.0/8", "10.in-addr.arpa."),
        ("10.0.0.0/9", "0.10.in-addr.arpa."),
        ("2001:db8::/33", "0.8.b.d.0.1.0.0.2.ip6.arpa."),
    ],
)
def test_from_is_one_zone(text: str, expected: str) -> None:
    assert read(f"{text} 192.0.2.1").zone == from_text(expected)


def test_a_network_of_several_zones_is_the_first_of_them_and_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    read("10.0.0.0/9 192.0.2.1")
    assert caplog.messages == [
        "Unsupported CIDR notation: '10.0.0.0/9' expands to multiple zones. Using only '0.10.in-addr.arpa.'."
    ]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("policy round_robin", {"policy": "round_robin"}),
        ("policy random | policy sequential", {"policy": "sequential"}),
        ("max_concurrent 1000", {"max_concurrent": 1000}),
        ("max_connect_attempts 3", {"attempts": 3}),
        ("max_connect_attempts 0", {"attempts": 0}),
        ("force_tcp | prefer_udp", {"force_tcp": True, "prefer_udp": True}),
        ("failfast_all_unhealthy_upstreams", {"failfast_all_unhealthy": True}),
        ("failover ServFail REFUSED | failover NOTIMPL", {"failover": frozenset({2, 4, 5})}),
    ],
)
def test_properties_of_the_group(block: str, expected: dict[str, Any]) -> None:
    assert changed(read(f". 192.0.2.1 {{ {block} }}").group._options) == expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("expire 0", {"expire": 0.0}),
        ("max_age 10s", {"max_age": 10.0}),
        ("expire 2s | max_age 3s", {"expire": 2.0, "max_age": 3.0}),
        ("max_age 0s", {}),
        ("max_idle_conns 7", {"max_idle_conns": 7}),
        ("read_timeout 500ms", {"read_timeout": 0.5}),
        ("max_fails 0", {"max_fails": 0}),
        ("source_address 127.0.0.1", {"source_address": "127.0.0.1"}),
        ("force_tcp", {"probe_over_tcp": True}),
        ("health_check 5s", {"probe_interval": 5.0}),
        (
            "health_check 0 no_rec domain Probe.example",
            {
                "probe_interval": 0.0,
                "probe_recursion": False,
                "probe_name": from_text("probe.example."),
            },
        ),
        ("tls_servername dns.example", {}),
    ],
)
def test_properties_of_each_upstream(block: str, expected: dict[str, Any]) -> None:
    assert changed(each(read(f". 192.0.2.1 {{ {block} }}"))) == expected


def test_properties_of_the_directive() -> None:
    options = read(
        ". 192.0.2.1 { except A b. | except 10.0.0.0/15 | next nxdomain | next 'BADKEY' SERVFAIL }".replace(
            "'", '"'
        )
    )
    assert options.excepted == zones("a.", "b.", "0.10.in-addr.arpa.", "1.10.in-addr.arpa.")
    assert options.next_rcodes == {2, 3, 17}
    assert read(". 192.0.2.1 { next_on_nodata }").next_on_nodata is True


@pytest.mark.parametrize(
    ("to", "block", "expected"),
    [
        ("tls://192.0.2.1", "tls_servername dns.example.", "dns.example"),
        ("tls://192.0.2.1", 'tls_servername ""', ""),
        ("tls://192.0.2.1%other.example", "tls", "other.example"),
    ],
)
def test_the_server_name_of_an_upstream(to: str, block: str, expected: str) -> None:
    assert each(read(f". {to} {{ {block} }}")).server_name == expected


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    ("arguments", "has_own_ca"),
    [("", False), ("cert.pem", True), ("cert.pem key.pem", False), ("cert.pem key.pem cert.pem", True)],
)
def test_tls_takes_a_ca_or_a_certificate_and_its_key_or_all_three(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, has_own_ca: bool
) -> None:
    monkeypatch.chdir(folder)
    context = each(read(f". tls://192.0.2.1 tls://192.0.2.2 {{ tls {arguments} }}")).tls
    assert context is not None and context.verify_mode == ssl.CERT_REQUIRED
    names = [authority["subject"] for authority in context.get_ca_certs()]
    assert ((("commonName", "dns.example"),) in [pair for name in names for pair in name]) == has_own_ca


def test_all_upstreams_over_tls_share_what_they_trust() -> None:
    options = read(". tls://192.0.2.1 tls://192.0.2.2%dns.example")
    first, second = (upstream._options.tls for upstream in options.group.upstreams)
    assert first is second is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "2:1: found no arguments of 'forward', expected 2 or more"),
        (".", "2:1: found 1 argument of 'forward', expected 2 or more"),
        ('"" 192.0.2.1', "2:9: found '', expected a zone"),
        ("a..b 192.0.2.1", "2:9: found 'a..b' (empty label)"),
        (". nosuch.conf", "2:11: found 'nosuch.conf'"),
    ],
)
def test_what_is_no_directive_is_an_error(text: str, message: str) -> None:
    with pytest.raises(CorefileError) as raised:
        read(text)
    assert str(raised.value).startswith(f"Corefile:{message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("except", "1: found no arguments of 'except'"),
        ("except a..b", "8: found 'a..b'"),
        ("max_fails", "1: found no arguments"),
        ("max_fails -1", "11: found '-1', expected an integer from 0 to 4294967295"),
        ("max_fails 4294967296", "11: found '4294967296'"),
        ("max_fails 1 2", "13: found 2 arguments"),
        ("force_tcp yes", "11: found 1 argument of 'force_tcp', expected none"),
        ("prefer_udp yes", "12: found 1 argument"),
        ("expire 5", "8: found '5', expected a duration"),
        ("expire -5s", "8: found '-5s'"),
        ("max_age 5s", "1: found a max_age of 5s, expected 0, or at least the 10s of expire"),
        ("max_idle_conns -1", "16: found '-1'"),
        ("read_timeout 0s", "14: found '0s', expected a duration longer than 0"),
        ("read_timeout -1s", "14: found '-1s'"),
        ("health_check", "1: found no arguments"),
        ("health_check -1s", "14: found '-1s'"),
        ("health_check 1s no_rec domain", "24: found nothing after 'domain', expected a domain name"),
        ("health_check 1s domain a..b", "24: found 'a..b' (empty label), expected a domain name"),
        (
            "health_check 1s norec",
            "17: found 'norec', expected no_rec, or domain and a name; did you mean 'no_rec'?",
        ),
        ("tls a b c d", "11: found 4 arguments"),
        ("tls nosuch.pem", "5: found 'nosuch.pem' (No such file or directory), expected a file of CA"),
        ("tls key.pem", "5: found 'key.pem' (NO_CERTIFICATE"),
        (
            "tls cert.pem nosuch.pem",
            "5: found 'cert.pem' (No such file or directory), expected a certificate and",
        ),
        ("tls cert.pem locked.pem", "5: found 'cert.pem' ("),
        ("tls cert.pem key.pem nosuch.pem", "22: found 'nosuch.pem'"),
        ("tls_servername", "1: found no arguments"),
        ("tls_servername a..b", "16: found 'a..b'"),
        ("policy fastest", "8: found 'fastest', expected one of random, round_robin, sequential"),
        ("max_concurrent -1", "16: found '-1'"),
        ("max_concurrent many", "16: found 'many'"),
        ("next", "1: found no arguments"),
        ("next NXDOMAN", "6: found 'NXDOMAN', expected the mnemonic of an RCODE; did you mean 'NXDOMAIN'?"),
        ("next 3", "6: found '3'"),
        ("next BADVERS", "6: found 'BADVERS'"),
        ("next_on_nodata yes", "16: found 1 argument"),
        ("failfast_all_unhealthy_upstreams yes", "34: found 1 argument"),
        ("failover", "1: found no arguments"),
        ("failover noerror", "10: found 'noerror', expected the mnemonic of an RCODE other than NOERROR"),
        ("failover NOPE", "10: found 'NOPE'"),
        ("max_connect_attempts -1", "22: found '-1'"),
        ("source_address 127.0.0.1:53", "16: found '127.0.0.1:53', expected an IP address"),
        ("source_address fe80::1%lo", "16: found 'fe80::1%lo', expected an IP address without a zone"),
        (
            "resolver 192.0.2.53",
            "1: found the property 'resolver' of 'forward', which kdns does not have yet",
        ),
        ("doh_method GET", "1: found the property 'doh_method' of 'forward', which kdns does not have yet"),
        (
            "max_conncurrent 5",
            "1: found 'max_conncurrent', expected a property of 'forward'; did you mean 'max_concurrent'?",
        ),
    ],
)
def test_what_is_no_property_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(CorefileError) as raised:
        read(f". 192.0.2.1 {{{line}}}")
    assert str(raised.value).startswith(f"Corefile:3:{message}")
