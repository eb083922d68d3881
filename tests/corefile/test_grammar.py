import pytest

from kdns.corefile.errors import CorefileError

from .builders import corefile, said

BLOCKS = [
    ("", []),
    (". {\n}", [["dns://.:53"]]),
    (".", [["dns://.:53"]]),
    (".\nlog\nerrors", [["dns://.:53", ["log"], ["errors"]]]),
    (".\n{\nlog\n}", [["dns://.:53", ["log"]]]),
    ("a b, c,\n d {\n}", [["dns://a.:53 dns://b.:53 dns://c.:53 dns://d.:53"]]),
    ("a {\n} b {\nlog\n}", [["dns://a.:53"], ["dns://b.:53", ["log"]]]),
    (". { log a\n}", [["dns://.:53", ["log a"]]]),
    (". {\ncache 30 {\n a b\n c\n}\nlog\n}", [["dns://.:53", ["cache 30", [["a b"], ["c"]]], ["log"]]]),
    (". {\nx { }\ny {\n}\nz {}\n}", [["dns://.:53", ["x", []], ["y", []], ["z {}"]]]),
    (". {\nx { a b\nc }\n}", [["dns://.:53", ["x", [["a b"], ["c"]]]]]),
    (". {\nx {\ny {\nz 1\n} }\n}", [["dns://.:53", ["x", [["y", [["z 1"]]]]]]]),
    (". {\nx {\ny {\n}\n}", [["dns://.:53", ["x", [["y", []]]]]]),
    ('. {\nx "a\nb" c\n}', [["dns://.:53", ["x a\nb c"]]]),
    ("{$Z}\n{$X} {$X}{$X} {\n{$X}\n}", [["dns://z.:53", ["y yy", [["y"]]]]]),
    ("{\nlog\n}\n. {\n}", [["dns://.:53"]]),
]


@pytest.mark.parametrize(("text", "expected"), BLOCKS)
def test_blocks_are_read_as_caddy_reads_them(text: str, expected: list[object]) -> None:
    assert said(corefile(text, environ={"X": "y", "Z": "z"})) == expected


ERRORS = [
    (". {\n  log\n", "3:1: found the end of the file, expected '}' for the '{' at {}:1:3"),
    (". {\n  log {\n    x\n", "4:1: found the end of the file, expected '}' for the '{' at {}:2:7"),
    (". { log }", "1:9: found '}', expected it on a line of its own"),
    (". {\n  log\n  {\n}\n}", "3:3: found '{', expected a name; '{' belongs to the end of a line"),
    (". {\n  log {\n    {\n", "3:5: found '{', expected a name; '{' belongs to the end of a line"),
    (". {\n  log {\n  } x\n}", "3:5: found 'x', expected the end of the line after '}'"),
    (". {\n  log {\n  } }\n", "3:5: found '}', expected the end of the line after '}'"),
    ("a, {\n}", "1:4: found '{', expected another zone after the comma of 'a,'"),
    ("a,\n", "2:1: found the end of the file, expected another zone after the comma of 'a,'"),
    ("a , b {\n}", "1:3: found ',', expected a zone before the comma"),
    ("(s)\nlog", "2:1: found 'log', expected '{' after the name of a snippet"),
    ("(s)", "1:4: found the end of the file, expected '{' after the name of a snippet"),
    ("(s) {\n log {\n}", "3:2: found the end of the file, expected '}' for the '{' at {}:1:5"),
    ("(s) {\n}\n(s) {\n}", "3:1: found '(s)', expected a snippet that is not defined yet"),
    ("(s) {\nlog\nimport s\n}", "3:8: found 's', expected another snippet than the one that imports it"),
    (". {\n" + "a {\n" * 101, "102:3: found '{', expected at most 100 blocks within each other"),
    ("10.0.0.0/9 " * 513, "1:5633: found '10.0.0.0/9', expected at most 65536 zones together"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[message for _, message in ERRORS])
def test_an_error_says_where_what_was_found_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        corefile(text)
    path = "/etc/coredns/Corefile"
    assert str(caught.value) == f"{path}:{message.replace('{}:', path + ':')}"


NOTICES = [
    ("{\n  log\n}", "1:1: a server block without a zone, which nobody serves"),
    (".\n  log\n}", "3:1: a '}' without its '{' ends the server block"),
    (". {\n}\n}", "3:1: '}' is read as the zone '}'"),
    (". {}", "1:3: '{}' is read as the zone '{}'"),
    (
        ". {\n  x {\n  }\n",
        "4:1: found the end of the file, expected '}' for the '{' at /etc/coredns/Corefile:1:3",
    ),
    (". {\n x { y 1 }\n}", "2:10: CoreDNS may read this '}' as an argument of 'y': give it a line"),
]


@pytest.mark.parametrize(("text", "notice"), NOTICES)
def test_what_caddy_takes_but_nobody_means_is_noticed(text: str, notice: str) -> None:
    assert [str(each) for each in corefile(text).notices] == [f"/etc/coredns/Corefile:{notice}"]


def test_every_word_of_a_directive_knows_its_place() -> None:
    (directive,) = corefile(". {\n  cache 30 {\n    keepttl\n  }\n}").blocks[0].directives
    assert directive.block is not None
    words = [directive.name, *directive.arguments, directive.block[0].name]
    assert [(word.text, word.position[1:]) for word in words] == [
        ("cache", (2, 3)),
        ("30", (2, 9)),
        ("keepttl", (3, 5)),
    ]
