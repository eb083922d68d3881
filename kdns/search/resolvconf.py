"""The value that a resolv.conf is, whoever wrote it and whoever reads it."""

from typing import NamedTuple


class ResolvConf(NamedTuple):
    """What a resolv.conf says: addresses, search domains and options, in its order and its words.

    `searches` are as they are written, with a final dot or without; the root is ".". `options` are as
    "ndots:5" or "rotate".
    """

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
