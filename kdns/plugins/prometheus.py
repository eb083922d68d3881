"""`prometheus`: a page of everything that is measured. What is counted for each query is `answering`'s."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from kdns.answering.plugin import Address, Pages, Plugin, Process, Setting
from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.reading import Reader, arguments, properties
from kdns.corefile.scalars import address
from kdns.corefile.values import Directive
from kdns.plugins._once import only

DEFAULT: Address = ("localhost", 9153)


def _not_here(line: Directive) -> NoReturn:
    found = f"{shown(line.name.text)}, an option that kdns does not have"
    raise CorefileError(line.position, found, "no options: take it out")


PROPERTIES: Mapping[str, Reader[NoReturn]] = {"runtime_metrics": _not_here, "tls": _not_here}


class Prometheus(Plugin):
    """Serves the metrics of the whole process, wherever it stands."""

    name = "prometheus"

    def __init__(self, address: Address, process: Process) -> None:
        self._address = address
        self._process = process

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Prometheus":
        directive = only(directives)
        words = arguments(directive, 0, 1)
        list(properties(directive, PROPERTIES))
        return cls(address(words[0]) if words else DEFAULT, setting.process)

    def pages(self) -> Mapping[Address, Pages]:
        return {self._address: {"/metrics": self._process.metrics}}
