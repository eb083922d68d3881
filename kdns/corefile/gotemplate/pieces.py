"""What templates are made of once they are read: operands, commands, pipelines, parts, as closures.

Each keeps its source as Go prints it, for messages and metrics. What goes wrong is a Failure.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from kdns.corefile.gotemplate.failures import Failure, Problem
from kdns.corefile.gotemplate.functions import FUNCTIONS, SHORT_CIRCUIT
from kdns.corefile.gotemplate.printing import written
from kdns.corefile.gotemplate.values import Function, Struct, Value, field, is_true


class Scope:
    """What is known while a template is used: the cursor, the variables by number, the text so far."""

    __slots__ = ("dot", "parts", "variables")

    def __init__(self, data: Struct, variables: int) -> None:
        self.dot: Value = data
        self.variables: list[Value] = [data, *[None] * (variables - 1)]
        self.parts: list[str] = []


Evaluate: TypeAlias = Callable[[Scope, Sequence[Value]], Value]
"""Gives a value; what is not a function has no use for arguments."""


class Operand(NamedTuple):
    """One word of a command. `is_executable`: it may be given the value of the command before it."""

    at: int
    source: str
    evaluate: Evaluate
    is_executable: bool = True
    function: Function | None = None
    constant: Value = None


def constant(at: int, source: str, value: Value) -> Operand:
    return Operand(at, source, _alone(at, source, lambda _: value), is_executable=False, constant=value)


def nil(at: int) -> Operand:
    return Operand(at, "nil", lambda scope, arguments: None, is_executable=False)


def dot(at: int) -> Operand:
    return Operand(at, ".", _alone(at, ".", lambda scope: scope.dot), is_executable=False)


def variable(at: int, name: str, number: int) -> Operand:
    return Operand(at, name, _alone(at, name, lambda scope: scope.variables[number]))


def _alone(at: int, source: str, value: Callable[[Scope], Value]) -> Evaluate:
    def evaluate(scope: Scope, arguments: Sequence[Value]) -> Value:
        if arguments:
            raise Failure(at, source, f"can't give argument to non-function {source}")
        return value(scope)

    return evaluate


def fields(of: Operand, names: Sequence[str], at: int) -> Operand:
    """Return the operand of a chain of fields; those of the cursor are written without it."""
    source = ("" if of.source == "." else of.source) + "".join(f".{name}" for name in names)

    def evaluate(scope: Scope, arguments: Sequence[Value]) -> Value:
        value = of.evaluate(scope, ())
        try:
            for name in names[:-1]:
                value = field(value, name, ())
            return field(value, names[-1], arguments)
        except Problem as problem:
            raise Failure(at, source, problem) from problem

    return Operand(at, source, evaluate)


def function(at: int, name: str) -> Operand:
    found = FUNCTIONS[name]
    return Operand(at, name, _call(at, name, name, at, found), function=found)


def _call(at: int, source: str, name: str, name_at: int, called: Function) -> Evaluate:
    """Return what calls a function in a command that begins there."""

    def evaluate(scope: Scope, arguments: Sequence[Value]) -> Value:
        try:
            called.check_count(name, len(arguments))
        except Problem as problem:
            raise Failure(name_at, name, problem) from problem
        try:
            return called.call(*arguments)
        except Problem as problem:
            raise Failure(at, source, f"error calling {name}: {problem}") from problem

    return evaluate


class Command(NamedTuple):
    """A word and its arguments. `evaluate` is given the value of the command before it, if there is one."""

    source: str
    evaluate: Evaluate


def command(operands: Sequence[Operand]) -> Command:
    first, *others = operands
    source = " ".join([each.source for each in operands])
    name = first.source
    call = _call(first.at, source, name, first.at, first.function) if first.function else first.evaluate
    if not first.is_executable and name == "nil":
        call = _refuse(first, "nil is not a command")

    def evaluate(scope: Scope, piped: Sequence[Value]) -> Value:
        return call(scope, [*(each.evaluate(scope, ()) for each in others), *piped])

    if first.function and others and name in SHORT_CIRCUIT:
        return Command(source, _short_circuit(others, SHORT_CIRCUIT[name]))
    return Command(source, evaluate)


def _refuse(operand: Operand, problem: str) -> Evaluate:
    def evaluate(scope: Scope, arguments: Sequence[Value]) -> Value:
        raise Failure(operand.at, operand.source, problem)

    return evaluate


def _short_circuit(operands: Sequence[Operand], decides: bool) -> Evaluate:
    def evaluate(scope: Scope, piped: Sequence[Value]) -> Value:
        value: Value = None
        for each in operands:
            value = each.evaluate(scope, ())
            if is_true(value) is decides:
                return value
        return piped[0] if piped else value

    return evaluate


class Pipeline(NamedTuple):
    """Commands, each of which gets the value of the one before. `declares`: the value has a name."""

    at: int
    source: str
    value: Callable[[Scope], Value]
    declares: bool

    def operand(self) -> Operand:
        """Return it as it stands in parentheses."""
        source = f"({self.source})"
        return Operand(self.at, source, _alone(self.at, source, self.value))


class Target(NamedTuple):
    """A variable that gets a value; `number` is None if there is no such variable."""

    name: str
    sign: str
    number: int | None


def pipeline(at: int, commands: Sequence[Command], target: Target | None) -> Pipeline:
    source = " | ".join([each.source for each in commands])

    def value(scope: Scope) -> Value:
        piped: tuple[Value, ...] = ()
        for each in commands:
            piped = (each.evaluate(scope, piped),)
        return piped[0]

    if target is None:
        return Pipeline(at, source, value, declares=False)
    name, sign, number = target

    def set_value(scope: Scope) -> Value:
        found = value(scope)
        if number is None:
            raise Failure(at, source, f"undefined variable: {name}")
        scope.variables[number] = found
        return found

    return Pipeline(at, f"{name} {sign} {source}", set_value, declares=True)


class Part(NamedTuple):
    """A stretch of a template that adds to the text."""

    source: str
    write: Callable[[Scope], None]


def text(words: str) -> Part:
    return Part(words, lambda scope: scope.parts.append(words))


def action(pipe: Pipeline) -> Part:
    def write(scope: Scope) -> None:
        value = pipe.value(scope)
        try:
            scope.parts.append("" if pipe.declares else written(value))
        except Problem as problem:
            raise Failure(pipe.at, pipe.source, problem) from problem

    return Part(f"{{{{{pipe.source}}}}}", write)


def sequence(parts: Sequence[Part]) -> Part:
    def write(scope: Scope) -> None:
        for part in parts:
            part.write(scope)

    return Part("".join([part.source for part in parts]), write)


def branch(keyword: str, pipe: Pipeline, yes: Part, no: Part | None) -> Part:
    """Return an `if`, or a `with`, whose value is the cursor in what depends on it."""

    def write(scope: Scope) -> None:
        value, outer = pipe.value(scope), scope.dot
        if is_true(value):
            scope.dot = value if keyword == "with" else outer
            yes.write(scope)
            scope.dot = outer
        elif no is not None:
            no.write(scope)

    otherwise = "" if no is None else "{{else}}" + no.source
    return Part(f"{{{{{keyword} {pipe.source}}}}}{yes.source}{otherwise}{{{{end}}}}", write)
