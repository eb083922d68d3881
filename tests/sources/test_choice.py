"""kdns.sources.choice: kinds and labels say which objects of manifests are kept."""

from typing import Any

import pytest

from kdns.cluster.wish import ClusterWish
from kdns.sources.choice import kept_by
from kdns.sources.documents import TreeDocument
from kdns.sources.fields import NotUnderstood

ALL = ("Namespace", "Service", "EndpointSlice", "Endpoints", "Pod")


def taken(wish: ClusterWish, metadata: Any = None) -> set[str]:
    """Return the kinds of which an object with this metadata is kept."""
    document = TreeDocument({"metadata": metadata})
    return {kind for kind in ALL if kept_by(wish).takes(kind, document)}


@pytest.mark.parametrize(
    ("wish", "kinds"),
    [
        (ClusterWish(), set(ALL) - {"Pod"}),
        (ClusterWish(pods=True), set(ALL)),
        (ClusterWish(endpoint_slices=False), {"Namespace", "Service"}),
    ],
)
def test_kinds_that_nobody_wishes_to_see_are_not_kept(wish: ClusterWish, kinds: set[str]) -> None:
    assert taken(wish) == kinds


@pytest.mark.parametrize(
    ("metadata", "is_labelled"),
    [
        ({"labels": {"app": "x"}}, True),
        ({"labels": {"app": "y"}}, False),
        ({"labels": {}}, False),
        ({"labels": None}, False),
        ({}, False),
        (None, False),
    ],
)
def test_labels_choose_among_all_but_namespaces(metadata: Any, is_labelled: bool) -> None:
    wish = ClusterWish(pods=True, labels="app=x")
    assert taken(wish, metadata) == (set(ALL) if is_labelled else {"Namespace"})
    assert taken(wish._replace(labels="app!=x"), metadata) == ({"Namespace"} if is_labelled else set(ALL))


def test_labels_that_are_none_are_not_understood() -> None:
    with pytest.raises(NotUnderstood):
        taken(ClusterWish(labels="app=x"), {"labels": ["app"]})
