"""Whether two server blocks claim the same zone and port, which is an error.

What makes two claims differ besides the key (an address to listen on, a filter) comes from plugins: they
hand it in as values.
"""

from collections.abc import Iterable
from typing import NamedTuple

from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Key


class Claim(NamedTuple):
    """A key on one address; "" = all addresses. Where `is_filtered`, queries are chosen by more than zone
    and port (CoreDNS's view), so that others may have the same."""

    key: Key
    address: str = ""
    is_filtered: bool = False


_Place = tuple[str, bytes, int]


def refuse_overlaps(claims: Iterable[Claim]) -> None:
    """Raise CorefileError, which names both places, at the first claim that overlaps an earlier one.

    The same key on different addresses is fine, but one on all addresses overlaps those on some. A filtered
    claim overlaps only what has other addresses, as in CoreDNS.
    """
    held: dict[_Place, dict[str, Key]] = {}
    for claim in claims:
        others = held.setdefault((claim.key.scheme, claim.key.zone, claim.key.port), {})
        if claim.address in others:
            if not claim.is_filtered:
                raise _overlap(claim, others[claim.address])
        elif others and (claim.address == "" or "" in others):
            raise _overlap(claim, next(iter(others.values())))
        elif not claim.is_filtered:
            others[claim.address] = claim.key


def _overlap(claim: Claim, earlier: Key) -> CorefileError:
    on = f" on {claim.address}" if claim.address else ""
    found = f"{claim.key}{on}, which is served at {earlier.position} already"
    return CorefileError(claim.key.position, found, "each zone and port once")
