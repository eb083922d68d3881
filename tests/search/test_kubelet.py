"""What kubelet has written for a Pod: against what kubelet's own functions gave, then rule by rule.

`kubelet_cases.json` has what GetPodDNS of Kubernetes 1.37.2 returned for a Pod shop/web, the options
sorted: there they come in any order. A case that does not say otherwise has the node of `CASE`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.objects import DnsConfig, Pod
from kdns.search.kubelet import MISSING_CLUSTER_DNS, PodResolvConf, resolv_conf
from kdns.search.kubelet_entries import Cut, Entry, Keyword, Origin, Reason
from kdns.search.kubelet_node import Node, Refused, read_node
from kdns.sources.documents import JsonDocument
from kdns.sources.pods import pod_of
from kdns.sources.shapes import PodShape

CASE = {
    "node": "nameserver 192.168.1.1\nsearch home.example\noptions edns0\n",
    "cluster_dns": ["10.96.0.10"],
    "cluster_domain": "cluster.local",
    "node_ips": [],
}
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("kubelet_cases.json").read_text())

LOG_ONLY = "Failed to get DNS type for pod. "
"""What begins like this is in kubelet's log and in no event."""


def node(text: str | None = CASE["node"], *dns: str, domain: str = "cluster.local") -> Node:
    return read_node(text, dns or ("10.96.0.10",), domain)


def pod(policy: str = "ClusterFirst", config: DnsConfig | None = None, host_network: bool = False) -> Pod:
    return Pod("shop", "web", dns_policy=policy, dns_config=config, host_network=host_network)


def cuts(found: PodResolvConf) -> list[tuple[str, str, Origin, Reason]]:
    return [(cut.keyword, cut.entry.text, cut.entry.origin, cut.reason) for cut in found.cuts]


@pytest.mark.parametrize("case", [pytest.param(each, id=each["what"]) for each in CASES])
def test_a_pod_has_what_kubelet_gives_it(case: dict[str, Any]) -> None:
    case = CASE | case
    shape = {"metadata": {"name": "web", "namespace": "shop"}, "spec": case["spec"]}
    asked = pod_of(JsonDocument(json.dumps(shape).encode()).read(PodShape))
    told = (case["node"], case["cluster_dns"], case["cluster_domain"], case["node_ips"])
    if "refused" in case:
        with pytest.raises(Refused, match=case["refused"]):
            read_node(*told)
        return
    found = resolv_conf(asked, read_node(*told))
    assert {
        "nameservers": list(found.conf.nameservers),
        "searches": list(found.conf.searches),
        "options": sorted(found.conf.options),
        "events": [each for each in found.warnings if not each.startswith(LOG_ONLY)],
    } == case["resolv_conf"]


def test_every_entry_says_where_it_comes_from() -> None:
    config = DnsConfig(("1.1.1.1",), ("a.example",), (("rotate", None),))
    found = resolv_conf(pod(config=config), node())
    assert found.nameservers == (
        Entry("10.96.0.10", Origin.CLUSTER_DNS),
        Entry("1.1.1.1", Origin.DNS_CONFIG),
    )
    assert found.searches == (
        Entry("shop.svc.cluster.local", Origin.NAMESPACE),
        Entry("svc.cluster.local", Origin.CLUSTER_DOMAIN),
        Entry("cluster.local", Origin.CLUSTER_DOMAIN),
        Entry("home.example", Origin.NODE),
        Entry("a.example", Origin.DNS_CONFIG),
    )
    assert found.options == (Entry("ndots:5", Origin.KUBELET), Entry("rotate", Origin.DNS_CONFIG))
    alone = resolv_conf(pod("Default"), read_node(None))
    assert alone.nameservers == (Entry("127.0.0.1", Origin.KUBELET),)
    assert alone.searches == (Entry(".", Origin.KUBELET),)
    assert {each.origin for each in resolv_conf(pod("Default"), node()).options} == {Origin.NODE}


@pytest.mark.parametrize(
    ("asked", "host_network", "dns", "followed"),
    [
        ("ClusterFirst", False, True, "ClusterFirst"),
        ("ClusterFirst", True, True, "Default"),
        ("ClusterFirst", False, False, "Default"),
        ("ClusterFirstWithHostNet", True, True, "ClusterFirst"),
        ("ClusterFirstWithHostNet", True, False, "Default"),
        ("Default", False, True, "Default"),
        ("None", True, False, "None"),
        ("Bogus", True, True, "ClusterFirst"),
        ("Bogus", False, False, "Default"),
    ],
)
def test_the_policy_that_kubelet_followed_is_told(
    asked: str, host_network: bool, dns: bool, followed: str
) -> None:
    where = read_node("", ["10.96.0.10"] if dns else [])
    assert resolv_conf(pod(asked, host_network=host_network), where).policy == followed


def test_options_stay_where_the_first_of_their_name_was() -> None:
    """Kubelet has them in the order of a Go map, another one each time."""
    config = DnsConfig(options=(("rotate", None), ("ndots", "2"), ("edns0", None)))
    found = resolv_conf(pod("Default", config), node("options timeout:1 ndots:3 attempts:2\n"))
    assert found.conf.options == ("timeout:1", "ndots:2", "attempts:2", "rotate", "edns0")


def test_what_is_cut_is_told_with_its_reason() -> None:
    config = DnsConfig(("10.96.0.10", "1.1.1.1", "1.1.1.2", "1.1.1.3"), ("home.example",), (("ndots", "2"),))
    found = resolv_conf(pod(config=config), node())
    assert cuts(found) == [
        ("nameserver", "10.96.0.10", Origin.DNS_CONFIG, Reason.DUPLICATE),
        ("search", "home.example", Origin.DNS_CONFIG, Reason.DUPLICATE),
        ("options", "ndots:5", Origin.KUBELET, Reason.OVERRIDDEN),
        ("nameserver", "1.1.1.3", Origin.DNS_CONFIG, Reason.NAMESERVERS),
    ]
    assert found.warnings == (
        "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line "
        "is: 10.96.0.10 1.1.1.1 1.1.1.2",
    )


def test_what_kubelet_does_not_take_from_the_node_counts_where_the_node_counts() -> None:
    text = "search a.example\ndomain b.example\nsearch . c.example\noptions x:1\noptions x:2\n"
    searches = [
        ("search", "b.example", Origin.NODE, Reason.DOMAIN_LINE),
        ("search", "a.example", Origin.NODE, Reason.OTHER_LINE),
        ("search", ".", Origin.NODE, Reason.ROOT),
    ]
    options = [("options", "x:1", Origin.NODE, Reason.OVERRIDDEN)]
    assert cuts(resolv_conf(pod("Default"), node(text))) == searches + options
    assert cuts(resolv_conf(pod(), node(text))) == searches
    assert cuts(resolv_conf(pod("None"), node(text))) == []


def test_a_search_line_has_32_domains() -> None:
    domains = [f"d{number}.example" for number in range(40)]
    found = resolv_conf(pod(), node(f"search {' '.join(domains)}\n"))
    assert found.conf.searches == (
        "shop.svc.cluster.local",
        "svc.cluster.local",
        "cluster.local",
        *domains[:29],
    )
    assert found.cuts == tuple(
        Cut(Keyword.SEARCH, Entry(each, Origin.NODE), Reason.SEARCHES) for each in domains[29:]
    )
    assert found.warnings == (
        "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
        + " ".join(found.conf.searches),
    )


def test_a_search_line_has_2048_characters() -> None:
    """Ten domains of 200 characters and a last one: 2009 with the spaces, and 38 for it and its space."""
    domains = [str(number) * 200 for number in range(10)]
    for last, is_kept in (("x" * 38, True), ("x" * 39, False)):
        found = resolv_conf(pod("Default"), node(f"search {' '.join([*domains, last])}\n"))
        assert found.conf.searches == (*domains, *([last] if is_kept else []))
        assert [cut.reason for cut in found.cuts] == ([] if is_kept else [Reason.LONG_LINE])
        assert bool(found.warnings) is not is_kept


def test_a_long_domain_makes_no_room_for_one_beyond_the_32nd() -> None:
    domains = [f"d{number}.example" for number in range(33)]
    found = resolv_conf(pod("Default"), node(f"search {' '.join(['x' * 254, *domains])}\n"))
    assert found.conf.searches == tuple(domains[:31])
    assert [cut.reason for cut in found.cuts] == [Reason.SEARCHES, Reason.SEARCHES, Reason.LONG_DOMAIN]


def test_without_cluster_dns_the_warning_is_that_of_kubelet() -> None:
    assert resolv_conf(pod(), read_node("")).warnings == (MISSING_CLUSTER_DNS,)
    assert MISSING_CLUSTER_DNS == (
        'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. '
        'Falling back to "Default" policy.'
    )


def test_an_unknown_policy_is_a_line_of_the_log() -> None:
    assert resolv_conf(pod("Bogus"), node()).warnings == (
        LOG_ONLY + "Falling back to DNSClusterFirst policy. err=invalid DNSPolicy=Bogus",
    )


WORDS = st.text(st.sampled_from("ab.:-é# \t"), max_size=12)
LINES = st.tuples(
    st.sampled_from(["nameserver x", "search", "options", "domain", "#", ""]), st.lists(WORDS, max_size=40)
)
CONFIGS = st.builds(
    DnsConfig,
    st.lists(WORDS, max_size=5).map(tuple),
    st.lists(st.one_of(WORDS, st.sampled_from(["x" * 253, "y" * 254])), max_size=40).map(tuple),
    st.lists(st.tuples(WORDS, st.none() | WORDS), max_size=5).map(tuple),
)
POLICIES = st.sampled_from(["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", "Bogus"])


@given(
    st.none() | st.lists(LINES, max_size=6),
    st.sampled_from([(), ("10.96.0.10",)]),
    st.sampled_from(["", "cluster.local"]),
    st.builds(pod, POLICIES, st.none() | CONFIGS, st.booleans()),
)
def test_limits_hold_and_nothing_is_lost_in_silence(
    lines: list[tuple[str, list[str]]] | None, dns: tuple[str, ...], domain: str, asked: Pod
) -> None:
    text = None if lines is None else "\n".join(f"{word} {' '.join(rest)}" for word, rest in lines)
    found = resolv_conf(asked, read_node(text, dns, domain))
    conf = found.conf
    assert len(conf.nameservers) <= 3
    assert len(conf.searches) <= 32
    assert len(" ".join(conf.searches).encode()) <= 2048
    assert all(len(each.encode()) <= 253 for each in conf.searches)
    assert conf.searches == tuple(each.text for each in found.searches)
    assert conf.nameservers == tuple(each.text for each in found.nameservers)
    assert conf.options == tuple(each.text for each in found.options)
    if asked.dns_config:
        assert len(set(conf.searches)) == len(conf.searches)
        missing = set(asked.dns_config.searches) - set(conf.searches)
        assert missing <= {cut.entry.text for cut in found.cuts if cut.keyword is Keyword.SEARCH}
    limits = {Reason.NAMESERVERS, Reason.SEARCHES, Reason.LONG_DOMAIN, Reason.LONG_LINE}
    is_cut = any(cut.reason in limits for cut in found.cuts)
    assert is_cut == any("limits were exceeded" in each for each in found.warnings)
