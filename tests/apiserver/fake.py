"""A fake Kubernetes API server, for tests: real protocol, in-process, and it fails as it is told to.

Here are its controls and its life on a port. What it answers is in `serving` and the modules below that.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.apiserver.failures import End, Failure, InStream
from tests.apiserver.resources import Object
from tests.apiserver.script import Request
from tests.apiserver.serving import Desk
from tests.apiserver.streams import Ending, Stream

PATIENCE = 20.0
"""Seconds after which something that should have happened never will."""


class FakeApiServer:
    """Serves services, endpointslices, namespaces and pods on 127.0.0.1, over plain HTTP.

    Use it as `async with FakeApiServer() as server`. `tokens` are those accepted, None for no authentication;
    `forbidden` holds resources ("pods") or a verb with one ("watch pods") that nobody may have. Both, and
    `offers_watch_list`, may be changed at any time.
    """

    def __init__(self, *, tokens: set[str] | None = None, offers_watch_list: bool = True) -> None:
        self._desk = Desk(self._notify)
        self._desk.tokens = tokens
        self._desk.offers_watch_list = offers_watch_list
        self._place = _reserve_port()
        self._runner: web.AppRunner | None = None
        self._happened = asyncio.Event()
        self.port: int = self._place.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._place.close()

    async def start(self) -> None:
        """Listen, on the same port each time."""
        self._desk.is_open = True
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._desk.handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Refuse connections, and reset those that wait for something; objects, history and script stay."""
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()
            self._desk.close()
            await self._runner.cleanup()
            self._runner = None

    # What it holds

    @property
    def version(self) -> int:
        return self._desk.store.version

    def put(self, *objects: Object) -> Object:
        """Create or replace objects, tell the watches, and return the last as it is stored."""
        return [self._desk.store.put(obj) for obj in objects][-1]

    def delete(self, kind: str, namespace: str, name: str) -> Object:
        """Delete an object (KeyError if it is not there), tell the watches, and return it."""
        return self._desk.store.delete(kind, namespace, name)

    def compact(self) -> None:
        """Forget the history: lists, pages and watches from before get 410. Open watches go on."""
        self._desk.store.compact()

    # Who may

    @property
    def tokens(self) -> set[str] | None:
        return self._desk.tokens

    @tokens.setter
    def tokens(self, tokens: set[str] | None) -> None:
        self._desk.tokens = tokens

    @property
    def forbidden(self) -> set[str]:
        return self._desk.forbidden

    @property
    def offers_watch_list(self) -> bool:
        return self._desk.offers_watch_list

    @offers_watch_list.setter
    def offers_watch_list(self, offers: bool) -> None:
        self._desk.offers_watch_list = offers

    def write_kubeconfig(self, path: Path, token: str = "") -> Path:
        """Write a kubeconfig for this server and return its path."""
        named = {"name": "fake"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [named | {"cluster": {"server": self.url}}],
            "users": [named | {"user": {"token": token} if token else {}}],
            "contexts": [named | {"context": {"cluster": "fake", "user": "fake"}}],
            "current-context": "fake",
        }
        path.write_text(json.dumps(config))
        return path

    # What goes wrong

    def script(self, *failures: Failure, resource: str | None = None, verb: str | None = None) -> None:
        """Queue failures; a request consumes the first that is for its resource and verb (None: any)."""
        self._desk.script.add(*failures, resource=resource, verb=verb)

    @property
    def scripted(self) -> int:
        """How many failures have not met a request yet."""
        return len(self._desk.script)

    def forget_script(self) -> None:
        self._desk.script.clear()

    def inject(self, *failures: InStream, resource: str | None = None) -> int:
        """Let failures happen in the open watches, after what is queued there; return how many there are."""
        streams = self._streams(resource)
        for stream in streams:
            for failure in failures:
                stream.push(failure)
        return len(streams)

    def bookmark(self, resource: str | None = None) -> int:
        """Send a bookmark of the present version to the watches that want them; return how many these are."""
        streams = [each for each in self._streams(resource) if each.watched.options.wants_bookmarks]
        for stream in streams:
            stream.push(stream.watched.bookmark(self.version))
        return len(streams)

    def drop_watches(self, ending: Ending = "eof", resource: str | None = None) -> int:
        """End the open watches, after what is queued there; return how many these are."""
        return self.inject(End(ending), resource=resource)

    # What it sees

    @property
    def requests(self) -> list[Request]:
        """All requests since the start, oldest first; may be cleared."""
        return self._desk.requests

    def requests_for(self, resource: str, verb: str | None = None) -> list[Request]:
        return [each for each in self.requests if each.resource == resource and verb in (None, each.verb)]

    def open_watches(self, resource: str | None = None) -> int:
        """Return how many watches have sent all that they begin with, and have not ended."""
        return sum(stream.has_begun for stream in self._streams(resource))

    async def until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Wait until something is so, judged anew whenever a request comes or a watch begins or ends.

        TimeoutError after `patience` seconds.
        """
        async with asyncio.timeout(patience):
            while not condition():
                self._happened.clear()
                await self._happened.wait()

    async def watched(self, *resources: str, patience: float = PATIENCE) -> None:
        """Wait until each of these resources has an open watch."""
        await self.until(lambda: all(map(self.open_watches, resources)), patience)

    def _streams(self, resource: str | None) -> list[Stream]:
        return [
            each for each in self._desk.streams if resource in (None, each.watched.target.resource.plural)
        ]

    def _notify(self) -> None:
        self._happened.set()


def _reserve_port() -> socket.socket:
    """Return a socket that is bound and never listens: it keeps the port while the server is stopped."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place
