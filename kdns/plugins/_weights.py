"""Weight files of `loadbalance`: a domain name on a line of its own, then its addresses and their weights."""

import logging
import re
from collections.abc import Mapping

from kdns.plugins._addresses import packed
from kdns.wire.names import BadName, Name, fold, from_text

log = logging.getLogger("kdns.plugins.loadbalance")

Weights = Mapping[Name, Mapping[bytes, int]]
"""Folded owner name → address (4 or 16 octets) → weight from 1 to 255."""

DEFAULT_WEIGHT = 1

_WEIGHT = re.compile(r"0*([0-9]{1,3})", re.ASCII)


class WeightsError(ValueError):
    """A weight file that cannot be read; the message says what and which."""


def read_weights(text: str, path: str) -> Weights:
    """Read a weight file; `path` is for messages. Of an address's weights the first counts.

    Raises WeightsError, nothing else.
    """
    weights: dict[Name, dict[bytes, int]] = {}
    current: dict[bytes, int] | None = None
    for line in text.split("\n"):
        match line.split():
            case []:
                pass
            case [first, *_] if first.startswith("#"):
                pass
            case [domain]:
                current = weights.setdefault(name, {}) if (name := _domain(domain, path)) else {}
            case [address, weight]:
                item = _item(address, weight, path)
                if current is None:
                    raise WeightsError(f"missing domain name in weight file {path}")
                current.setdefault(*item)
            case _:
                raise WeightsError(f'could not parse weight line:"{line.strip()}" in weight file {path}')
    return weights


def _domain(text: str, path: str) -> Name | None:
    """Return a domain name, None for a text that no name in DNS equals."""
    if _address(text) is not None:
        hint = "(Maybe a missing weight value?)"
        raise WeightsError(f'wrong domain name:"{text}" in weight file {path}. {hint}')
    try:
        return fold(from_text(text))
    except BadName:
        return None


def _item(address: str, weight: str, path: str) -> tuple[bytes, int]:
    octets, number = _address(address), _WEIGHT.fullmatch(weight)
    if octets is None:
        raise WeightsError(f'wrong IP address:"{address}" in weight file {path}')
    if number is None or not 1 <= int(number[1]) <= 255:
        raise WeightsError(f'wrong weight value:"{weight}" in weight file {path}')
    return octets, int(number[1])


def _address(text: str) -> bytes | None:
    return None if "%" in text else packed(text)


class WeightFile:
    """A weight file and what was in it the last time that it was well; looked at every `reload` seconds."""

    def __init__(self, path: str, reload: float) -> None:
        self.path, self.reload = path, reload
        self.weights: Weights = {}
        self._octets: bytes | None = None

    def load(self) -> None:
        """Read the file if it says anything new. Raises WeightsError, OSError, ValueError; each text once."""
        with open(self.path, "rb") as file:
            octets = file.read()
        if octets == self._octets:
            return
        self._octets = octets
        self.weights = read_weights(octets.decode(errors="replace"), self.path)
        log.info("Successfully reloaded weight file %s", self.path)

    def look(self) -> None:
        """Do the same; what is wrong is logged, and the old weights stay."""
        try:
            self.load()
        except WeightsError as error:
            log.error("%s", error)
        except (OSError, ValueError) as error:
            log.error("weight file open error: %s", error)
