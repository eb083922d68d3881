import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.keys import read_keys
from kdns.corefile.values import Notice, Position, Word

PLACE = Position("f", 1, 1)

KEYS = [
    (".", ["dns://.:1053"]),
    (".:53", ["dns://.:53"]),
    ("Example.ORG", ["dns://example.org.:1053"]),
    ("example.org.:0053", ["dns://example.org.:53"]),
    ("a:+0", ["dns://a.:0"]),
    ("dns://a", ["dns://a.:1053"]),
    ("tls://a", ["tls://a.:853"]),
    ("https://a", ["https://a.:443"]),
    ("https3://a", ["https3://a.:443"]),
    ("grpc://a", ["grpc://a.:443"]),
    ("quic://a", ["quic://a.:853"]),
    ("tls://a:1853", ["tls://a.:1853"]),
    ("@", [r"dns://\@.:1053"]),
    (r"a\.b\046c", [r"dns://a\.b\.c.:1053"]),
    ("0/25.2.0.192.in-addr.arpa", ["dns://0/25.2.0.192.in-addr.arpa.:1053"]),
    ("0.0.0.0/0", ["dns://in-addr.arpa.:1053"]),
    ("10.0.0.0/8", ["dns://10.in-addr.arpa.:1053"]),
    ("10.1.2.3/8:53", ["dns://10.in-addr.arpa.:53"]),
    ("192.0.2.0/24", ["dns://2.0.192.in-addr.arpa.:1053"]),
    ("192.0.2.1/32", ["dns://1.2.0.192.in-addr.arpa.:1053"]),
    ("192.0.2.7/31", ["dns://6.2.0.192.in-addr.arpa.:1053", "dns://7.2.0.192.in-addr.arpa.:1053"]),
    ("248.0.0.0/6", [f"dns://{n}.in-addr.arpa.:1053" for n in range(248, 252)]),
    ("10.96.0.0/12", [f"dns://{n}.10.in-addr.arpa.:1053" for n in range(96, 112)]),
    ("tls://10.96.0.0/15", ["tls://96.10.in-addr.arpa.:853", "tls://97.10.in-addr.arpa.:853"]),
    ("2001:db8::/32", ["dns://8.b.d.0.1.0.0.2.ip6.arpa.:1053"]),
    ("2001:DB8::1/31:53", ["dns://8.b.d.0.1.0.0.2.ip6.arpa.:53", "dns://9.b.d.0.1.0.0.2.ip6.arpa.:53"]),
    ("fd00::/8", ["dns://d.f.ip6.arpa.:1053"]),
    ("1::/0", ["dns://ip6.arpa.:1053"]),
]


@pytest.mark.parametrize(("text", "keys"), KEYS, ids=[text for text, _ in KEYS])
def test_a_key_is_a_scheme_zones_and_a_port(text: str, keys: list[str]) -> None:
    notices: list[Notice] = []
    assert [str(key) for key in read_keys(Word(text, PLACE), 1053, notices)] == keys
    assert notices == []


ODD = [
    ("[::]:53", r"dns://\[\:\:\].:53", "'[::]:53' is read as the zone '[::]'"),
    ("a:b", r"dns://a\:b.:1053", "'a:b' is read as the zone 'a:b'"),
    ("a,b", r"dns://a\,b.:1053", "'a,b' is read as the zone 'a,b'"),
    ("10.0.0.1:53", "dns://10.0.0.1.:53", "'10.0.0.1:53' is read as the zone '10.0.0.1'"),
    ("fd00::1", r"dns://fd00\:.:1", "'fd00::1' is read as the zone 'fd00:'"),
    ("10.0.0.0/33", "dns://10.0.0.0/33.:1053", "'10.0.0.0/33' is read as the zone '10.0.0.0/33'"),
    ("10.0.0.0/+8", "dns://10.0.0.0/+8.:1053", "'10.0.0.0/+8' is read as the zone '10.0.0.0/+8'"),
]


@pytest.mark.parametrize(("text", "key", "notice"), ODD)
def test_what_coredns_takes_for_a_zone_is_one_with_a_notice(text: str, key: str, notice: str) -> None:
    notices: list[Notice] = []
    assert [str(each) for each in read_keys(Word(text, PLACE), 1053, notices)] == [key]
    assert [each.text for each in notices] == [notice]


SCHEMES = "one of dns://, tls://, https://, https3://, grpc://, quic:// and a zone"
ERRORS = [
    ("http://a", f"found 'http://a', expected {SCHEMES}; did you mean 'https://'?"),
    ("DNS://a", f"found 'DNS://a', expected {SCHEMES}; did you mean 'dns://'?"),
    ("unix://a", f"found 'unix://a', expected {SCHEMES}"),
    ("dns://tls://a", f"found 'dns://tls://a', expected {SCHEMES}"),
    ("a:", "found 'a:', expected a zone, or zone:port"),
    ("tls://", "found 'tls://', expected a zone, or zone:port"),
    (":53", "found ':53', expected a zone before the port, '.:53' for all names"),
    ("a:65536", "found 'a:65536', expected a port up to 65535 after the colon"),
    ("a:-1", "found 'a:-1', expected a port up to 65535 after the colon"),
    ("a:" + "9" * 50, "found 'a:" + "9" * 50 + "', expected a port up to 65535 after the colon"),
    ("a..b", "found 'a..b' (empty label), expected a domain name or network"),
    (
        "a\\",
        "found 'a\\\\' (nothing that a backslash could quote in 'a\\\\'), expected a domain name or network",
    ),
    (
        "a." * 128,
        "found '" + "a." * 30 + "...' (name longer than 255 octets), expected a domain name or network",
    ),
    ("é", "found 'é' (not ASCII, write it in its xn-- form: '\\xe9'), expected a domain name or network"),
    ("::/8", "found '::/8', expected a network that begins with a digit other than 0"),
    ("0:1::/16", "found '0:1::/16', expected a network that begins with a digit other than 0"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_a_key_that_is_none_says_why(text: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        read_keys(Word(text, PLACE), 1053, [])
    assert str(caught.value) == f"f:1:1: {message}"
