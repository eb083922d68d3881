"""Requests to one API server: where it is, who we are, TLS, and errors as ApiTrouble.

Configuration, credentials and TLS are kubernetes_asyncio's; bodies are handed out as bytes.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import aiohttp
from yaml import YAMLError

from kdns import __version__
from kdns.sources.api.library import (
    ConfigException,
    Configuration,
    RESTClientObject,
    config,
    new_configuration,
    new_rest_client,
)
from kdns.sources.api.limits import Limiter
from kdns.sources.api.meter import Meter
from kdns.sources.api.replies import read_trouble
from kdns.sources.errors import ClusterError

CONNECT_SECONDS = 10.0
_LONGEST_ERROR = 64 << 10
JSON = "application/json"

_REFUSED = (ConfigException, YAMLError, OSError, ValueError)
_STUMBLED = (AssertionError, AttributeError, KeyError, RecursionError, TypeError)

Configure: TypeAlias = Callable[[], Awaitable[Configuration]]
"""Reads the configuration anew, credentials and all. Raises AccessError."""


class AccessError(ClusterError):
    """The API server can't be asked: no configuration, or a broken one. The message says which."""


def in_cluster(service_account: Path | None = None) -> Configure:
    """Configure as a Pod does: from its ServiceAccount's folder and KUBERNETES_SERVICE_HOST and _PORT."""
    folder = service_account or Path("/var/run/secrets/kubernetes.io/serviceaccount")

    async def configure() -> Configuration:
        configuration = new_configuration()
        with as_access_error("not inside a cluster (outside, name a kubeconfig or manifests)"):
            config.load_incluster_config(
                configuration, token_filename=str(folder / "token"), cert_filename=str(folder / "ca.crt")
            )
        return configuration

    return configure


def from_kubeconfig(path: Path, context: str | None = None) -> Configure:
    """Configure from a kubeconfig: tokens, client certificates, exec plugins, as its user says."""

    async def configure() -> Configuration:
        configuration = new_configuration()
        with as_access_error(str(path)):
            await asyncio.to_thread(path.stat)  # or kubernetes_asyncio takes a missing file for an empty one
            await config.load_kube_config(str(path), context, configuration, persist_config=False)
        return configuration

    return configure


def from_url(url: str) -> Configure:
    """Configure for an endpoint that asks nobody who they are."""

    async def configure() -> Configuration:
        with as_access_error(repr(url)):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("no URL of a server, as http://127.0.0.1:8001 is one")
        return new_configuration(host=url)

    return configure


@contextlib.contextmanager
def as_access_error(what: str) -> Iterator[None]:
    """Give whatever kubernetes_asyncio raises for a bad configuration one form."""
    try:
        yield
    except _REFUSED as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = " ".join(text.split())  # YAML's are several lines
        raise AccessError(f"{what}: {message or type(error).__name__}") from error
    except _STUMBLED as error:
        raise AccessError(f"{what}: not what it should be: {error or type(error).__name__}") from error


@dataclass(slots=True, eq=False)
class _Connections:
    """What is made of one reading of the configuration; `users` counts the requests under way."""

    client: RESTClientObject
    configuration: Configuration
    users: int = 0

    @property
    def host(self) -> str:
        """The server's name and port, as metrics show them."""
        return str(urlsplit(self.configuration.host).netloc).rpartition("@")[2]


class Access:
    """One API server. Credentials and TLS are read anew after `renew`, with the next request.

    Connections are closed when nobody uses them: who reads from one that aiohttp closes waits for ever.
    """

    def __init__(
        self, configure: Configure, limiter: Limiter | None = None, meter: Meter | None = None
    ) -> None:
        self._configure = configure
        self._limiter = limiter or Limiter()
        self._meter = meter or Meter()
        self._current: _Connections | None = None
        self._old: list[_Connections] = []
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections. Nobody may be reading any more."""
        self.renew()
        await self._close_old(lambda _: True)

    def renew(self) -> None:
        """Have the next request read the configuration anew. The streams that are under way go on."""
        if self._current is not None:
            self._old.append(self._current)
        self._current = None

    @contextlib.asynccontextmanager
    async def get(
        self, path: str, query: Mapping[str, str], read_timeout: float, accept: str = JSON
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Ask for `path` and give the body as a stream; silence of `read_timeout` seconds is a TimeoutError.

        Raises ApiTrouble for any status but 200, AccessError, aiohttp.ClientError, OSError or TimeoutError.
        """
        connections = await self._connected()
        connections.users += 1
        try:
            async with (
                contextlib.nullcontext() if "watch" in query else self._in_turn(connections.host),
                await self._answer(connections, path, query, read_timeout, accept) as response,
            ):
                if response.status != 200:
                    body = await response.content.read(_LONGEST_ERROR)
                    raise read_trouble(body, response.status, response.headers.get("Retry-After", ""))
                yield response.content
        finally:
            connections.users -= 1

    @contextlib.asynccontextmanager
    async def _in_turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a request's turn, and measure it to its end."""
        begun = time.monotonic()
        try:
            wait = self._limiter.reserve()
            if wait:
                await asyncio.sleep(wait)
            self._meter.waited(host, time.monotonic() - begun)
            yield
        finally:
            self._meter.requested(host, time.monotonic() - begun)

    async def _answer(
        self, to: _Connections, path: str, query: Mapping[str, str], read_timeout: float, accept: str
    ) -> aiohttp.ClientResponse:
        """Send a request and return the response when it begins."""
        headers = await _headers(to.configuration, accept)
        status = None
        try:
            async with self._limiter.place():
                response: aiohttp.ClientResponse = await to.client.request(
                    "GET",
                    to.configuration.host.rstrip("/") + path,
                    query_params=list(query.items()),
                    headers=headers,
                    _preload_content=False,
                    _request_timeout=aiohttp.ClientTimeout(
                        total=None, sock_connect=CONNECT_SECONDS, sock_read=read_timeout
                    ),
                )
            status = response.status
            return response
        finally:
            self._meter.answered(to.host, status)

    async def _connected(self) -> _Connections:
        """Return the connections to use, made anew if they were given up."""
        async with self._lock:
            if self._current is None:
                self._current = await self._connect()
            await self._close_old(lambda each: not each.users)
            return self._current

    async def _connect(self) -> _Connections:
        configuration = await self._configure()
        # Python 3.13 refuses CAs without a key identifier, which many clusters have (libraries.md)
        configuration.disable_strict_ssl_verification = True
        with as_access_error("TLS"):
            return _Connections(new_rest_client(configuration), configuration)

    async def _close_old(self, may_close: Callable[[_Connections], bool]) -> None:
        for each in list(filter(may_close, self._old)):
            self._old.remove(each)
            await each.client.close()


async def _headers(configuration: Configuration, accept: str) -> dict[str, str]:
    headers = {"Accept": accept, "User-Agent": f"kdns/{__version__}"}
    with as_access_error("token"):
        settings = await configuration.auth_settings()
    if "BearerToken" in settings:
        headers["Authorization"] = settings["BearerToken"]["value"].strip()
    return headers
