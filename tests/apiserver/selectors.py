"""Label and field selectors: text in, a predicate over objects out.

The equality and set forms of labels are known, and equality of the fields that a resource's row names.
"""

import re
from collections.abc import Callable

from tests.apiserver.resources import Object, Resource
from tests.apiserver.statuses import bad_request

Predicate = Callable[[Object], bool]

_COMMA = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"([\w./-]+)\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(r"([\w./-]+)\s*(==|=|!=)\s*([\w.:-]*)")
_EXISTS = re.compile(r"(!?)\s*([\w./-]+)")


def everything(_: Object) -> bool:
    return True


def read_selectors(resource: Resource, labels: str, fields: str) -> Predicate:
    """Return the predicate of both, `everything` itself for none; raise 400 on what cannot be read."""
    terms = [_label_term(term.strip()) for term in _COMMA.split(labels) if labels]
    terms += [_field_term(resource, term.strip()) for term in fields.split(",") if fields]
    return (lambda obj: all(term(obj) for term in terms)) if terms else everything


def _label_term(term: str) -> Predicate:
    if match := _SET.fullmatch(term):
        name, wanted = match[1], {each.strip() for each in match[3].split(",")}
        return _among(name, wanted, is_wanted=match[2] == "in")
    if match := _EQUAL.fullmatch(term):
        return _among(match[1], {match[3]}, is_wanted=match[2] != "!=")
    if match := _EXISTS.fullmatch(term):
        name, is_wanted = match[2], not match[1]
        return lambda obj: (name in _labels(obj)) == is_wanted
    raise bad_request(f"unable to parse requirement: {term}")


def _among(name: str, values: set[str], *, is_wanted: bool) -> Predicate:
    """A label that is missing is among nothing, so that `!=` and `notin` match it."""
    return lambda obj: (_labels(obj).get(name) in values) == is_wanted


def _labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _field_term(resource: Resource, term: str) -> Predicate:
    if (match := _EQUAL.fullmatch(term)) is None:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    path, operator, value = match.groups()
    if path not in ("metadata.name", "metadata.namespace", *resource.fields):
        raise bad_request(f"field label not supported: {path}")
    return lambda obj: (_value(obj, path) == value) == (operator != "!=")


def _value(obj: Object, path: str) -> str:
    found: object = obj
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return "" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
