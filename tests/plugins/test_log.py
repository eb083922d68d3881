"""`log`: which exchanges become a line. The lines were compared with those of a running CoreDNS 1.14.7."""

import logging

import pytest

from kdns.answering.plugin import Exchange
from kdns.plugins.log import Log
from tests.plugins.exchanges import SOA, exchange
from tests.plugins.lent import lent, refusal


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kdns.queries")


def logged(caplog: pytest.LogCaptureFixture, plugin: Log, *exchanges: Exchange) -> list[str]:
    """Return the lines that these exchanges become."""
    caplog.clear()
    for each in exchanges:
        plugin.observe(each)
    assert {(record.name, record.levelname) for record in caplog.records} <= {("kdns.queries", "INFO")}
    return [record.getMessage() for record in caplog.records]


WWW = exchange("www.File.", answer="www.file. 60 IN A 127.0.0.1")
WWW_LINE = '127.0.0.1:40212 - 4711 "A IN www.file. udp 37 false 1232" NOERROR qr,aa,rd 50 0.0015s'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("log", [WWW_LINE]),
        ("log .", [WWW_LINE]),
        ("log FILE", [WWW_LINE]),
        ("log www.file.", [WWW_LINE]),
        ("log other www.file", [WWW_LINE]),
        ("log ile", []),
        ("log x.www.file", []),
        ("log www.file.other", []),
        ("log . {common}", [WWW_LINE]),
        ("log . {combined}", [WWW_LINE + ' "0"']),
        ('log . "{>opcode} {common}"', ["0 " + WWW_LINE]),
        ('log other file "{name} 100%"', ["www.file. 100%"]),
        ("log file {name} {\nclass success\n}", ["www.file."]),
        ("log {\n}", [WWW_LINE]),
    ],
)
def test_a_query_at_or_below_one_of_the_names_is_a_line(
    caplog: pytest.LogCaptureFixture, text: str, lines: list[str]
) -> None:
    assert logged(caplog, lent(Log, text), WWW) == lines


@pytest.mark.parametrize(
    "text",
    ["log {combined}", 'log "{name} x"', "log a..b", "log @", "log 10.0.0.0/8", "log http://x", "log é"],
)
def test_a_single_argument_is_a_name_even_if_none_can_have_it(
    caplog: pytest.LogCaptureFixture, text: str
) -> None:
    assert logged(caplog, lent(Log, text), WWW, exchange(".")) == []


def test_the_empty_name_is_the_root(caplog: pytest.LogCaptureFixture) -> None:
    assert logged(caplog, lent(Log, 'log "" "{name}"'), WWW, exchange(".")) == ["www.file.", "."]


def test_the_first_rule_whose_name_covers_it_decides(caplog: pytest.LogCaptureFixture) -> None:
    plugin = lent(Log, 'log www.file {\nclass error\n}\nlog file "f {name}"\nlog . "r {name}"')
    names = ("www.file.", "x.www.file.", "ns.file.", "other.")
    assert logged(caplog, plugin, *map(exchange, names)) == ["f ns.file.", "r other."]


SUCCESS, DENIAL, ERROR = (
    WWW,
    exchange("x.file.", "A", "NXDOMAIN", "", SOA),
    exchange("y.file.", "A", "SERVFAIL"),
)


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        ("class all", "www x y"),
        ("class success", "www"),
        ("class denial", "x"),
        ("class error", "y"),
        ("class error success", "www y"),
        ("class denial\nclass error", "x y"),
        ("class denial all", "www x y"),
    ],
)
def test_the_class_of_a_response_decides(caplog: pytest.LogCaptureFixture, classes: str, names: str) -> None:
    plugin = lent(Log, f"log one two . {{name}} {{\n{classes}\n}}")
    assert logged(caplog, plugin, SUCCESS, DENIAL, ERROR) == [f"{name}.file." for name in names.split()]


def test_each_directive_has_classes_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    plugin = lent(Log, "log x.file . {name} {\nclass denial\n}\nlog . {name}")
    assert logged(caplog, plugin, SUCCESS, DENIAL, ERROR) == ["x.file."]


def test_nothing_is_written_where_the_log_wants_no_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "kdns.queries")
    assert logged(caplog, lent(Log, "log"), WWW) == []


@pytest.mark.parametrize(("listen", "local"), [("", "[::]"), ("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_the_local_address_is_the_first_of_the_block(
    caplog: pytest.LogCaptureFixture, listen: str, local: str
) -> None:
    plugin = lent(Log, "log . {local}", listen=[(listen, 53), ("192.0.2.1", 53)])
    assert logged(caplog, plugin, WWW) == [local]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log {\nclas all\n}", "3:1: found 'clas', expected a property of 'log'; did you mean 'class'?"),
        ("log {\nclass\n}", "3:1: found no argument"),
        (
            "log {\nclass all succes\n}",
            "3:11: found 'succes', expected one of all, success, denial, error; did",
        ),
        (
            "log\nlog {\nclass Error\n}",
            "4:7: found 'Error', expected one of all, success, denial, error; did",
        ),
    ],
)
def test_what_coredns_refuses_is_refused_at_its_place(text: str, message: str) -> None:
    assert refusal(Log, text).startswith(message)
