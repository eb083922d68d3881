"""What the rules of `rewrite` do to a query, and which changes of the response follow from that."""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, Protocol

from kdns.answering.queries import Query
from kdns.plugins._gotexts import name_text
from kdns.plugins._rewrite_names import Rename, mapped, name_of
from kdns.plugins._rewrite_responses import Change, Owners, Values
from kdns.wire.names import fold


class Asked:
    """A query on its way through the rules; `text` is its name in lower case as it is now."""

    __slots__ = ("query", "text")

    def __init__(self, query: Query) -> None:
        self.query, self.text = query, name_text(fold(query.name))

    def rename(self, text: str) -> None:
        """Raises BadName."""
        name = name_of(text)
        self.query, self.text = self.query._replace(name=name), name_text(fold(name))


class Act(Protocol):
    """What a rule does."""

    def __call__(self, asked: Asked, /) -> Sequence[Change] | None:
        """Change what is asked; return the changes of the response, None if the rule is not for it.

        Raises BadName if the name that it becomes is none.
        """


class Rule(NamedTuple):
    """A directive. Those behind one that `is_last` do not count once it is for a query.

    `classify`: what it does depends on this much of the client's address.
    """

    act: Act
    is_last: bool
    classify: Callable[[str], Hashable] | None = None


def renaming(rename: Rename, is_reverted: bool, others: tuple[Change, ...]) -> Act:
    """Ask for another name. `is_reverted`: where the response has that name, it is put back."""

    def act(asked: Asked) -> Sequence[Change] | None:
        before, renamed = asked.text, rename(asked.text)
        if renamed is None:
            return None
        asked.rename(renamed)
        if not is_reverted:
            return others
        back = mapped(asked.text, before)
        return (Owners(back), Values(back), *others)

    return act


def retyping(old: int, new: int) -> Act:
    """Ask for another type."""

    def act(asked: Asked) -> Sequence[Change] | None:
        if asked.query.type != old:
            return None
        asked.query = asked.query._replace(type=new)
        return ()

    return act


def reclassing(old: int, new: int) -> Act:
    """Ask in another class."""

    def act(asked: Asked) -> Sequence[Change] | None:
        if asked.query.rdclass != old:
            return None
        asked.query = asked.query._replace(rdclass=new)
        return ()

    return act


def changing(rename: Rename, change: Change) -> Act:
    """Leave the query as it is, and change the response if the name is one that would be renamed."""
    changes = (change,)
    return lambda asked: None if rename(asked.text) is None else changes
