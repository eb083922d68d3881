"""Reads the tokens of a template, rule by rule, into pieces that are closures."""

from collections.abc import Sequence

from kdns.corefile.errors import nearest, shown
from kdns.corefile.gotemplate import literals, pieces
from kdns.corefile.gotemplate.failures import Unreadable
from kdns.corefile.gotemplate.functions import FUNCTIONS, LATER
from kdns.corefile.gotemplate.pieces import Command, Operand, Part, Pipeline, Target
from kdns.corefile.gotemplate.printing import unsupported
from kdns.corefile.gotemplate.tokens import Token, tokens

BRANCHES = ("if", "with")
LATER_KEYWORDS = ("block", "break", "continue", "define", "range", "template")
KEYWORDS = frozenset({*BRANCHES, *LATER_KEYWORDS, "else", "end"})
CONSTANTS = {"true": True, "false": False}

DEEPEST = 50
"""How deep parentheses and branches may be in each other."""


class Reader:
    """Reads tokens from first to last. `_variables` are the names that can be seen, by their numbers."""

    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self.is_constant = all(token.kind != "open" for token in self._tokens)
        self._next = 0
        self._depth = 0
        self._variables = ["$"]
        self.most_variables = 1
        self.fields: list[tuple[tuple[str, ...], int]] = []

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _expect_close(self, after: str) -> None:
        token = self._take()
        if token.kind != "close":
            raise _unexpected(token, f"}}}} after {after}")

    def template(self) -> Part:
        part, end = self._sequence()
        if end.kind != "end":
            raise _unexpected(end, "an if or with before it")
        return part

    def _sequence(self) -> tuple[Part, Token]:
        """Read as far as the word `else` or `end`, or to the end of all; return that, too."""
        parts: list[Part] = []
        while (token := self._take()).kind != "end":
            if token.kind == "text":
                parts.append(pieces.text(token.text))
                continue
            word = self._peek()
            if word.kind != "word" or word.text not in KEYWORDS:
                parts.append(pieces.action(self._pipeline("close", "an action")))
                continue
            self._take()
            if word.text in ("else", "end"):
                return pieces.sequence(parts), word
            if word.text in LATER_KEYWORDS:
                raise Unreadable(word.at, f"{shown(word.text)}, which kdns does not have yet", "if or with")
            parts.append(self._branch(word))
        return pieces.sequence(parts), token

    def _branch(self, keyword: Token) -> Part:
        """Read an `if` or `with` to its end. Variables of its own are gone after it."""
        self._go_deeper(keyword)
        seen = len(self._variables)
        pipe = self._pipeline("close", shown(keyword.text))
        yes, stop = self._sequence()
        no = None
        if stop.text == "else" and stop.kind == "word":
            if self._peek().text == keyword.text:
                no = self._branch(self._take())
                stop = keyword  # whose end it was, too
            else:
                self._expect_close("else")
                no, stop = self._sequence()
        if stop is not keyword:
            if stop.text != "end":
                raise _unexpected(stop, f"the end of the {keyword.text}")
            self._expect_close("end")
        del self._variables[seen:]
        self._depth -= 1
        return pieces.branch(keyword.text, pipe, yes, no)

    def _go_deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _unexpected(token, f"at most {DEEPEST} in each other")

    def _pipeline(self, closing: str, of: str) -> Pipeline:
        """Read commands to what closes them: the end of the action, or a parenthesis."""
        at = self._peek().at
        declared = self._declared()
        commands: list[Command] = []
        while True:
            commands.append(self._command(of, is_piped=bool(commands)))
            token = self._take()
            if token.text == "|" and closing in self._peek()[:2]:
                token = self._take()  # Go lets a pipe lead nowhere
            if closing in token[:2]:
                break
            if token.text != "|":
                raise _unexpected(token, "| or the end of the action" if closing == "close" else "a )")
        return pieces.pipeline(at, commands, self._target(*declared) if declared else None)

    def _declared(self) -> tuple[str, str] | None:
        """Take `$name :=` or `$name =`, if that comes next."""
        name, sign = self._tokens[self._next : self._next + 2]
        if name.kind != "variable" or sign.text not in (":=", "="):
            return None
        self._next += 2
        return name.text, sign.text

    def _target(self, name: str, sign: str) -> Target:
        number = self._number(name)
        if number is None or sign == ":=":
            self._variables.append(name)
            self.most_variables = max(self.most_variables, len(self._variables))
        return Target(name, sign, number if sign == "=" else len(self._variables) - 1)

    def _number(self, name: str) -> int | None:
        """Return the number of the last variable of this name."""
        numbers = [number for number, known in enumerate(self._variables) if known == name]
        return numbers[-1] if numbers else None

    def _command(self, of: str, *, is_piped: bool) -> Command:
        operands: list[Operand] = []
        while (token := self._peek()).kind != "close" and token.text not in ("|", ")"):
            if operands and not token.is_apart:
                raise _unexpected(token, "a space before it")
            operands.append(self._operand())
        if not operands:
            raise _unexpected(token, f"a value for {of}")
        if is_piped and not operands[0].is_executable:
            raise Unreadable(
                operands[0].at, operands[0].source, "a function or method that takes what is piped"
            )
        _check_format(operands)
        return pieces.command(operands)

    def _operand(self) -> Operand:
        """Read a term and the fields that follow it without a space."""
        token = self._peek()
        term, names = self._term(), list[str]()
        if token.kind == "field":
            names.append(token.text[1:])
        at = self._peek().at if self._is_chained() else token.at
        while self._is_chained():
            names.append(self._take().text[1:])
        if not names:
            return term
        if not term.is_executable and token.kind != "field":
            raise Unreadable(at, f"a field of {shown(term.source)}", "a space before it")
        self.fields.append((tuple(names), at if token.kind != "field" else token.at))
        return pieces.fields(term, names, at)

    def _is_chained(self) -> bool:
        return self._peek().kind == "field" and not self._peek().is_apart

    def _term(self) -> Operand:
        token = self._take()
        if token.kind == "field" or token.text == ".":
            return pieces.dot(token.at)
        if token.kind == "string":
            return pieces.constant(token.at, token.text, literals.string(token))
        if token.kind == "number":
            return pieces.constant(token.at, token.text, literals.integer(token))
        if token.kind == "variable":
            return self._variable(token)
        if token.kind == "word":
            return _named(token)
        if token.text == "(":
            self._go_deeper(token)
            pipe = self._pipeline(")", "parentheses")
            self._depth -= 1
            return pipe.operand()
        raise _unexpected(token, "a field, a variable, a function or a constant")

    def _variable(self, token: Token) -> Operand:
        number = self._number(token.text)
        if number is None:
            nearest_one = nearest(token.text, self._variables)
            raise Unreadable(token.at, shown(token.text), "a variable that is declared before", nearest_one)
        return pieces.variable(token.at, token.text, number)


def _check_format(operands: Sequence[Operand]) -> None:
    """Refuse a verb of `printf` that is Go's, but not known here."""
    if operands[0].source != "printf" or len(operands) < 2:
        return
    _, format, *_ = operands
    if isinstance(format.constant, str) and (verb := unsupported(format.constant)):
        raise Unreadable(format.at, f"{shown(verb)}, which kdns does not have yet", "%v, %s, %d or %x")


def _named(token: Token) -> Operand:
    """Return the constant or the function of a name."""
    if token.text in CONSTANTS:
        return pieces.constant(token.at, token.text, CONSTANTS[token.text])
    if token.text == "nil":
        return pieces.nil(token.at)
    if token.text in FUNCTIONS:
        return pieces.function(token.at, token.text)
    if token.text in LATER:
        found = f"the function {shown(token.text)}, which kdns does not have yet"
        raise Unreadable(token.at, found, f"one of {', '.join(FUNCTIONS)}")
    raise Unreadable(token.at, shown(token.text), "the name of a function", nearest(token.text, FUNCTIONS))


def _unexpected(token: Token, expected: str) -> Unreadable:
    kinds = {"close": "the end of the action", "end": "the end of the template"}
    return Unreadable(token.at, kinds.get(token.kind) or shown(token.text), expected)
