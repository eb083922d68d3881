import pytest

from kdns.corefile.digest import fingerprint

from .builders import corefile

TEXT = "a {\n  log\n  cache 30 {\n    keepttl\n  }\n}\n"
FILES = {"/etc/coredns/s": "log # imported\n"}

SAME = {
    "comments": "# x\na { # y\n  log\n\n\n  cache 30 {\n    keepttl # z\n  }\n}\n",
    "spacing": "a   {\nlog\r\n\tcache  30 { keepttl\n}\n}",
    "quotes": '"a" {\n"log"\ncache "30" {\nkeepttl\n}\n}',
    "a snippet": "(s) {\nlog\n}\na {\nimport s\ncache 30 {\nkeepttl\n}\n}",
    "a file": "a {\nimport s\ncache 30 {\nkeepttl\n}\n}",
    "the environment": "a {\n{$L}\ncache {$T} {\nkeepttl\n}\n}",
    "the key's other form": "dns://A.:53 {\nlog\ncache 30 {\nkeepttl\n}\n}",
}

OTHER = {
    "a directive less": "a {\n  log\n}\n",
    "another order": "a {\n  cache 30 {\n    keepttl\n  }\n  log\n}\n",
    "another argument": TEXT.replace("30", "31"),
    "arguments together": TEXT.replace("cache 30", 'cache "30 "'),
    "another option": TEXT.replace("keepttl", "keepttl x"),
    "no block": TEXT.replace("{\n    keepttl\n  }", "keepttl"),
    "an empty block": "a {\n log { }\n  cache 30 {\n    keepttl\n  }\n}\n",
    "another port": TEXT.replace("a {", "a:54 {"),
    "another scheme": TEXT.replace("a {", "tls://a:53 {"),
    "a block more": TEXT + "b {\n}\n",
}


def digest(text: str) -> str:
    return fingerprint(corefile(text, FILES, {"L": "log", "T": "30"}))


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_what_says_the_same_has_the_same_digest(text: str) -> None:
    assert digest(text) == digest(TEXT)


def test_what_says_something_else_has_another_digest() -> None:
    assert len({digest(text) for text in [TEXT, *OTHER.values()]}) == 1 + len(OTHER)


def test_a_digest_is_sha512_in_hexadecimal() -> None:
    assert len(bytes.fromhex(digest(TEXT))) == 64
