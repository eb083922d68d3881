"""YAML text to trees, as kubectl understands it: documents apart from each other, JSON's types only.

Bounded, whatever the text holds: libyaml refuses deep nesting, aliases may add `MAX_ALIASED` nodes.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

MAX_ALIASED = 100_000
"""So many nodes may a document gain when each alias is written out; ten lines can ask for billions."""

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_ALIAS = re.compile(r"[\s\[{,:-]\*[^\s*]")
_DIRECTIVE = re.compile(r"(?:\s*(?:%|#)[^\n]*\n)*\s*%[^\n]*\s*")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadYaml(ValueError):
    """A document that is no YAML, or that asks for too much; the message says where and why."""


class _Loader(_LOADER):  # type: ignore[misc]
    """The safe loader with YAML 1.2's integers, without dates and the value type `=`.

    JSON has neither; a date for one would not be the text that Kubernetes sees.
    """


_LEFT_OUT = {f"tag:yaml.org,2002:{name}" for name in ("timestamp", "value", "int")}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _LEFT_OUT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    # No sexagesimals: 2001:1:2:3:4:5:6:7 is an address.
    re.compile(r"^(?:[-+]?0b[01_]+|[-+]?0[0-7_]*|[-+]?[1-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+)$"),
    list("-+0123456789"),
)


def trees(text: str) -> Iterator[object]:
    """Yield each document's tree, or a BadYaml in its place: a broken one does not spoil the others.

    As for kubectl, a line that starts with `---` ends a document in any case. Empty documents are None.
    """
    line = 0
    for chunk in _chunks(text):
        try:
            yield _load(chunk)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"line {line + mark.line + 1}: " if mark else ""
            yield BadYaml(f"{where}{error.problem or error.context}")
        # What PyYAML's constructors raise on tags that do not fit: `!!int ""`, `!!bool x`, `!!timestamp x`.
        except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            yield BadYaml(" ".join(str(error).split()) or type(error).__name__)
        except RecursionError:
            yield BadYaml("nested too deeply")
        line += chunk.count("\n")


def _chunks(text: str) -> Iterator[str]:
    """Cut before each `---`; directives (`%YAML 1.2`) stay with the document that they are for."""
    start = 0
    for separator in _SEPARATOR.finditer(text):
        if not _DIRECTIVE.fullmatch(text, start, separator.start()):
            if start or text[: separator.start()].strip():
                yield text[start : separator.start()]
            start = separator.start()
    yield text[start:]


def _load(text: str) -> object:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _ALIAS.search(text):
            _bound(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _bound(root: yaml.Node) -> None:
    """Raise BadYaml if writing out the aliases makes too many nodes of this document."""
    sizes: dict[int, int] = {}
    size = _expanded(root, sizes)
    if size - len(sizes) > MAX_ALIASED:
        raise BadYaml(f"aliases repeat more than {MAX_ALIASED} nodes")


def _expanded(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Return how many nodes `node` is with its aliases written out; its size is 0 during the count."""
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise BadYaml("an alias stands inside what it repeats")
        return sizes[id(node)]
    sizes[id(node)] = 0
    children: list[Any] = [] if isinstance(node, yaml.ScalarNode) else node.value
    size = 1
    for child in children:
        pair = child if isinstance(child, tuple) else (child,)
        size += sum(_expanded(each, sizes) for each in pair)
    sizes[id(node)] = size
    return size
