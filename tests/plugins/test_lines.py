"""kdns.plugins._lines: every placeholder, as a running CoreDNS 1.14.7 printed it."""

import pytest

from kdns.answering.plugin import Exchange
from kdns.answering.queries import Query
from kdns.plugins._lines import compiled, decimal, name_text
from kdns.wire.names import from_labels
from tests.plugins.exchanges import exchange

WWW = exchange("www.file.", answer="www.file. 60 IN A 127.0.0.1")
STREAM = exchange("WWW.file.", "TYPE65000", tcp=True, do=True, client=("::1", 53), rd=False, cd=True)
PLAIN = exchange("www.file.", "AAAA", "NXDOMAIN", edns=None, flags="TC RA AD")
SMALL = exchange(".", "NS", "REFUSED", edns=100, flags="", notify=True)
SILENT = exchange("www.file.", rcode="")

LABELS = ["type", "class", "name", "proto", "remote", "port", "size", "rcode", "rsize", "duration"]
HEADER_LABELS = ["id", "opcode", "do", "bufsize", "rflags"]
EVERYTHING = " ".join([*(f"{{{label}}}" for label in LABELS), *(f"{{>{label}}}" for label in HEADER_LABELS)])


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (WWW, "A IN www.file. udp 127.0.0.1 40212 37 NOERROR 50 0.0015s 4711 0 false 1232 qr,aa,rd"),
        (STREAM, "TYPE65000 IN www.file. tcp [::1] 53 37 NOERROR 26 0.0015s 4711 0 true 65535 qr,aa,cd"),
        (
            PLAIN,
            "AAAA IN www.file. udp 127.0.0.1 40212 26 NXDOMAIN 26 0.0015s 4711 0 false 512 qr,tc,rd,ra,ad",
        ),
        (SMALL, "NS IN . udp 127.0.0.1 40212 28 REFUSED 17 0.0015s 4711 4 false 512 qr,rd"),
        (SILENT, "A IN www.file. udp 127.0.0.1 40212 37 - 0 0.0015s 4711 0 false 1232 -"),
    ],
)
def test_placeholders_are_what_was_asked_and_answered(seen: Exchange, line: str) -> None:
    assert compiled(EVERYTHING, "")(seen) == line


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("{name}{type}", "www.file.A"),
        ("}{ { {name} { }", "}{ { www.file. { }"),
        ("{{name}}", "{www.file.}"),
        ("{nope} {>nope} {NAME} {} {>ID}", "{nope} {>nope} {NAME} {} {>ID}"),
        ("{/kubernetes/client-pod} {/} {/a%b}", "- - -"),
        ("100% {%s} %(x)s %%", "100% {%s} %(x)s %%"),
        ("no placeholder", "no placeholder"),
        ("{common", "{common"),
        ("a {{common}} b", "a {127.0.0.1:40212 - 4711 "
         '"A IN www.file. udp 37 false 1232" NOERROR qr,aa,rd 50 0.0015s} b'),
    ],
)  # fmt: skip
def test_what_is_no_placeholder_is_text(format: str, line: str) -> None:
    assert compiled(format, "")(WWW) == line


@pytest.mark.parametrize(
    ("local", "shown"), [("", "[::]"), ("10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "[fe80::1%eth0]")]
)
def test_the_local_address_is_given(local: str, shown: str) -> None:
    assert compiled("{local} {port}", local)(WWW) == f"{shown} 40212"


QUOTED = " \"'().;@\\"


@pytest.mark.parametrize("octet", range(256))
def test_a_name_is_in_lower_case_with_the_backslashes_of_coredns(octet: int) -> None:
    shown = chr(octet).lower() if 0x20 <= octet < 0x7F else f"\\{octet:03}"
    shown = f"\\{shown}" if shown in QUOTED else shown
    assert name_text(from_labels([b"A" + bytes([octet]), b"B"])) == f"a{shown}.b."


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (2.0, "2"),
        (0.000159093, "0.000159093"),
        (1e-9, "0.000000001"),
        (10.5, "10.5"),
        (100.0, "100"),
    ],
)
def test_a_number_has_no_zeros_at_its_end(number: float, text: str) -> None:
    assert decimal(number) == text


def test_metadata_is_what_is_known_about_the_query_and_its_client() -> None:
    def about(query: Query, client: str) -> dict[str, str]:
        return {"a/b": f"{name_text(query.name)} {client} %s", "a/empty": ""}

    line = compiled("{/a/b} [{/a/empty}] {/a/c} {name}", "", about)
    assert line(WWW) == "www.file. 127.0.0.1 %s [] - www.file."
