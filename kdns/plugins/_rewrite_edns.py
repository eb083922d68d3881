"""Rules of `rewrite` about EDNS options of the query: local ones, NSID, the client's subnet.

They are for the server that is asked next. The response has of the client's options what it always has.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from struct import Struct
from typing import NamedTuple

from kdns.answering.edns import OPTION_HEAD, split
from kdns.answering.queries import Edns, Query
from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.reading import arguments
from kdns.corefile.values import Directive, Word
from kdns.plugins._gotexts import name_text
from kdns.plugins._rewrite_responses import Change, not_remembered
from kdns.plugins._rewrite_rules import Act, Asked, Rule

_NSID, _CLIENT_SUBNET = 3, 8
_CREATED = Edns(4096, 0, 0, b"")
"""The OPT of a query that had none."""

_FIXED = Struct("!HH")
_FAMILIES = {4: 1, 6: 2}
_SUBNET = Struct("!HBB")
_UNSIGNED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0")
_LABEL = re.compile(r"\{[^/]+/.+\}")

Options = Sequence[tuple[int, bytes]]
"""Codes and data, in the order of the message."""

Data = Callable[[Query], bytes]


def _split(options: bytes) -> Options:
    return [(code, octets[OPTION_HEAD:]) for code, octets in split(options)]


def _joined(options: Options) -> bytes:
    return b"".join(_FIXED.pack(code, len(data)) + data for code, data in options)


def _replaced(options: Options, code: int, data: bytes) -> Options | None:
    """Return the options with the first of this code changed, None if there is none."""
    for at, (present, _) in enumerate(options):
        if present == code:
            return [*options[:at], (code, data), *options[at + 1 :]]
    return None


def _appended(options: Options, code: int, data: bytes) -> Options:
    return [*options, (code, data)]


def _appended_once(options: Options, code: int, data: bytes) -> Options | None:
    return None if _replaced(options, code, data) else _appended(options, code, data)


def _set(options: Options, code: int, data: bytes) -> Options:
    return _replaced(options, code, data) or _appended(options, code, data)


def _unset(options: Options, code: int, data: bytes) -> Options:
    return [each for each in options if each[0] != code]


Action = Callable[[Options, int, bytes], Options | None]

_ACTIONS: Mapping[str, Action] = {
    "set": _set,
    "replace": _replaced,
    "append": _appended,
    "unset": _unset,
}
_ONCE: Mapping[str, Action] = {**_ACTIONS, "append": _appended_once}
"""For variables and subnets. CoreDNS appends others a second time."""


class _Variable(NamedTuple):
    data: Data
    is_of_client: bool = False
    is_remembered: bool = True


def _client_ip(query: Query) -> bytes:
    return _ip(query.client).packed


def _ip(address: str) -> IPv4Address | IPv6Address:
    """Return an address without the interface that it is of."""
    return ip_address(address.partition("%")[0])


_VARIABLES = {
    "{qname}": _Variable(lambda query: name_text(query.name).encode()),
    "{qtype}": _Variable(lambda query: query.type.to_bytes(2, "big")),
    "{client_ip}": _Variable(_client_ip, is_of_client=True),
    "{client_port}": _Variable(
        lambda query: query.port.to_bytes(2, "big"), is_of_client=True, is_remembered=False
    ),
    "{protocol}": _Variable(lambda query: b"tcp" if query.is_stream else b"udp", is_remembered=False),
}
_NOT_YET = ("{server_ip}", "{server_port}")


def _acting(action: Action, code: int, data: Data, is_remembered: bool = True) -> Act:
    changes: tuple[Change, ...] = () if is_remembered else (not_remembered,)

    def act(asked: Asked) -> Sequence[Change] | None:
        query = asked.query
        edns = query.edns or _CREATED
        options = action(_split(edns.options), code, data(query))
        kept = edns.options if options is None else _joined(options)
        asked.query = query._replace(edns=edns._replace(options=kept))
        return None if options is None else changes

    return act


def read_edns(line: Directive, is_last: bool) -> Rule:
    """Read what follows `edns0`. `revert` at the end says what is so anyway."""
    kind, verb, *words = arguments(line, 2)
    read = _READERS.get(kind.text.lower())
    if read is None:
        raise unexpected(kind, "an EDNS option that can be changed", _READERS)
    action = verb.text.lower()
    if action not in _ACTIONS:
        raise unexpected(verb, "what to do with it", _ACTIONS)
    if words and words[-1].text == "revert" and action != "unset":
        words.pop()
    return read(Directive(line.name, tuple(words)), action, is_last)


def _read_local(line: Directive, action: str, is_last: bool) -> Rule:
    count = 1 if action == "unset" else 2
    word, *values = arguments(line, count, count)
    code = _number(word, 0xFFFF)
    if not values:
        return Rule(_acting(_ACTIONS[action], code, lambda query: b""), is_last)
    [value] = values
    if value.text.startswith("{") and value.text.endswith("}"):
        variable = _variable(value)
        act = _acting(_ONCE[action], code, variable.data, variable.is_remembered)
        return Rule(act, is_last, _whole if variable.is_of_client else None)
    data = _octets(value)
    return Rule(_acting(_ACTIONS[action], code, lambda query: data), is_last)


def _whole(address: str) -> Hashable:
    return address


def _variable(word: Word) -> _Variable:
    if word.text in _NOT_YET or _LABEL.fullmatch(word.text):
        found = f"the variable {shown(word.text)}, which kdns does not have yet"
        raise CorefileError(word.position, found, "one of " + ", ".join(_VARIABLES))
    if word.text not in _VARIABLES:
        raise unexpected(word, "a variable", _VARIABLES)
    return _VARIABLES[word.text]


def _octets(word: Word) -> bytes:
    """Read the data of an option: octets in hexadecimal after 0x, else a text."""
    if not word.text.startswith("0x"):
        return word.text.encode()
    if not re.fullmatch("(?:[0-9a-fA-F]{2})*", word.text[2:]):
        raise unexpected(word, "pairs of hexadecimal digits after 0x")
    return bytes.fromhex(word.text[2:])


def _number(word: Word, most: int) -> int:
    """Read a number as Go does that takes its base from the text."""
    if not _UNSIGNED.fullmatch(word.text) or (number := _value(word.text)) > most:
        raise unexpected(word, f"a number up to {most}, or 0x and one in hexadecimal")
    return number


def _value(text: str) -> int:
    is_old_octal = text[0] == "0" and text.isdecimal()
    return int(text, 8 if is_old_octal else 0)


def _read_nsid(line: Directive, action: str, is_last: bool) -> Rule:
    arguments(line, 0, 0)
    return Rule(_acting(_ACTIONS[action], _NSID, lambda query: b""), is_last)


def _read_subnet(line: Directive, action: str, is_last: bool) -> Rule:
    if action == "unset":
        arguments(line, 0, 0)
        return Rule(_acting(_ACTIONS[action], _CLIENT_SUBNET, lambda query: b""), is_last)
    four, six = arguments(line, 2, 2)
    lengths = {4: _number(four, 32), 6: _number(six, 128)}

    def network(address: str) -> IPv4Network | IPv6Network:
        ip = _ip(address)
        return ip_network((ip, lengths[ip.version]), strict=False)

    def data(query: Query) -> bytes:
        found = network(query.client)
        octets = found.network_address.packed[: (found.prefixlen + 7) // 8]
        return _SUBNET.pack(_FAMILIES[found.version], found.prefixlen, 0) + octets

    return Rule(_acting(_ONCE[action], _CLIENT_SUBNET, data), is_last, network)


_READERS: Mapping[str, Callable[[Directive, str, bool], Rule]] = {
    "local": _read_local,
    "nsid": _read_nsid,
    "subnet": _read_subnet,
}
