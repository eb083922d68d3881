"""Which objects of manifests are kept: those that somebody wishes to see."""

from typing import NamedTuple

from kdns.cluster.selectors import Selector, parse_selector
from kdns.cluster.wish import ClusterWish
from kdns.sources.documents import Opened
from kdns.sources.shapes import Labelled


class Kept(NamedTuple):
    """Objects of these kinds, and among them those with the right labels."""

    kinds: frozenset[str]
    labels: Selector

    def takes(self, resource: str, document: Opened) -> bool:
        """Tell whether an object is kept. Raises NotUnderstood.

        Endpoints are slices in the making. Namespaces are not chosen by labels (CoreDNS, controller.go).
        """
        if ("EndpointSlice" if resource == "Endpoints" else resource) not in self.kinds:
            return False
        if resource == "Namespace" or not self.labels.requirements:
            return True
        metadata = document.read(Labelled).metadata
        return self.labels.takes((metadata and metadata.labels) or {})


def kept_by(wish: ClusterWish) -> Kept:
    """Return what somebody wishes to see."""
    return Kept(frozenset(wish.kinds), parse_selector(wish.labels))
