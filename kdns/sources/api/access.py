"""Requests to one API server: where it is, who we are, TLS, and errors as ApiTrouble.

Configuration, credentials and TLS are kubernetes_asyncio's; bodies are handed out as bytes.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import aiohttp

from kdns import __version__
from kdns.sources.api.library import (
    ConfigException,
    Configuration,
    RESTClientObject,
    config,
    new_configuration,
    new_rest_client,
)
from kdns.sources.api.replies import read_trouble

CONNECT_SECONDS = 10.0
_LONGEST_ERROR = 64 << 10
JSON = "application/json"

Configure: TypeAlias = Callable[[], Awaitable[Configuration]]
"""Reads the configuration anew, credentials and all. Raises AccessError."""


class AccessError(Exception):
    """The API server can't be asked: no configuration, or a broken one. The message says which."""


def in_cluster(service_account: Path | None = None) -> Configure:
    """Configure as a Pod does: from its ServiceAccount's folder and KUBERNETES_SERVICE_HOST and _PORT."""
    folder = service_account or Path("/var/run/secrets/kubernetes.io/serviceaccount")

    async def configure() -> Configuration:
        configuration = new_configuration()
        with _as_access_error("not inside a cluster"):
            config.load_incluster_config(
                configuration, token_filename=str(folder / "token"), cert_filename=str(folder / "ca.crt")
            )
        return configuration

    return configure


def from_kubeconfig(path: Path, context: str | None = None) -> Configure:
    """Configure from a kubeconfig: tokens, client certificates, exec plugins, as its user says."""

    async def configure() -> Configuration:
        configuration = new_configuration()
        with _as_access_error(str(path)):
            await asyncio.to_thread(path.stat)  # or kubernetes_asyncio takes a missing file for an empty one
            await config.load_kube_config(str(path), context, configuration, persist_config=False)
        return configuration

    return configure


def from_url(url: str) -> Configure:
    """Configure for an endpoint that asks nobody who they are."""

    async def configure() -> Configuration:
        return new_configuration(host=url)

    return configure


@contextlib.contextmanager
def _as_access_error(what: str) -> Iterator[None]:
    """Give whatever kubernetes_asyncio raises for a bad configuration one form."""
    try:
        yield
    except (ConfigException, OSError, ValueError, AssertionError, KeyError, TypeError) as error:
        raise AccessError(f"{what}: {error or type(error).__name__}") from error


class Access:
    """One API server. Credentials and TLS are read anew after `renew`, with the next request."""

    def __init__(self, configure: Configure) -> None:
        self._configure = configure
        self._configuration: Configuration = None
        self._client: RESTClientObject = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()
        self._client = self._configuration = None

    def renew(self) -> None:
        """Have the next request read the configuration anew, which ends the streams that are under way."""
        self._configuration = None

    @contextlib.asynccontextmanager
    async def get(
        self, path: str, query: Mapping[str, str], read_timeout: float, accept: str = JSON
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Ask for `path` and give the body as a stream; silence of `read_timeout` seconds is a TimeoutError.

        Raises ApiTrouble for any status but 200, AccessError, aiohttp.ClientError, OSError or TimeoutError.
        """
        client, configuration = await self._connected()
        response = await client.request(
            "GET",
            configuration.host.rstrip("/") + path,
            query_params=list(query.items()),
            headers=await _headers(configuration, accept),
            _preload_content=False,
            _request_timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=read_timeout
            ),
        )
        async with response:
            if response.status != 200:
                body = await response.content.read(_LONGEST_ERROR)
                raise read_trouble(body, response.status, response.headers.get("Retry-After", ""))
            yield response.content

    async def _connected(self) -> tuple[RESTClientObject, Configuration]:
        """Return the client and its configuration, made anew if they were given up."""
        async with self._lock:
            if self._configuration is None:
                configuration = await self._configure()
                # Python 3.13 refuses CAs without a key identifier, which many clusters have (libraries.md)
                configuration.disable_strict_ssl_verification = True
                with _as_access_error("TLS"):
                    client = new_rest_client(configuration)
                await self.close()
                self._client, self._configuration = client, configuration
            return self._client, self._configuration


async def _headers(configuration: Configuration, accept: str) -> dict[str, str]:
    headers = {"Accept": accept, "User-Agent": f"kdns/{__version__}"}
    with _as_access_error("token"):
        settings = await configuration.auth_settings()
    if "BearerToken" in settings:
        headers["Authorization"] = settings["BearerToken"]["value"].strip()
    return headers
