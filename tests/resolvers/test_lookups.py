"""Every resolver in every Pod finds what there is and nothing else, with autopath as without."""

import pytest

from tests.resolvers.cases import wrong
from tests.resolvers.conftest import Build
from tests.resolvers.pods import ASKING, Pod
from tests.resolvers.resolvers import RESOLVERS, Resolver
from tests.resolvers.world import World

PAIRS = [(resolver, pod) for resolver in RESOLVERS for pod in ASKING if pod.name in resolver.pods.split()]


@pytest.mark.parametrize(
    ("resolver", "pod"), PAIRS, ids=[f"{resolver.name}-{pod.name}" for resolver, pod in PAIRS]
)
def test_each_lookup_has_its_outcome(cluster: World, build: Build, resolver: Resolver, pod: Pod) -> None:
    assert not wrong(resolver, build(resolver.name), cluster.places[pod.name], pod)
