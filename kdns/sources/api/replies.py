"""What the API server says other than objects: errors told apart by what is to be done about them."""

from enum import Enum, auto

import msgspec

UNREADABLE = (ValueError, RecursionError)
"""What msgspec raises for bytes that are not what they should be: its own errors, UTF-8 that is none."""


class Trouble(Enum):
    """What an error of the API means for whoever watches."""

    EXPIRED = auto()
    """410: the version is forgotten; list anew."""
    NOT_OFFERED = auto()
    """400 or 422: the server does not know what was asked for; ask in the old way."""
    UNAUTHORIZED = auto()
    """401: read the credentials again."""
    FORBIDDEN = auto()
    """403: a right is missing."""
    TOO_LARGE_VERSION = auto()
    """504 with that cause: the server has not seen this version (a restored etcd); ask for the newest."""
    PASSING = auto()
    """429, 500, 503, 504: try the same again later."""
    OTHER = auto()


class ApiTrouble(Exception):
    """An error status, as a response or as an ERROR event. `retry_after` is in seconds, 0.0 if not given."""

    def __init__(self, trouble: Trouble, status: int, message: str, retry_after: float = 0.0) -> None:
        super().__init__(f"{status}: {message}")
        self.trouble = trouble
        self.status = status
        self.retry_after = retry_after


class _Cause(msgspec.Struct):
    reason: str = ""


class _Details(msgspec.Struct, rename="camel"):
    causes: list[_Cause] | None = None
    retry_after_seconds: float = 0.0


class _Status(msgspec.Struct):
    message: str = ""
    reason: str = ""
    code: int = 0
    details: _Details | None = None


_BY_STATUS = {
    400: Trouble.NOT_OFFERED,
    401: Trouble.UNAUTHORIZED,
    403: Trouble.FORBIDDEN,
    410: Trouble.EXPIRED,
    422: Trouble.NOT_OFFERED,
    429: Trouble.PASSING,
    500: Trouble.PASSING,
    502: Trouble.PASSING,
    503: Trouble.PASSING,
    504: Trouble.PASSING,
}
_BY_REASON = {"Expired": Trouble.EXPIRED, "Gone": Trouble.EXPIRED}
_TOO_LARGE = "ResourceVersionTooLarge"
_MOST_TEXT = 300


def read_trouble(body: bytes | msgspec.Raw, status: int = 0, retry_after: str = "") -> ApiTrouble:
    """Return the error that a body with this HTTP status (0 for an event's object) tells of. Never raises.

    The body should be a Status object; whatever else it is (a proxy's page), only its beginning is told.
    """
    try:
        said = msgspec.json.decode(body, type=_Status)
    except UNREADABLE:
        said = _Status(message=bytes(body)[:_MOST_TEXT].decode("utf-8", "replace"))
    code, details = status or said.code, said.details or _Details()
    trouble = _BY_REASON.get(said.reason) or _BY_STATUS.get(code, Trouble.OTHER)
    if any(cause.reason == _TOO_LARGE for cause in details.causes or ()):
        trouble = Trouble.TOO_LARGE_VERSION
    seconds = float(retry_after) if retry_after.isdecimal() else details.retry_after_seconds
    message = " ".join(said.message[:_MOST_TEXT].split())
    return ApiTrouble(trouble, code, message or said.reason or "no reason given", seconds)
