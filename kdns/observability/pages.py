"""Pages over HTTP: a path, and what is said there at the moment. One listener for each address."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

PLAIN_TEXT = "text/plain; charset=utf-8"


class Page(NamedTuple):
    """What a page says: status, content type, body."""

    status: int
    content_type: str
    body: bytes


OK = Page(200, PLAIN_TEXT, b"OK")


class Running(Protocol):
    """A listener that serves pages."""

    async def cleanup(self) -> None:
        """Stop it."""


class PagesError(Exception):
    """An address that can't be listened on; the message says why."""


async def serve_pages(host: str, port: int, pages: Mapping[str, Callable[[], Page]]) -> Running:
    """Serve these pages until `cleanup` of what is returned. Raises PagesError. Host "" is every address.

    aiohttp.web is imported here: it costs memory that a server without pages should not pay.
    """
    from aiohttp import web

    def handler(page: Callable[[], Page]) -> Callable[[web.Request], "web.Response"]:
        async def handle(_request: web.Request) -> web.Response:
            said = page()
            return web.Response(
                status=said.status, body=said.body, headers={"Content-Type": said.content_type}
            )

        return handle  # type: ignore[return-value]

    application = web.Application()
    application.add_routes([web.get(path, handler(page)) for path, page in pages.items()])  # type: ignore[arg-type]
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host or None, port).start()
    except OSError as error:
        await runner.cleanup()
        raise PagesError(f"cannot serve HTTP on {host or '*'}:{port}: {error.strerror}") from error
    return runner
