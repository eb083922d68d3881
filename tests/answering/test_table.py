import random

import pytest

from kdns.answering.prepared import Prepared
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable, question_key
from kdns.cluster.events import Tag, service_tag
from kdns.cluster.objects import ServiceKey
from kdns.wire import codes
from kdns.wire.names import from_text
from kdns.wire.rrsets import RRset

LIMIT = 20_000


def tag(name: str) -> Tag:
    return service_tag(ServiceKey("ns", name))


def entry(name: str, *tags: str, octets: int = 0) -> Prepared:
    qname = from_text(f"{name}.")
    answer = (RRset(qname, codes.TXT, 30, (b"\0" * octets,)),) if octets else ()
    return Prepared(qname + b"\0\1\0\1", Response(answer=answer, tags=frozenset(map(tag, tags))), 0)


def names(table: AnswerTable) -> list[str]:
    return [key[1 : 1 + key[0]].decode() for key in table.entries]


@pytest.mark.parametrize(
    ("question", "key"),
    [
        (b"\3WwW\0\0\1\0\1", b"\3www\0\0\1\0\1"),
        (b"\1A\0\0A\0\1", b"\1a\0\0A\0\1"),
        (b"\1A\0AA\0\1", b"\1a\0AA\0\1"),
        (b"\1A\0\0\1AA", b"\1a\0\0\1AA"),
        (b"\2\xc0\xda\0\0\1\0\1", b"\2\xc0\xda\0\0\1\0\1"),
        (b"\0\0\1\0\1", b"\0\0\1\0\1"),
        (b"", b""),
    ],
)
def test_only_the_name_of_a_question_is_folded(question: bytes, key: bytes) -> None:
    assert question_key(question) == key


def test_forgetting_a_tag_drops_every_answer_that_carries_it_and_no_other() -> None:
    table = AnswerTable()
    for each in (entry("a", "x"), entry("b", "x", "y"), entry("c", "y"), entry("d")):
        table.remember(each)
    table.forget([tag("x"), tag("unknown")], 7)
    assert names(table) == ["c", "d"]
    assert table.serial == 7
    table.forget([tag("x")], 8)
    table.forget([tag("y")], 9)
    assert names(table) == ["d"]


def test_an_answer_that_is_remembered_again_replaces_the_former_with_its_tags() -> None:
    table = AnswerTable()
    table.remember(entry("a", "x"))
    latest = entry("a", "y")
    table.remember(latest)
    assert [*table.entries.values()] == [latest]
    table.forget([tag("x")], 0)
    assert names(table) == ["a"]
    table.forget([tag("y")], 0)
    assert names(table) == []


def test_what_was_asked_once_goes_first() -> None:
    table = AnswerTable(limit=LIMIT)
    table.remember(entry("wanted"))
    for number in range(1000):
        table.remember(entry(f"once{number}"))
        if number % 5 == 0:
            table.entries[entry("wanted").key].turn += 1
    assert 5 < len(table.entries) < 30
    assert "wanted" in names(table)
    assert f"once{999}" in names(table)


def test_what_is_not_asked_for_any_more_goes_in_its_turn() -> None:
    table = AnswerTable(limit=LIMIT)
    table.remember(entry("wanted"))
    table.entries[entry("wanted").key].turn += 1000
    for number in range(100):
        table.remember(entry(f"once{number}"))
    assert "wanted" not in names(table)


def test_an_answer_beyond_the_limit_is_not_kept() -> None:
    table = AnswerTable(limit=LIMIT)
    table.remember(entry("big", "x", octets=LIMIT))
    assert names(table) == []


def capacity(table: AnswerTable) -> int:
    """Fill the table and return how many answers it holds."""
    for number in range(500):
        table.remember(entry(f"n{number:03}", "x", f"t{number}"))
    return len(table.entries)


@pytest.mark.parametrize(
    "empty", [AnswerTable.clear, lambda table: table.forget([tag("x")], 0)], ids=["clear", "forget"]
)
def test_an_emptied_table_is_as_it_was_made(empty: object) -> None:
    table = AnswerTable(limit=LIMIT)
    as_made = {key: repr(value) for key, value in vars(table).items()}
    assert capacity(table) == capacity(table)
    empty(table)  # type: ignore[operator]
    changed = {key for key, value in vars(table).items() if repr(value) != as_made[key]}
    assert not any("tag" in key or "weight" in key or "entries" in key for key in changed)
    assert capacity(table) == capacity(AnswerTable(limit=LIMIT))


def test_bookkeeping_survives_any_order_of_remembering_and_forgetting() -> None:
    dice = random.Random(1)
    table = AnswerTable(limit=LIMIT)
    for _ in range(5000):
        if dice.random() < 0.8:
            tags = [f"t{dice.randrange(20)}" for _ in range(dice.randrange(4))]
            table.remember(entry(f"n{dice.randrange(60)}", "all", *tags, octets=dice.randrange(900)))
        elif table.entries and dice.random() < 0.5:
            table.entries[dice.choice([*table.entries])].turn += 1
        else:
            gone = tag(f"t{dice.randrange(20)}")
            table.forget([gone], 0)
            assert not any(gone in each.tags for each in table.entries.values())
    table.forget([tag("all")], 0)
    assert capacity(table) == capacity(AnswerTable(limit=LIMIT))


def test_an_answer_is_late_if_one_of_its_tags_was_forgotten_since() -> None:
    table = AnswerTable()
    since = table.version
    tags = frozenset([tag("x")])
    assert not table.has_forgotten(tags, since)
    table.forget([tag("y")], 1)
    assert not table.has_forgotten(tags, since)
    table.forget([tag("x"), tag("z")], 2)
    assert table.has_forgotten(tags, since)
    assert not table.has_forgotten(tags, table.version)
    assert not table.has_forgotten(frozenset(), since)


def test_an_answer_that_took_longer_than_the_table_remembers_events_is_late() -> None:
    table = AnswerTable()
    for _ in range(5000):
        table.forget([tag("y")], 1)
    assert table.has_forgotten(frozenset([tag("x")]), 0)
    assert not table.has_forgotten(frozenset([tag("x")]), 4990)
