"""`ready`: a page that says whether this process should get queries."""

import logging
from collections.abc import Callable, Mapping, Sequence

from kdns.answering.plugin import OK, PLAIN_TEXT, Address, Page, Pages, Plugin, Setting
from kdns.corefile.reading import Reader, arguments, one, properties
from kdns.corefile.scalars import address, choice
from kdns.corefile.values import Directive
from kdns.plugins._once import only

log = logging.getLogger("kdns.plugins.ready")

DEFAULT: Address = ("", 8181)
PROPERTIES: Mapping[str, Reader[str]] = {"monitor": one(choice("until-ready", "continuously"))}


class Ready(Plugin):
    """Asks at each request who is not ready; a plugin that once was is not asked again, unless `watches`."""

    name = "ready"

    def __init__(self, address: Address, watches: bool, unready: Callable[[], Sequence[str]]) -> None:
        self._address = address
        self._watches = watches
        self._unready = unready
        self._waits_for: frozenset[str] | None = None
        self._is_stopping = False

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Ready":
        directive = only(directives)
        words = arguments(directive, 0, 1)
        monitor = dict(properties(directive, PROPERTIES)).get("monitor")
        return cls(
            address(words[0]) if words else DEFAULT, monitor == "continuously", setting.process.unready
        )

    def pages(self) -> Mapping[Address, Pages]:
        return {self._address: {"/ready": self._page}}

    async def linger(self) -> None:
        """Say from now on that queries should go elsewhere. CoreDNS closes the address instead."""
        self._is_stopping = True

    def _page(self) -> Page:
        if self._is_stopping:
            return Page(503, PLAIN_TEXT, b"Shutting down")
        names = ",".join(sorted(self._missing()))
        if not names:
            return OK
        log.info('Plugins not ready: "%s"', names)
        return Page(503, PLAIN_TEXT, names.encode())

    def _missing(self) -> frozenset[str]:
        unready = frozenset(self._unready())
        if not self._watches:
            if self._waits_for is not None:
                unready &= self._waits_for
            self._waits_for = unready
        return unready
