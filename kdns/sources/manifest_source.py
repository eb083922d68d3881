"""ManifestSource: manifest files as the source of a server's state, of the same shape as the API server."""

from collections.abc import Callable, Iterable

from kdns.cluster.events import Tag
from kdns.cluster.state import ClusterState
from kdns.measures import Family, Histogram
from kdns.sources.manifests import Manifests
from kdns.sources.watching import follow


class ManifestSource:
    """Keeps `state` equal to what the files hold."""

    def __init__(
        self, manifests: Manifests, state: ClusterState, on_tags: Callable[[frozenset[Tag]], None]
    ) -> None:
        self._manifests = manifests
        self._state = state
        self._on_tags = on_tags

    async def restore(self) -> None:
        """Look whether the files can be read. Raises UnreadablePath."""
        self._manifests.check()

    async def run(self) -> None:
        """Follow the files until cancelled."""
        await follow(self._manifests, self._state, self._on_tags)

    def forbidden(self) -> frozenset[str]:
        """Return nothing: files that can't be read are named in the log."""
        return frozenset()

    def measure(self) -> Iterable[Family | Histogram]:
        """Return nothing to measure."""
        return ()
