"""How the directives of `rewrite` are read: one rule each, on its line or in its block."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.patterns import pattern
from kdns.corefile.reading import arguments, plain
from kdns.corefile.values import Directive, Word
from kdns.plugins._rewrite_edns import read_edns
from kdns.plugins._rewrite_names import PLAIN, WAYS, Pattern, Rename, matching, normalized
from kdns.plugins._rewrite_responses import Alias, Change, Owners, Rcode, Values
from kdns.plugins._rewrite_rules import Act, Rule, changing, reclassing, renaming, retyping
from kdns.plugins._rewrite_scalars import rcode, rr_class, rr_type, ttl_range

_MODES = {"continue": False, "stop": True}
_LARGEST_RCODE = 0xF
_HARMLESS = re.compile(r"[a-z0-9._-]*")
"""What no regular expression has to be compiled for, to see that it is one."""

_GROUP = re.compile(r"\{(0|[1-9][0-9]?|100)\}")


def read_rule(directive: Directive) -> Rule:
    """Read a directive: [continue|stop] and the rule. Raises CorefileError."""
    words = _words(directive)
    is_last = _MODES.get(words[0].text.lower()) if words else None
    if is_last is not None:
        words = words[1:]
    if not words:
        raise CorefileError(directive.position, "no rule", "one of " + ", ".join(_READERS))
    read = _READERS.get(words[0].text.lower())
    if read is None:
        raise unexpected(words[0], "what to rewrite: one of " + ", ".join(_READERS), _READERS)
    return read(Directive(words[0], words[1:]), is_last is not False)


def _words(directive: Directive) -> tuple[Word, ...]:
    """Return the words of a rule. One that is not whole on its line goes on in the block."""
    words = directive.arguments
    if directive.block is not None and len(words) > 1:
        raise CorefileError(directive.position, "a block after a rule that has begun", "the end of the line")
    for line in directive.block or ():
        words += (line.name, *plain(line).arguments)
    return words


def _read_name(line: Directive) -> Act:
    words = arguments(line, 2)
    way, old, new, *answers = words if len(words) > 2 else (line.name._replace(text="exact"), *words)
    kind = _way(way)
    is_reverted, others = _answers(answers) if answers else (False, ())
    if kind == "regex":
        return renaming(_matching(old, new), is_reverted, others)
    first, second = normalized(old.text), normalized(new.text)
    if kind == "exact":
        _check_pattern(new._replace(text=second), old)
        is_reverted = True
    if kind == "suffix" and is_reverted:
        back = PLAIN["suffix"](second, first)
        others, is_reverted = (Owners(back), Values(back), *others), False
    return renaming(PLAIN[kind](first, second), is_reverted, others)


def _check_pattern(word: Word, other: Word) -> None:
    """CoreDNS takes the new name of an exact rule for a regular expression, though it matches none."""
    if not _HARMLESS.fullmatch(word.text) or _GROUP.search(other.text):
        _compiled(word, other)


def _way(word: Word) -> str:
    if word.text.lower() not in WAYS:
        raise unexpected(word, "a way of matching", WAYS)
    return word.text.lower()


def _compiled(old: Word, new: Word) -> Pattern:
    """Read a regular expression, which must have as many groups as `new` names."""
    found = cast(Pattern, pattern(old))
    if len(set(_GROUP.findall(new.text))) > found.groups:
        raise CorefileError(
            new.position, shown(new.text), f"no more groups than the {found.groups} of {shown(old.text)}"
        )
    return found


def _matching(old: Word, new: Word) -> Rename:
    return matching(_compiled(old, new), normalized(new.text))


_ANSWERS: Mapping[str, Callable[[Rename], Change]] = {"name": Owners, "value": Values}


def _answers(words: Sequence[Word]) -> tuple[bool, tuple[Change, ...]]:
    """Read what follows a name rule: [answer] auto|name FROM TO|value FROM TO, any number of times.

    Return whether there is an `auto`, and the others.
    """
    if words[0].text != "answer":
        raise unexpected(words[0], "`answer`, or the end of the rule")
    is_reverted, changes, left = False, list[Change](), list(words)
    while left:
        before = left.pop(0) if left[0].text == "answer" else left[0]
        what = left.pop(0) if left else before
        if what.text == "auto":
            is_reverted = True
        elif what.text in _ANSWERS and len(left) > 1:
            changes.append(_ANSWERS[what.text](_matching(left.pop(0), left.pop(0))))
        else:
            raise unexpected(what, "auto, name FROM TO or value FROM TO", ("auto", *_ANSWERS))
    if is_reverted and any(isinstance(change, Owners) for change in changes):
        raise CorefileError(words[0].position, "answer auto beside answer name", "one of both")
    return is_reverted, tuple(changes)


def _read_type(line: Directive) -> Act:
    old, new = arguments(line, 2, 2)
    return retyping(rr_type(old), rr_type(new))


def _read_class(line: Directive) -> Act:
    old, new = arguments(line, 2, 2)
    return reclassing(rr_class(old), rr_class(new))


def _read_ttl(line: Directive) -> Act:
    *name, ttl = arguments(line, 2, 3)
    return changing(_of_name(name), ttl_range(ttl))


def _of_name(words: Sequence[Word]) -> Rename:
    """Read [WAY] NAME, of a rule that leaves the name as it is."""
    *way, name = words
    kind = _way(way[0]) if way else "exact"
    if kind == "regex":
        return matching(cast(Pattern, pattern(name)), "")
    return PLAIN[kind](normalized(name.text), "")


def _read_rcode(line: Directive) -> Act:
    *name, old, new = arguments(line, 3, 4)
    change = Rcode(rcode(old), rcode(new))
    if change.new > _LARGEST_RCODE:
        found = f"{shown(new.text)}, an extended RCODE, which kdns does not answer with yet"
        raise CorefileError(new.position, found, f"an RCODE up to {_LARGEST_RCODE}")
    return changing(_of_name(name), change)


def _read_cname(line: Directive) -> Act:
    *way, old, new = arguments(line, 2, 3)
    kind = _way(way[0]) if way else "exact"
    first, second = old.text.lower(), new.text.lower()
    if kind == "regex":
        rename = matching(cast(Pattern, pattern(old._replace(text=first))), second)
    elif kind == "exact":
        rename = PLAIN[kind](normalized(first), normalized(second))
    else:
        rename = PLAIN[kind](first, second)
    changes = (Alias(rename),) if first and second else None
    return lambda asked: changes


def _rule(read: Callable[[Directive], Act]) -> Callable[[Directive, bool], Rule]:
    return lambda line, is_last: Rule(read(line), is_last)


_READERS: Mapping[str, Callable[[Directive, bool], Rule]] = {
    "name": _rule(_read_name),
    "type": _rule(_read_type),
    "class": _rule(_read_class),
    "edns0": read_edns,
    "ttl": _rule(_read_ttl),
    "cname": _rule(_read_cname),
    "rcode": _rule(_read_rcode),
}
