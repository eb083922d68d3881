"""Flags are read by Go's rules; what is expected here is what `coredns` does with the same words."""

import pytest

from kdns.cli.goflags import Flag, FlagError, HelpWanted, parse, usage

FLAGS = (
    Flag("quiet", "Print nothing"),
    Flag("version", "Show the version"),
    Flag("conf", "Corefile to load", "file"),
    Flag("dns.port", "Default port", "port"),
    Flag("p", "Default port", "port", sets="dns.port"),
)

READ = {
    "": ({}, ""),
    "-quiet": ({"quiet": "1"}, ""),
    "--quiet": ({"quiet": "1"}, ""),
    "-quiet=f -version=TRUE": ({"quiet": "f", "version": "TRUE"}, ""),
    "-quiet false -version": ({"quiet": "1"}, "false -version"),
    "-conf a": ({"conf": "a"}, ""),
    "--conf=a=b": ({"conf": "a=b"}, ""),
    "-conf=": ({"conf": ""}, ""),
    "-conf -quiet": ({"conf": "-quiet"}, ""),
    "-conf -- -quiet": ({"conf": "--", "quiet": "1"}, ""),
    "-p 1 -dns.port 2": ({"dns.port": "1 2"}, ""),
    "-dns.port 2 --p=1": ({"dns.port": "2 1"}, ""),
    "a -quiet": ({}, "a -quiet"),
    "-": ({}, "-"),
    "-quiet - -version": ({"quiet": "1"}, "- -version"),
    "-quiet -- -version": ({"quiet": "1"}, "-version"),
    "--": ({}, ""),
}

REFUSED = {
    "-foo": "flag provided but not defined: -foo",
    "--foo=1": "flag provided but not defined: -foo",
    "-QUIET": "flag provided but not defined: -QUIET",
    "-quiet=maybe": 'invalid boolean value "maybe" for -quiet: parse error',
    "-quiet=": 'invalid boolean value "" for -quiet: parse error',
    "-quiet=tRUE": 'invalid boolean value "tRUE" for -quiet: parse error',
    "-conf": "flag needs an argument: -conf",
    "-quiet --conf": "flag needs an argument: -conf",
    "---quiet": "bad flag syntax: ---quiet",
    "-=x": "bad flag syntax: -=x",
    "--=x": "bad flag syntax: --=x",
    "-foo -h": "flag provided but not defined: -foo",
}


@pytest.mark.parametrize("line", READ)
def test_flags_are_read_as_go_reads_them(line: str) -> None:
    values, rest = READ[line]
    read = parse(line.split(), FLAGS)
    assert {name: " ".join(each) for name, each in read.values.items()} == values
    assert " ".join(read.rest) == rest


@pytest.mark.parametrize("line", REFUSED)
def test_what_go_refuses_is_refused_in_its_words(line: str) -> None:
    with pytest.raises(FlagError) as raised:
        parse(line.split(), FLAGS)
    assert str(raised.value) == REFUSED[line]


@pytest.mark.parametrize("line", ["-h", "--h", "-help", "--help", "-help=1", "-quiet -h=", "-h -foo"])
def test_help_is_no_error(line: str) -> None:
    with pytest.raises(HelpWanted):
        parse(line.split(), FLAGS)


def test_the_last_value_counts_and_every_one_is_kept() -> None:
    read = parse(["-conf", "a", "--conf", "b", "-quiet", "-quiet=0"], FLAGS)
    assert (read.last("conf"), read.every("conf"), read.is_on("quiet")) == ("b", ["a", "b"], False)
    assert (read.last("dns.port"), read.every("dns.port"), read.is_on("version")) == (None, (), False)


def test_usage_lists_every_flag_by_its_name_as_go_does() -> None:
    assert usage(FLAGS[:3]).splitlines() == [
        "  -conf file",
        "    \tCorefile to load",
        "  -quiet",
        "    \tPrint nothing",
        "  -version",
        "    \tShow the version",
    ]
