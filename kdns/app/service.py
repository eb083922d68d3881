"""The process: begins with a Corefile, takes the next one when asked, stops in order."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from kdns.answering.plugin import Page, Plugin
from kdns.app.errors import Refused, StartError
from kdns.app.succession import Sources, Succession
from kdns.corefile.digest import fingerprint
from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Corefile
from kdns.observability.metrics import CONTENT_TYPE, Metrics

log = logging.getLogger("kdns")
log_of_reload = logging.getLogger("kdns.plugins.reload")

_GC_THRESHOLDS = (4_000, 1_000, 50)
"""Young objects a few at a time, about a millisecond; older ones hardly ever: answers and objects have no
cycles, and each look at many of them stops all queries."""


async def serve(
    load: Callable[[], Corefile],
    sources: Sources,
    on_serving: Callable[[Sequence[str]], None] = lambda _lines: None,
) -> None:
    """Serve what `load` reads until SIGTERM or SIGINT; read it again at SIGUSR1, and when a plugin asks.

    Raises StartError. The sockets are open before the objects are there: until then names of the cluster get
    SERVFAIL. `on_serving` gets the zones, as ".:53", once they are served.
    """
    await Service(load, sources).run(on_serving)


class Service:
    """A process that serves one Corefile after another; what plugins may ask of it."""

    def __init__(self, load: Callable[[], Corefile], sources: Sources) -> None:
        self._load = load
        self._succession = Succession(self, sources)
        self._metrics = Metrics(lambda: self._succession.measure(self._reloads_failed))
        self._reloading = asyncio.Lock()
        self._reloads_failed = 0
        self._refused = ""
        self._stopped = asyncio.Event()
        self._may_linger = True
        self._reason = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, on_serving: Callable[[Sequence[str]], None]) -> None:
        """Serve until a signal or a plugin ends it. Raises StartError."""
        gc.set_threshold(*_GC_THRESHOLDS)
        self._handle_signals()
        try:
            async with self._reloading:  # one that is asked for by now has to wait
                await self._succession.take_over(self._read())
            self._tick()
            on_serving(self._succession.zone_lines())
            await self._stopped.wait()
            if self._may_linger:
                await self._linger()
            log.info("stopping: no new queries, a few seconds for those under way")
        finally:
            for task in self._tasks:
                task.cancel()
            await self._succession.close()
        if self._reason:
            raise StartError(self._reason)
        log.info("stopped")

    async def _linger(self) -> None:
        await asyncio.gather(*(plugin.linger() for plugin in self._plugins()))

    def _plugins(self) -> Sequence[Plugin]:
        current = self._succession.current
        return current.plugins if current else ()

    def unready(self) -> list[str]:
        return list(dict.fromkeys(plugin.name for plugin in self._plugins() if not plugin.is_ready()))

    def metrics(self) -> Page:
        return Page(200, CONTENT_TYPE, self._metrics.page())

    async def reload(self) -> None:
        """Take the Corefile over if it has changed; being cancelled meanwhile does not stop that."""
        await asyncio.shield(self._spawn(self._reload(is_forced=False)))

    def abort(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._may_linger = False
        self._stopped.set()

    def _read(self) -> Corefile:
        try:
            return self._load()
        except CorefileError as error:
            raise Refused([error]) from error

    async def _reload(self, is_forced: bool) -> None:
        async with self._reloading:
            try:
                await self._reload_alone(is_forced)
            except Exception:
                self._reloads_failed += 1
                log_of_reload.exception("a defect has ended a reload; what was served before still is")

    async def _reload_alone(self, is_forced: bool) -> None:
        try:
            corefile = self._read()
        except StartError as error:
            log_of_reload.warning("Corefile parse failed: %s", error)
            self._reloads_failed += is_forced
            return
        current = self._succession.current
        wanted = fingerprint(corefile)
        is_known = current is None or wanted in (current.fingerprint, self._refused)
        if self._stopped.is_set() or (is_known and not is_forced):
            return
        log.info("Reloading")
        try:
            retiring = await self._succession.take_over(corefile)
        except StartError as error:
            self._reloads_failed += 1
            self._refused = wanted
            log_of_reload.error("Corefile changed but reload failed: %s", error)
            return
        self._refused = ""
        log.info("Reloading complete")
        if self._stopped.is_set() and self._may_linger:
            self._spawn(self._linger())  # the end was begun meanwhile, with the plugins of before
        if retiring is not None:
            await retiring

    def _tick(self) -> None:
        """Let time go on in the tables, once a second."""
        loop = asyncio.get_running_loop()
        self._succession.tick(int(loop.time()))
        loop.call_later(1.0, self._tick)

    def _handle_signals(self) -> None:
        """SIGTERM stops in order, and no faster if there are several; SIGINT at once, a second one as usual.

        Wrappers in containers send SIGTERM to a whole group and hand on their own, too.
        """
        loop = asyncio.get_running_loop()

        def stop(may_linger: bool) -> None:
            if not self._stopped.is_set():
                self._may_linger = may_linger
                self._stopped.set()
            loop.remove_signal_handler(signal.SIGINT)

        loop.add_signal_handler(signal.SIGTERM, stop, True)
        loop.add_signal_handler(signal.SIGINT, stop, False)
        loop.add_signal_handler(signal.SIGUSR1, self._reload_at_signal)

    def _reload_at_signal(self) -> None:
        self._spawn(self._reload(is_forced=True))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
