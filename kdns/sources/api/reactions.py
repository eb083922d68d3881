"""What a reflector does about each kind of trouble, as a table."""

from typing import NamedTuple

from kdns.sources.api.replies import Trouble


class Reaction(NamedTuple):
    """What to do before trying again: list anew for this reason, ask without a version, read credentials."""

    relist: str = ""
    drop_version: bool = False
    renew: bool = False


REACTIONS = {
    Trouble.EXPIRED: Reaction(relist="expired"),
    Trouble.NOT_OFFERED: Reaction(relist="invalid", drop_version=True),
    Trouble.UNAUTHORIZED: Reaction(renew=True),
    Trouble.FORBIDDEN: Reaction(),
    Trouble.TOO_LARGE_VERSION: Reaction(relist="version too large", drop_version=True),
    Trouble.PASSING: Reaction(),
    Trouble.OTHER: Reaction(relist="error"),
}
