"""Where objects come from: options before the environment, and only what goes together."""

from pathlib import Path

import pytest

from kdns.cli.objects import Named, before, from_environment, sources_of
from kdns.cli.options import UsageError

EVERYTHING = {
    "KDNS_CLUSTER": "a:b/c:",
    "KDNS_KUBECONFIG": "config",
    "KDNS_CONTEXT": "prod",
    "KDNS_STATE_DIR": "state",
    "KDNS_SERVICE_CIDR": "10.1.0.0/16",
}


def test_every_variable_is_read_and_an_empty_one_is_as_good_as_not_set() -> None:
    assert from_environment(EVERYTHING) == Named(
        cluster=(Path("a"), Path("b/c")),
        kubeconfig=Path("config"),
        context="prod",
        state_dir=Path("state"),
        service_cidr="10.1.0.0/16",
    )
    assert from_environment(dict.fromkeys(EVERYTHING, "")) == from_environment({}) == Named()


MANIFESTS = Named(cluster=(Path("m"),))
CONFIG = Named(kubeconfig=Path("k"), context="c", state_dir=Path("s"))

MERGED = {
    "nothing said": (Named(), CONFIG, CONFIG),
    "options win": (
        Named(kubeconfig=Path("o"), context="oc", state_dir=Path("os"), service_cidr="1"),
        Named(kubeconfig=Path("k"), context="c", state_dir=Path("s"), service_cidr="2"),
        Named(kubeconfig=Path("o"), context="oc", state_dir=Path("os"), service_cidr="1"),
    ),
    "a source of its own drops that of the environment": (MANIFESTS, CONFIG, MANIFESTS),
    "the context of the environment goes with any kubeconfig": (
        Named(kubeconfig=Path("o")),
        Named(context="c"),
        Named(kubeconfig=Path("o"), context="c"),
    ),
    "a context needs its kubeconfig": (
        Named(api_server="http://a"),
        CONFIG,
        Named(api_server="http://a", state_dir=Path("s")),
    ),
    "the state goes with whatever the Corefile says": (
        Named(),
        Named(state_dir=Path("s"), context="c"),
        Named(state_dir=Path("s")),
    ),
    "what options say amiss is kept for the message": (
        Named(cluster=(Path("m"),), state_dir=Path("s"), context="c"),
        Named(),
        Named(cluster=(Path("m"),), state_dir=Path("s"), context="c"),
    ),
}


@pytest.mark.parametrize("case", MERGED)
def test_options_come_before_the_environment(case: str) -> None:
    options, environment, expected = MERGED[case]
    assert before(options, environment) == expected


def test_what_was_named_becomes_the_sources() -> None:
    assert sources_of(Named()).manifests is sources_of(Named()).api is None
    manifests = sources_of(Named(cluster=(Path("m"),), service_cidr="10.7.0.0/16")).manifests
    assert manifests is not None
    assert manifests.paths == (Path("m"),)
    assert str(manifests.networks["IPv4"]) == "10.7.0.0/16"
    for named in (
        Named(kubeconfig=Path("k"), state_dir=Path("s")),
        Named(in_cluster=True, state_dir=Path("s")),
        Named(api_server="http://127.0.0.1:1", state_dir=Path("s")),
    ):
        sources = sources_of(named)
        assert sources.manifests is None
        assert sources.api is not None
        assert sources.state_dir == Path("s")
    assert sources_of(Named(state_dir=Path("s"))).state_dir == Path("s")


REFUSED = [
    (Named(cluster=(Path("m"),), kubeconfig=Path("k")), "either from an API server or from --cluster"),
    (Named(cluster=(Path("m"),), in_cluster=True), "either from an API server or from --cluster"),
    (Named(context="c"), "--context goes with --kubeconfig"),
    (Named(api_server="http://a", context="c"), "--context goes with --kubeconfig"),
    (Named(cluster=(Path("m"),), state_dir=Path("s")), "--state-dir goes with an API server"),
    (Named(cluster=(Path("m"),), service_cidr="10.0.0.0/99"), "10.0.0.0/99"),
]


@pytest.mark.parametrize(("named", "said"), REFUSED)
def test_what_does_not_go_together_is_told(named: Named, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        sources_of(named)
