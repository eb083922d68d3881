import pytest

from kdns.corefile.errors import CorefileError
from kdns.plugins.rewrite import Rewrite
from tests.plugins.setups import set_up

TAKEN = r"""
rewrite name a b
rewrite NAME Exact a b
rewrite stop name regex (.*)\.a {1}.b answer auto
rewrite continue name suffix .a .b answer name (.*) {1} value b c answer value d e
rewrite name exact a b answer name x y
rewrite name prefix a b answer auto auto
rewrite {\nname a b\n}
rewrite continue {\nname\nregex a b\nanswer value c d\n}
rewrite name suffix .arpa .arpa answer name auto answer value (.*)\.b\. {1}.c.
rewrite type any HINFO
rewrite type isdn nsap-ptr
rewrite class ch in
rewrite ttl a 30
rewrite ttl exact a 30-300
rewrite ttl prefix a -30
rewrite ttl suffix a 30-
rewrite ttl substring a 4294967295
rewrite ttl regex [a-z] 0
rewrite rcode a servfail 0
rewrite rcode regex a 23 NOTIMPL
rewrite rcode exact a BADCOOKIE 15
rewrite cname a b
rewrite cname regex (.*)\.a\.$ {1}{7}
rewrite edns0 local set 0xffee 0x61626364
rewrite edns0 LOCAL Append 0b101 "a text" revert
rewrite edns0 local replace 0777 {client_ip}
rewrite edns0 local unset 65535
rewrite edns0 local set 1 0x
rewrite edns0 nsid set revert
rewrite edns0 nsid unset
rewrite edns0 subnet append 0 128 revert
rewrite edns0 subnet unset
"""


@pytest.mark.parametrize("text", TAKEN.split("\n")[1:-1])
def test_a_rule_is_taken(text: str) -> None:
    set_up(Rewrite, text.replace(r"\n", "\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rewrite", "2:1: found no rule, expected one of name, type, class, edns0, ttl, cname, rcode"),
        ("rewrite stop", "2:1: found no rule"),
        ("rewrite {\n}", "2:1: found no rule"),
        ("rewrite stop nam a b", "2:14: found 'nam', expected what to rewrite"),
        ("rewrite nam a b", "did you mean 'name'?"),
        ("rewrite answer name a b", "2:9: found 'answer', expected what to rewrite"),
        ("rewrite stop name a b {\nanswer auto\n}", "2:1: found a block after a rule that has begun"),
        ("rewrite stop {\nname a b {\n}\n}", "3:1: found a block after 'name'"),
        ("rewrite name a", "2:9: found 1 argument of 'name', expected 2 or more"),
        ("rewrite name exakt a b", "2:14: found 'exakt', expected a way of matching; did you mean 'exact'?"),
        ("rewrite name exact a b c", "2:24: found 'c', expected `answer`, or the end of the rule"),
        ("rewrite name exact a b answer", "2:24: found 'answer', expected auto, name FROM TO or"),
        ("rewrite name exact a b answer autp", "2:31: found 'autp', expected auto, name FROM TO or"),
        ("rewrite name exact a b answer name c", "2:31: found 'name', expected auto, name FROM TO or"),
        ("rewrite name exact a b answer auto answer", "2:36: found 'answer', expected auto, name"),
        ("rewrite name prefix a b answer auto name c d", "2:25: found answer auto beside answer name"),
        ("rewrite name regex (a b", "2:20: found '(a' ('missing ): (a'), expected a regular expression"),
        ("rewrite name exact a b(", "2:22: found 'b(.'"),
        ("rewrite name exact {1} b", "2:20: found '{1}', expected no more groups than the 0 of 'b.'"),
        ("rewrite name regex (a) {1}{2}", "2:24: found '{1}{2}', expected no more groups than the 1 of"),
        ("rewrite name regex a {0}", "2:22: found '{0}', expected no more groups than the 0 of 'a'"),
        ("rewrite name suffix a b answer name c {1}", "2:39: found '{1}', expected no more groups"),
        ("rewrite type A", "2:9: found 1 argument of 'type', expected 2"),
        ("rewrite type A TYPE28", "2:16: found 'TYPE28', expected the mnemonic of a type"),
        ("rewrite type A AAAB", "2:16: found 'AAAB', expected the mnemonic of a type"),
        ("rewrite class IN OUT", "2:18: found 'OUT', expected a class"),
        ("rewrite ttl a", "2:9: found 1 argument of 'ttl', expected 2 to 3"),
        ("rewrite ttl exact a 1 2", "2:23: found 4 arguments of 'ttl'"),
        ("rewrite ttl some a 1", "2:13: found 'some', expected a way of matching"),
        *(
            (f"rewrite ttl a {ttl}", f"2:15: found '{ttl}', expected seconds")
            for ttl in (
                "-",
                "",
                "1-2-3",
                "30-20",
                "4294967296",
                "1s",
                "+1",
                "3000000000-",
                "99999999999",
            )
            if ttl
        ),
        ("rewrite ttl regex ( 1", "2:19: found '('"),
        ("rewrite rcode a 1", "2:9: found 2 arguments of 'rcode', expected 3 to 4"),
        ("rewrite rcode a 24 0", "2:17: found '24', expected an RCODE"),
        ("rewrite rcode a BADVERS 0", "2:17: found 'BADVERS', expected an RCODE"),
        ("rewrite rcode a 0 16", "2:19: found '16', an extended RCODE, which kdns does not answer with yet"),
        ("rewrite cname a", "2:9: found 1 argument of 'cname', expected 2 to 3"),
        ("rewrite cname any a b", "2:15: found 'any', expected a way of matching"),
        ("rewrite edns0 local", "2:9: found 1 argument of 'edns0', expected 2 or more"),
        ("rewrite edns0 locall set 1 2", "2:15: found 'locall', expected an EDNS option that can be"),
        ("rewrite edns0 local sett 1 2", "2:21: found 'sett', expected what to do with it; did you mean"),
        ("rewrite edns0 local set 1", "2:9: found 1 argument of 'edns0', expected 2"),
        ("rewrite edns0 local unset 1 2", "2:29: found 2 arguments of 'edns0', expected 1"),
        ("rewrite edns0 local unset 1 revert", "2:29: found 2 arguments of 'edns0', expected 1"),
        ("rewrite edns0 local set 65536 a", "2:25: found '65536', expected a number up to 65535"),
        ("rewrite edns0 local set -1 a", "2:25: found '-1', expected a number up to 65535"),
        ("rewrite edns0 local set 08 a", "2:25: found '08', expected a number up to 65535"),
        ("rewrite edns0 local set 1 0xabc", "2:27: found '0xabc', expected pairs of hexadecimal digits"),
        ("rewrite edns0 local set 1 {qnam}", "2:27: found '{qnam}', expected a variable; did you mean"),
        ("rewrite edns0 local set 1 {a/b}", "2:27: found the variable '{a/b}', which kdns does not have"),
        ("rewrite edns0 local set 1 {server_ip}", "2:27: found the variable '{server_ip}', which kdns"),
        ("rewrite edns0 nsid set a", "2:24: found 1 argument of 'edns0', expected none"),
        ("rewrite edns0 subnet set 24", "2:9: found 1 argument of 'edns0', expected 2"),
        ("rewrite edns0 subnet set 33 0", "2:26: found '33', expected a number up to 32"),
        ("rewrite edns0 subnet set 0 129", "2:28: found '129', expected a number up to 128"),
    ],
)
def test_what_is_no_rule_is_told_where_it_stands(text: str, message: str) -> None:
    with pytest.raises(CorefileError) as error:
        set_up(Rewrite, text)
    assert message in str(error.value)
