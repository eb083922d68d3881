"""How `rewrite` turns a response back: what is done to its records, TTLs and RCODE before others see it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from kdns.answering.responses import Outcome, Response, followed, then
from kdns.plugins._gotexts import name_text
from kdns.plugins._rewrite_names import Rename, name_of
from kdns.wire import codes
from kdns.wire.names import Name, offsets
from kdns.wire.replies import Reply
from kdns.wire.rrsets import RRset

_NAPTR = 35
_NAMED_AT = {
    codes.NS: 0,
    codes.CNAME: 0,
    codes.SOA: 0,
    codes.PTR: 0,
    codes.MX: 2,
    codes.SRV: 6,
    codes.DNAME: 0,
}
"""Type → where in its RDATA the name stands that is a value, to which NAPTR adds."""

_STRINGS_AT, _STRINGS = 4, 3
"""Where in NAPTR's RDATA its strings begin, and how many there are before the name."""

Ask: TypeAlias = Callable[[Name], Outcome]
"""Asks the server for another name."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Renames owners."""

    rename: Rename

    def __call__(self, response: Response) -> Response:
        return _each_rrset(response, self._renamed)

    def _renamed(self, rrset: RRset) -> RRset:
        renamed = self.rename(name_text(rrset.owner))
        return rrset if renamed is None else rrset._replace(owner=name_of(renamed))


@dataclass(frozen=True, slots=True)
class Values:
    """Renames the names that records point to; of an SOA only MNAME."""

    rename: Rename

    def __call__(self, response: Response) -> Response:
        return _each_rrset(response, self._renamed)

    def _renamed(self, rrset: RRset) -> RRset:
        if rrset.type not in _NAMED_AT and rrset.type != _NAPTR:
            return rrset
        return rrset._replace(rdatas=tuple(self._rdata(rrset.type, rdata) for rdata in rrset.rdatas))

    def _rdata(self, rtype: int, rdata: bytes) -> bytes:
        try:
            start = _naptr_name_at(rdata) if rtype == _NAPTR else _NAMED_AT[rtype]
            *_, root = offsets(Name(rdata[start:]))
        except IndexError:
            return rdata  # another server's, of no shape that is known
        end = start + root + 1
        renamed = self.rename(name_text(Name(rdata[start:end])))
        return rdata if renamed is None else rdata[:start] + name_of(renamed) + rdata[end:]


def _naptr_name_at(rdata: bytes) -> int:
    position = _STRINGS_AT
    for _ in range(_STRINGS):
        position += 1 + rdata[position]
    return position


@dataclass(frozen=True, slots=True)
class TtlRange:
    """Brings every TTL into a range."""

    least: int
    most: int

    def __call__(self, response: Response) -> Response:
        ttls = set(_ttls(response))
        return self._lasting(self._limited(response), ttls) if ttls else response

    def _limited(self, response: Response) -> Response:
        if response.reply is not None:
            return response._replace(reply=self._limited_reply(response.reply))
        return _each_rrset(response, lambda rrset: rrset._replace(ttl=self._of(rrset.ttl)))

    def _limited_reply(self, reply: Reply) -> Reply:
        octets = bytearray(reply.octets)
        for at in reply.ttl_offsets:
            octets[at : at + 4] = self._of(int.from_bytes(octets[at : at + 4], "big")).to_bytes(4, "big")
        low, middle, high = (each if each is None else self._of(each) for each in reply.lowest_ttls)
        return reply._replace(octets=bytes(octets), lowest_ttls=(low, middle, high))

    def _of(self, ttl: int) -> int:
        return min(max(ttl, self.least), self.most)

    def _lasting(self, response: Response, before: set[int]) -> Response:
        """Return the response, to be remembered as long as its TTLs go on as they begin.

        They count down inside of the range only: those beyond it stand still.
        """
        if response.lifetime is None or response.keeps_ttl:
            return response
        counting = {ttl - self.least for ttl in before if self.least < ttl <= self.most}
        above = {ttl - self.most for ttl in before if ttl > self.most}
        if 0 < len(counting) < len(before):
            return response._replace(remember=False)
        lifetime = min((response.lifetime, *counting, *above))
        return response._replace(lifetime=lifetime, keeps_ttl=not counting)


@dataclass(frozen=True, slots=True)
class Rcode:
    """Puts one RCODE in the place of another."""

    old: int
    new: int

    def __call__(self, response: Response) -> Response:
        return response._replace(rcode=self.new) if response.rcode == self.old else response


@dataclass(frozen=True, slots=True)
class Alias:
    """Has a CNAME lead elsewhere, and the answer go on from there."""

    rename: Rename

    def found(self, response: Response) -> tuple[tuple[RRset, ...], Name] | None:
        """Return the CNAMEs down to the one that is changed, and where it leads, None if none is."""
        if response.reply is not None and codes.CNAME not in response.reply.types:
            return None
        aliases = [each for each in response.opened().answer if each.type == codes.CNAME]
        for at, alias in enumerate(aliases):
            renamed = self.rename(name_text(Name(alias.rdatas[0])))
            if renamed is not None:
                target = name_of(renamed)
                return (*aliases[:at], alias._replace(rdatas=(target,))), target
        return None


Change: TypeAlias = Callable[[Response], Response] | Alias


def not_remembered(response: Response) -> Response:
    """It depends on more than can be told apart."""
    return response._replace(remember=False)


def turned_back(response: Response, changes: Sequence[Change], ask: Ask) -> Outcome:
    """Return the response after these changes, the last of which come first. Raises BadName at once."""
    left = list(changes)
    while left:
        change = left.pop()
        if not isinstance(change, Alias):
            response = change(response)
        elif found := change.found(response):
            kept, target = found
            own = turned_back(response.opened()._replace(answer=kept), left, ask)
            return _followed(own, ask, target)
    return response


def _followed(own: Outcome, ask: Ask, target: Name) -> Outcome:
    """Return CNAMEs, and after them the answer of the name that they lead to."""
    if isinstance(own, Response):
        return then(ask(target), partial(_joined, own))
    return _followed_later(own, ask, target)


async def _followed_later(waiting: Awaitable[Response], ask: Ask, target: Name) -> Response:
    outcome = _followed(await waiting, ask, target)
    return outcome if isinstance(outcome, Response) else await outcome


def _joined(own: Response, other: Response) -> Response:
    """What else the other says is left out."""
    return followed(own, other)._replace(
        additional=own.additional,
        truncated=other.truncated,
        has_live_serial=own.has_live_serial,
        remember=own.remember and other.remember and not other.has_live_serial,
    )


def _each_rrset(response: Response, change: Callable[[RRset], RRset]) -> Response:
    opened = response.opened()
    return opened._replace(
        answer=tuple(map(change, opened.answer)),
        authority=tuple(map(change, opened.authority)),
        additional=tuple(map(change, opened.additional)),
    )


def _ttls(response: Response) -> Iterator[int]:
    if response.reply is not None:
        octets = response.reply.octets
        yield from (int.from_bytes(octets[at : at + 4], "big") for at in response.reply.ttl_offsets)
    for section in (response.answer, response.authority, response.additional):
        yield from (rrset.ttl for rrset in section)
