"""Objects of an API server, read once and at once: what a command needs that answers and ends.

Nothing is watched, nothing tried again: whatever goes wrong is one RequestFailed, in one line.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

import aiohttp
import msgspec

from kdns.sources.api.access import Access, AccessError, Configure
from kdns.sources.api.messages import Garbled, read_page
from kdns.sources.api.pacing import Pace
from kdns.sources.api.reflector import PAGE
from kdns.sources.api.replies import UNREADABLE, ApiTrouble
from kdns.sources.api.resources import NAMESPACES, PODS, SERVICES
from kdns.sources.errors import ClusterError
from kdns.sources.fields import NotUnderstood, checked_label, checked_subdomain

T = TypeVar("T")

_RESOURCES = {resource.kind: resource for resource in (SERVICES, NAMESPACES, PODS)}
_SILENCE = Pace().grace


class RequestFailed(ClusterError):
    """What was asked for could not be read. The message says what and why, in one line."""


class _Head(msgspec.Struct):
    kind: str


def read_object(configure: Configure, kind: str, namespace: str, name: str) -> bytes:
    """Return the JSON of one object, as it came. `kind` is Pod, Service or Namespace (whose namespace is "").

    Needs the right to get it. Raises RequestFailed, also if there is no such object.
    Not to be called where an event loop runs.
    """
    what = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"

    async def ask(access: Access) -> bytes:
        path = f"{_collection(kind, namespace)}/{checked_subdomain(name, 'name')}"
        async with access.get(path, {}, _SILENCE) as content:
            body = await content.read()
        return _checked(kind, body)

    return _run(configure, what, ask)


def read_objects(configure: Configure, kind: str, namespace: str) -> list[bytes]:
    """Return the JSON of each object of one namespace ("": of all), as it came: without its kind.

    Every Pod is among them, those that have ended too. Needs the right to list them. Raises RequestFailed.
    Not to be called where an event loop runs.
    """
    what = f"{kind}s in {namespace}" if namespace else f"{kind}s"

    async def ask(access: Access) -> list[bytes]:
        found: list[bytes] = []
        query: Mapping[str, str] = {"limit": str(PAGE)}
        while query:
            async with access.get(_collection(kind, namespace), query, _SILENCE) as content:
                page = read_page(await content.read())
            found += map(bytes, page.items)
            query = {"limit": str(PAGE), "continue": page.rest} if page.rest else {}
        return found

    return _run(configure, what, ask)


def _collection(kind: str, namespace: str) -> str:
    resource = _RESOURCES[kind]
    if not namespace:
        return resource.path
    return f"/api/v1/namespaces/{checked_label(namespace, 'namespace')}/{resource.plural}"


def _checked(kind: str, body: bytes) -> bytes:
    """Return a body that is an object of this kind. Raises Garbled."""
    try:
        said = msgspec.json.decode(body, type=_Head).kind
    except UNREADABLE as error:
        raise Garbled(f"no object: {body[:80]!r}: {error}") from error
    if said != kind:
        raise Garbled(f"no {kind} but a {said[:80]!r} came")
    return body


def _run(configure: Configure, what: str, ask: Callable[[Access], Awaitable[T]]) -> T:
    async def run() -> T:
        async with _access(configure) as access:
            return await ask(access)

    try:
        return asyncio.run(run())
    except AccessError as error:
        raise RequestFailed(str(error)) from error
    except TimeoutError as error:
        raise RequestFailed(f"{what}: {error or f'nothing came for {_SILENCE:.0f} s'}") from error
    except (ApiTrouble, Garbled, NotUnderstood, aiohttp.ClientError, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RequestFailed(f"{what}: {reason}") from error


@contextlib.asynccontextmanager
async def _access(configure: Configure) -> AsyncIterator[Access]:
    """Yield requests to the API server, and close their connections at the end."""
    access = Access(configure)
    try:
        yield access
    finally:
        await access.close()
