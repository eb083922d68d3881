"""The desk where requests arrive: recorded, met by the script, authenticated, authorised, then answered.

It speaks HTTP by aiohttp; versions, pages and events are the business of the modules below.
"""

from collections.abc import Callable
from types import MappingProxyType

from aiohttp import web

from tests.apiserver.failures import CutBody, EmptyList, Failure, InStream, Refusal, Slow
from tests.apiserver.listing import get_object, list_objects
from tests.apiserver.options import ListOptions, read_options
from tests.apiserver.resources import Target, find_target
from tests.apiserver.script import Request, Script
from tests.apiserver.shapes import encode, list_of, read_accept
from tests.apiserver.statuses import JSON, ApiError, forbidden, no_such_path, unauthorized
from tests.apiserver.store import Change, Store
from tests.apiserver.streams import Drip, Stream, hang_up
from tests.apiserver.watching import Watched, begin

GZIP_FROM = 128 * 1024
"""The size of body from which the API server compresses, in octets."""

USER, ANONYMOUS = "system:serviceaccount:kube-system:kdns", "system:anonymous"


class Desk:
    """Answers requests, one at a time each; `notify` is called when one comes or a watch begins or ends."""

    def __init__(self, notify: Callable[[], None]) -> None:
        self.store = Store()
        self.store.on_change = self._tell
        self.script = Script()
        self.tokens: set[str] | None = None
        self.forbidden: set[str] = set()
        self.offers_watch_list = True
        self.requests: list[Request] = []
        self.streams: list[Stream] = []
        self._pending: list[web.Request] = []
        self.is_open = True
        self._notify = notify

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not self.is_open:
            hang_up(request, "reset")
            return web.Response()
        target = find_target(request.path)
        record = _record(request, target)
        self.requests.append(record)
        self._notify()
        self._pending.append(request)
        try:
            return await self._judge(request, target, record)
        except ApiError as error:
            return _refuse(error)
        finally:
            self._pending.remove(request)

    def close(self) -> None:
        """Reset the connections of all requests that are being answered, and of any that is still to come."""
        self.is_open = False
        for request in self._pending:
            hang_up(request, "reset")

    async def _judge(
        self, request: web.Request, target: Target | None, record: Request
    ) -> web.StreamResponse:
        failure = self.script.take(record)
        if isinstance(failure, Refusal) and target:
            return await failure.answer(request, target)
        self._authorize(record, target)
        if target is None or request.method != "GET":
            raise no_such_path()
        return await self._answer(request, target, failure)

    def _authorize(self, record: Request, target: Target | None) -> None:
        if self.tokens is not None and record.token is not None and record.token not in self.tokens:
            raise unauthorized()
        is_anonymous = self.tokens is not None and record.token is None
        is_forbidden = not self.forbidden.isdisjoint({record.resource, f"{record.verb} {record.resource}"})
        if target is not None and (is_anonymous or is_forbidden):
            raise forbidden(ANONYMOUS if is_anonymous else USER, record.verb, target)

    async def _answer(
        self, request: web.Request, target: Target, failure: Failure | None
    ) -> web.StreamResponse:
        shape = read_accept(request.headers.get("Accept", ""), is_collection=not target.name)
        if target.name:
            return await _send(request, encode(get_object(self.store, target, shape)), failure)
        options = read_options(target.resource, request.query, offers_watch_list=self.offers_watch_list)
        if options.is_watch:
            return await self._watch(request, Watched(target, options, shape), failure)
        return await _send(request, self._list(target, options, shape, failure), failure)

    def _list(self, target: Target, options: ListOptions, shape: str, failure: Failure | None) -> bytes:
        if isinstance(failure, EmptyList):
            return encode(list_of(target.resource, shape, [], {"resourceVersion": str(self.store.version)}))
        return encode(list_objects(self.store, target, options, shape))

    async def _watch(
        self, request: web.Request, watched: Watched, failure: Failure | None
    ) -> web.StreamResponse:
        beginning = begin(self.store, watched)
        interruptions = [failure] if isinstance(failure, InStream) else []
        stream = Stream(request, watched, beginning, interruptions, _drip(failure), self._notify)
        self.streams.append(stream)
        try:
            return await stream.run()
        finally:
            self.streams.remove(stream)
            self._notify()

    def _tell(self, change: Change) -> None:
        for stream in self.streams:
            stream.push_change(change)


def _record(request: web.Request, target: Target | None) -> Request:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    is_watch = request.query.get("watch", "false").lower() not in ("false", "0")
    verb = "" if target is None else "get" if target.name else "watch" if is_watch else "list"
    return Request(
        request.method,
        request.path,
        MappingProxyType(dict(request.query)),
        request.headers,
        token if scheme == "Bearer" else None,
        "" if target is None else target.resource.plural,
        verb,
    )


def _refuse(error: ApiError) -> web.Response:
    headers = {"Content-Type": error.content_type}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return web.Response(status=error.code, body=error.body.encode(), headers=headers)


async def _send(request: web.Request, body: bytes, failure: Failure | None) -> web.StreamResponse:
    """Send a body with its length, compressed as the real one does, or as a failure wants it."""
    response = web.StreamResponse(headers={"Content-Type": JSON})
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    if failure is None and takes_gzip and len(body) > GZIP_FROM:
        response.enable_compression(web.ContentCoding.gzip)
    else:
        response.content_length = len(body)
    await response.prepare(request)
    if isinstance(failure, CutBody):
        await response.write(body[: int(len(body) * failure.part)])
        hang_up(request, failure.ending)
    else:
        await _drip(failure).write(response, body)
    return response


def _drip(failure: Failure | None) -> Drip:
    return Drip(failure.size, failure.delay) if isinstance(failure, Slow) else Drip()
