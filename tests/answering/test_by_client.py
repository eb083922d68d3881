"""ClassifyingResponder: with more clients and classes than it keeps, nothing passes from class to class."""

import asyncio
from collections.abc import Awaitable

import dns.message
import pytest

from kdns.answering import by_client
from kdns.answering.blocks import Block
from kdns.answering.by_client import ClassifyingResponder
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.answering.table import AnswerTable
from kdns.wire import codes, rrsets
from kdns.wire.names import ROOT
from kdns.wire.rrsets import RRset
from tests.builders import Sender, build_query, respond, section_lines

PACKET = build_query("who.").to_wire()


def from_client(address: str) -> Sender:
    return Sender(False, (address, 5353))


def said(octets: bytes) -> list[str]:
    return [line.split()[-1] for line in section_lines(dns.message.from_wire(octets).answer)]


class Asking:
    """A responder that tells each client its address, its class; once the `gate` opens, if there is one."""

    def __init__(self) -> None:
        self.gate: asyncio.Event | None = None
        self.responder = ClassifyingResponder(AnswerTable(), str)
        self.responder.blocks = {ROOT: Block(self._answer)}

    def say(self, address: str) -> list[str]:
        return said(respond(self.responder, PACKET, from_client(address)))

    def _answer(self, query: Query) -> Outcome:
        text = rrsets.txt([query.client.encode()])
        response = Response(answer=(RRset(query.name, codes.TXT, 5, (text,)),))
        return self._later(response) if self.gate else response

    async def _later(self, response: Response) -> Response:
        assert self.gate
        await self.gate.wait()
        return response


@pytest.mark.parametrize("limit", ["_MOST_CLASSES", "_MOST_ADDRESSES"])
def test_more_classes_and_clients_than_are_kept_get_their_own_answers(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_client, limit, 3)
    asking = Asking()
    for n in [*range(20), *range(20)]:
        assert asking.say(f"10.0.0.{n}") == [f'"10.0.0.{n}"']
    assert len(asking.responder._keys) <= (3 if limit == "_MOST_CLASSES" else 20)
    assert len(asking.responder._classes) <= 3


async def test_what_was_waited_for_is_not_remembered_for_a_class_that_came_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(by_client, "_MOST_CLASSES", 1)
    asking = Asking()
    asking.gate = asyncio.Event()
    waiting = asking.responder.respond(PACKET, from_client("10.0.0.1"))
    assert isinstance(waiting, Awaitable)
    task = asyncio.ensure_future(waiting)
    await asyncio.sleep(0)
    other = asking.responder.respond(PACKET, from_client("10.0.0.2"))
    assert isinstance(other, Awaitable)
    asking.gate.set()
    assert [said(await each) for each in (task, other)] == [['"10.0.0.1"'], ['"10.0.0.2"']]
    asking.gate = None
    assert asking.say("10.0.0.2") == ['"10.0.0.2"']
