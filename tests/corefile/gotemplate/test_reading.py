import pytest

from kdns.corefile.errors import CorefileError
from tests.corefile.gotemplate.builders import template, written

ERRORS = [
    ("{{ lenn .Name }}", "3:16: found 'lenn', expected the name of a function; did you mean 'len'?"),
    ("a\n {{ lenn .Name }}", "4:5: found 'lenn'"),
    ('"x" {{ lenn }}', "3:22: found 'lenn'"),
    (
        "{{ html .Name }}",
        "3:16: found the function 'html', which kdns does not have yet, expected one of and, ",
    ),
    (
        "{{ range .Match }}x{{ end }}",
        "3:16: found 'range', which kdns does not have yet, expected if or with",
    ),
    ("{{ define `x` }}{{ end }}", "3:16: found 'define', which kdns does not have yet"),
    ("{{ $x }}", "3:16: found '$x', expected a variable that is declared before; did you mean '$'?"),
    ("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", "3:51: found '$x', expected a variable"),
    (
        "{{ printf `%5.2f` 1 }}",
        "3:23: found '%5.2f', which kdns does not have yet, expected %v, %s, %d or %x",
    ),
    ("{{ printf `%[1]d` 1 }}", "3:23: found '%[', which"),
    ("{{ 1.5 }}", "3:16: found the number '1.5', expected an integer"),
    ("{{ 'a' }}", """3:16: found the number "'a'", expected an integer"""),
    ("{{ .Name", "3:15: found an action that is not closed, expected }} after it"),
    ("{{ `a }}", "3:16: found a ` that is never closed, expected a second ` after it"),
    ("{{ }}", "3:16: found the end of the action, expected a value for an action"),
    ("{{ if }}{{ end }}", "3:19: found the end of the action, expected a value for 'if'"),
    ("{{ if true }}", "3:26: found the end of the template, expected the end of the if"),
    ("{{ end }}", "3:16: found 'end', expected an if or with before it"),
    ("{{ if true }}{{ else }}{{ else }}{{ end }}", "3:39: found 'else', expected the end of the if"),
    ("{{ if true }}{{ end x }}", "3:33: found 'x', expected }} after end"),
    ("{{ print (1 }}", "3:25: found the end of the action, expected a )"),
    ("{{ print 1) }}", "3:23: found ')', expected | or the end of the action"),
    ("{{ print (1)(2) }}", "3:25: found '(', expected a space before it"),
    ("{{ `a`.b }}", "3:19: found a field of '`a`', expected a space before it"),
    ("{{ .Name | 5 }}", "3:24: found 5, expected a function or method"),
    ("{{ .Name% }}", "3:21: found '%' after '.Name', expected a space between them"),
    ("{{ % }}", "3:16: found '%' in an action, expected a field, a variable, a function or a constant"),
    ("{{ /* a */ }}", "3:16: found '/' in an action"),
    ("{{/* a */ b }}", "3:15: found a comment that is not all of its action, expected */}} after it"),
    ("{{ break }}", "3:16: found 'break', which kdns does not have yet"),
    ('{{ "\\q" }}', "3:18: found '\\\\q', expected one of Go's escapes in a string"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_what_is_no_template_is_an_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        template(text)
    assert str(caught.value).startswith("Corefile:" + message)


def test_outside_of_quotes_a_place_has_nothing_escaped_before_it() -> None:
    with pytest.raises(CorefileError, match=r"^Corefile:3:15: found 'x'"):
        template('"{{x}}', is_quoted=False)


@pytest.mark.parametrize(("start", "opening"), [("", "{{ if true }}"), ("{{ print ", "(")])
def test_depth_is_bounded(start: str, opening: str) -> None:
    with pytest.raises(CorefileError, match="expected at most 50 in each other"):
        template(start + opening * 10_000 + " }}")


def test_what_is_far_from_each_other_has_no_bound() -> None:
    assert written("{{ if true }}{{ print (`a`) }}{{ end }}" * 500) == "a" * 500
