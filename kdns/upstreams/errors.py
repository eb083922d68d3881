"""What can go wrong in an exchange: one family of exceptions, whose texts are what the log shows.

The texts are those of Go's net package, which people's `errors { consolidate ... }` patterns expect.
"""

import os
import ssl


class UpstreamError(Exception):
    """An exchange that brought no reply. `str()` says why, on one line."""


class NoReply(UpstreamError):
    """Nothing that belongs to the query came in time."""


class Unreachable(UpstreamError):
    """The kernel or the peer refused: no connection, no route, no listener, no TLS."""


class ConnectionLost(UpstreamError):
    """The stream ended with the query unanswered: asking again on another one is sound (RFC 7766, 6.2.4)."""


class BadReply(UpstreamError):
    """What came belongs to the query and is no DNS message, or too much came that does not belong to it."""


class NoHealthyUpstream(UpstreamError):
    """Every upstream is down, and none is to be tried nevertheless."""

    def __init__(self) -> None:
        super().__init__("no healthy proxies")


class Overloaded(UpstreamError):
    """More queries wait for upstreams than may: this one was not sent."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"concurrent queries exceeded maximum {limit}")


class Closed(UpstreamError):
    """The exchange was given up because this side stops."""

    def __init__(self) -> None:
        super().__init__("proxy: transport stopped")


def reason(error: OSError) -> str:
    """Return what the kernel or OpenSSL said, as Go would print it."""
    if isinstance(error, TimeoutError):
        return "i/o timeout"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"tls: {error.reason or error}"
    return os.strerror(error.errno).lower() if error.errno else str(error) or type(error).__name__
