"""Hosts files (hosts(5)) as tables for lookups: text in, addresses by name and names by address out.

Nothing in a file is an error: lines and names that say nothing to DNS are left out.
"""

import time
from collections.abc import Collection, Mapping
from io import StringIO

from kdns.plugins._addresses import packed
from kdns.wire import codes
from kdns.wire.names import ROOT, BadName, Name, fold, from_text, longest_suffix

_TYPES = {4: codes.A, 16: codes.AAAA}
_WILDCARD = b"\1*"

_BREATH = 256
"""After how many lines a reader lets other threads have a turn: about half a millisecond."""

Table = dict[Name, list[bytes]]


class HostsTable:
    """What hosts files say about the names in some zones.

    All names are folded; addresses have 4 or 16 octets. `size` counts both, repeated ones too.
    """

    def __init__(self) -> None:
        self._exact: Mapping[int, Table] = {codes.A: {}, codes.AAAA: {}}
        self._wild: Mapping[int, Table] = {codes.A: {}, codes.AAAA: {}}
        self._names: dict[bytes, list[Name]] = {}
        self.size = 0

    def addresses(self, name: Name, qtype: int) -> Collection[bytes]:
        """Return the addresses of a name for A or AAAA, in the order of the file.

        A name without any has those of the wildcard beside it: `*` stands for one label, and for none that
        is a whole name.
        """
        found = self._exact[qtype].get(name)
        if found is None and name != ROOT:
            parent = name[1 + name[0] :]
            found = self._wild[qtype].get(Name(_WILDCARD + parent)) if parent != ROOT else None
        return found or ()

    def names(self, address: bytes) -> Collection[Name]:
        """Return the names of an address, in the order of the file, without wildcards."""
        return self._names.get(address, ())

    def _add(self, address: bytes, name: Name, has_reverse: bool) -> None:
        rtype, is_wild = _TYPES[len(address)], name[:2] == _WILDCARD
        (self._wild if is_wild else self._exact)[rtype].setdefault(name, []).append(address)
        self.size += 1
        if has_reverse and not is_wild:
            self._names.setdefault(address, []).append(name)
            self.size += 1


def read_hosts(text: str, zones: Collection[Name], has_reverse: bool) -> HostsTable:
    """Read a hosts file; names outside of the zones are left out. It gives way to other threads."""
    table, served = HostsTable(), dict.fromkeys(zones, True)
    for number, line in enumerate(StringIO(text, newline="\n"), start=1):
        if number % _BREATH == 0:
            time.sleep(0)
        words = line.partition("#")[0].split()
        address = packed(words[0]) if len(words) > 1 else None
        if address is None:
            continue
        for word in words[1:]:
            name = _name(word)
            if name is not None and longest_suffix(name, served):
                table._add(address, name, has_reverse)
    return table


def _name(word: str) -> Name | None:
    try:
        return fold(from_text(word if word.endswith(".") else f"{word}."))
    except BadName:
        return None
