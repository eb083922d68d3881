"""kdns.plugins._kubernetes_options: every line of the directive, what it means, and what is refused where."""

from typing import Any

import pytest

from kdns.cluster.selectors import parse_selector
from kdns.cluster.wish import ApiServer, ClusterWish
from kdns.corefile.errors import CorefileError
from kdns.plugins._kubernetes_options import Options, read_options
from kdns.records.options import PodMode, RecordOptions
from kdns.wire.names import ROOT, from_text
from tests.corefile.builders import corefile

ZONE = from_text("cluster.local.")
DEFAULTS = RecordOptions(zone=ZONE, ttl=5, pods=PodMode.DISABLED)


def read(text: str, keys: str = "cluster.local") -> Options:
    """Read the directive of a server block."""
    (block,) = corefile(f"{keys} {{\n{text}\n}}").blocks
    (directive,) = block.directives
    return read_options(directive, block)


def read_lines(*lines: str) -> Options:
    return read("\n".join(("kubernetes {", *lines, "}")))


def test_without_options_pods_have_no_names_and_the_ttl_is_five() -> None:
    assert read("kubernetes") == Options((ZONE,), DEFAULTS, ClusterWish(), (), 5.0)


@pytest.mark.parametrize(
    ("keys", "arguments", "zones", "primary"),
    [
        ("cluster.local example.com", "", ["cluster.local.", "example.com."], "cluster.local."),
        (".:53", "Cluster.LOCAL in-addr.arpa", ["cluster.local.", "in-addr.arpa."], "cluster.local."),
        (".", "10.0.0.0/8 fd00::/8 a.b", ["10.in-addr.arpa.", "d.f.ip6.arpa.", "a.b."], "a.b."),
        (".", "in-addr.arpa ip6.arpa c", ["in-addr.arpa.", "ip6.arpa.", "c."], "c."),
        (".", "10.0.0.0/8 ip6.arpa in-addr.arpa", None, "ip6.arpa."),
        ("10.0.0.0/17 cluster.local", "", None, "cluster.local."),
        (".", "", ["."], "."),
    ],
)
def test_zones_are_those_of_the_directive_or_the_block_and_the_first_forward_one_counts(
    keys: str, arguments: str, zones: list[str] | None, primary: str
) -> None:
    options = read(f"kubernetes {arguments}", keys)
    assert options.records.zone == from_text(primary)
    assert zones is None or options.zones == tuple(map(from_text, zones))


RECORDS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("pods insecure",), {"pods": PodMode.INSECURE}),
    (("pods verified",), {"pods": PodMode.VERIFIED}),
    (("pods verified", "pods disabled"), {}),
    (("endpoint_pod_names",), {"endpoint_pod_names": True}),
    (("ttl 0",), {"ttl": 0}),
    (("ttl 3600 and more",), {"ttl": 3600}),
    (("noendpoints",), {"endpoints": False}),
    (("namespaces a b", "namespaces c"), {"namespaces": frozenset("abc")}),
    (("namespace_labels a in (b, c), d",), {"namespace_labels": parse_selector("d,a in (c,b)")}),
    (('namespace_labels "a=b"',), {"namespace_labels": parse_selector("a=b")}),
    (("ignore empty_service and more",), {"ignore_empty_service": True}),
    (("ignore",), {}),
]


@pytest.mark.parametrize(("lines", "expected"), RECORDS, ids=lambda value: str(value)[:30])
def test_options_of_records(lines: tuple[str, ...], expected: dict[str, Any]) -> None:
    records = read_lines(*lines).records
    assert {name: getattr(records, name) for name in RecordOptions.__slots__} == {
        **{name: getattr(DEFAULTS, name) for name in RecordOptions.__slots__},
        **expected,
    }


WISHES: list[tuple[tuple[str, ...], ClusterWish]] = [
    (("pods insecure",), ClusterWish()),
    (("pods verified",), ClusterWish(pods=True)),
    (("noendpoints",), ClusterWish(endpoint_slices=False)),
    (("labels b = c , a",), ClusterWish(labels="a,b=c")),
    (("namespace_labels a=b",), ClusterWish()),
    (("endpoint http://a:1 http://b:1",), ClusterWish(ApiServer("http://a:1"))),
    (("tls c k a", "endpoint https://a"), ClusterWish(ApiServer("https://a", "c", "k", "a"))),
    (("tls c k a",), ClusterWish()),
    (("kubeconfig /k",), ClusterWish(ApiServer(kubeconfig="/k"))),
    (
        ("kubeconfig /k ctx", "endpoint http://a:1", "tls c k a"),
        ClusterWish(ApiServer(kubeconfig="/k", context="ctx")),
    ),
    (
        ("apiserver_qps 2.5", "apiserver_burst 3", "apiserver_max_inflight 4"),
        ClusterWish(ApiServer(qps=2.5, burst=3, max_inflight=4)),
    ),
    (("apiserver_qps 1e1", "apiserver_burst 0"), ClusterWish(ApiServer(qps=10.0))),
]


@pytest.mark.parametrize(("lines", "wish"), WISHES, ids=lambda value: str(value)[:30])
def test_options_of_the_cluster(lines: tuple[str, ...], wish: ClusterWish) -> None:
    assert read_lines(*lines).wish == wish


def test_further_endpoints_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    read_lines("endpoint http://a:1 http://b:1")
    assert "only the first specified endpoint 'http://a:1' is used" in caplog.text


@pytest.mark.parametrize(
    ("line", "zones"),
    [
        ("fallthrough", (ROOT,)),
        ("fallthrough in-addr.arpa Example.ORG", (from_text("in-addr.arpa."), from_text("example.org."))),
        ("fallthrough a\nfallthrough", (ROOT,)),
    ],
)
def test_fallthrough_is_for_all_zones_or_those_that_are_named(line: str, zones: tuple[Any, ...]) -> None:
    assert read_lines(line).fallthrough == zones


@pytest.mark.parametrize(("line", "seconds"), [("startup_timeout 1m", 60.0), ("startup_timeout 0s x", 0.0)])
def test_startup_timeout_is_a_duration(line: str, seconds: float) -> None:
    assert read_lines(line).startup_seconds == seconds


REFUSED = [
    ("pods", "3:1: found no arguments of 'pods', expected 1"),
    ("pods a b", "expected 1"),
    ("pods Verified", "3:6: found 'Verified', expected one of disabled, insecure, verified; did you mean"),
    ("namespaces", "expected 1 or more"),
    ("endpoint", "expected 1 or more"),
    ("tls a b", "expected 3"),
    ("tls a b c d", "expected 3"),
    ("labels", "expected 1 or more"),
    ("labels a >", "3:8: found 'a >', expected a label selector"),
    ("namespace_labels", "expected 1 or more"),
    ("namespace_labels a in b", "3:18: found 'a in b', expected a label selector"),
    ("fallthrough a..b", "3:13: "),
    ("ttl", "expected 1 or more"),
    ("ttl 3601", "3:5: found '3601', expected an integer from 0 to 3600"),
    ("ttl -1", "expected an integer from 0 to 3600"),
    ("ttl 5s", "expected an integer from 0 to 3600"),
    ("noendpoints x", "expected none"),
    ("endpoint_pod_names x", "expected none"),
    ("ignore empty_services", "expected one of empty_service; did you mean 'empty_service'?"),
    ("kubeconfig", "expected 1 to 2"),
    ("kubeconfig a b c", "expected 1 to 2"),
    ("startup_timeout", "expected 1 or more"),
    ("startup_timeout 5", "3:17: found '5', expected a duration"),
    ("startup_timeout -1s", "expected a duration"),
    ("apiserver_qps -1", "3:15: found '-1', expected a number from 0"),
    ("apiserver_qps x", "expected a number from 0"),
    ("apiserver_qps 1 2", "expected 1"),
    ("apiserver_burst 1.5", "expected an integer from 0"),
    ("apiserver_max_inflight -1", "expected an integer from 0"),
    ("multicluster cluster.local", "3:1: found the option 'multicluster', which kdns does not have yet"),
    ("zonal", "found the option 'zonal', which kdns does not have yet"),
    ("upstream", "found 'upstream', expected a property of 'kubernetes'"),
    ("resyncperiod 1m", "found 'resyncperiod', expected a property of 'kubernetes'"),
    ("transfer to *", "found 'transfer', expected a property of 'kubernetes'"),
    ("endpoint_pod_name", "did you mean 'endpoint_pod_names'?"),
    ("namespaces a\nnamespace_labels b", "2:1: found both namespaces and namespace_labels, expected one"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=lambda value: value[:30])
def test_what_is_refused_is_named_with_its_place(line: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        read_lines(line)
    assert message in str(caught.value)


def test_reverse_zones_alone_are_refused() -> None:
    with pytest.raises(CorefileError, match="2:1: found reverse zones only"):
        read("kubernetes 10.0.0.0/8 fd00::/8")
