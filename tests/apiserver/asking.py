"""A plain client for the tests of the servers: one request, what came back, no retries and no opinions.

It reads JSON with the standard library, so that the fake is not judged by what it is to judge.
"""

import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

SERVICES, SLICES = "/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices"
NAMESPACES, PODS = "/api/v1/namespaces", "/api/v1/pods"

WATCH_LIST = {
    "watch": "1",
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}


@dataclass(frozen=True)
class Answer:
    """A whole response; `trees` are its JSON documents, one a line or one in all; empty if it is none."""

    code: int
    headers: Mapping[str, str] = field(repr=False)
    text: str
    trees: list[Any] = field(repr=False)

    @property
    def tree(self) -> Any:
        return self.trees[0]

    @property
    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.tree["items"]]

    @property
    def events(self) -> list[tuple[str, str]]:
        """Return type and name of each event; of a bookmark its version, of an error its reason."""
        return [summary(each) for each in self.trees]


def summary(event: Any) -> tuple[str, str]:
    """Return type and name of an event; of a bookmark its version, of an error its reason."""
    kind, obj = event["type"], event["object"]
    if kind == "ERROR":
        return kind, obj.get("reason", "")
    if kind == "BOOKMARK":
        return kind, obj["metadata"]["resourceVersion"]
    return kind, obj["metadata"].get("name", "")


def address(path: str, query: Mapping[str, object]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


class Asker:
    """Asks one server; each request has a connection of its own."""

    def __init__(self, url: str, token: str = "", ca: str = "") -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tls: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca) if ca else True

    @contextlib.asynccontextmanager
    async def open(
        self, path: str, accept: str = "", **query: object
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = self._headers | ({"Accept": accept} if accept else {})
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            session.get(self._url + address(path, query), headers=headers, ssl=self._tls) as response,
        ):
            yield response

    async def ask(self, path: str, accept: str = "", **query: object) -> Answer:
        """Return the response, when it has ended. `continue`, which Python keeps, is written `continue_`."""
        query = {key.rstrip("_"): value for key, value in query.items()}
        async with self.open(path, accept, **query) as response:
            text = await response.text()
        return Answer(response.status, response.headers, text, _trees(text))


async def next_event(response: aiohttp.ClientResponse) -> Any:
    """Return the next event of a watch; an error if there is no more."""
    return json.loads(await response.content.readline())


def _trees(text: str) -> list[Any]:
    for documents in ([text], text.splitlines()):
        with contextlib.suppress(ValueError):
            return [json.loads(each) for each in documents]
    return []
