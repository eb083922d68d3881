"""A Pod's resolv.conf as text: comments never change what a resolver reads."""

import pytest

from kdns.cluster.objects import DnsConfig, Pod
from kdns.search.kubelet import resolv_conf
from kdns.search.kubelet_node import read_node
from kdns.search.kubelet_text import comment, explained_text, file_text
from kdns.search.resolvconf import ResolvConf
from kdns.search.resolvers import Resolver, read

NODE = read_node("nameserver 192.168.1.1\nsearch home.example\n", ["10.96.0.10"], "cluster.local")
CONFIG = DnsConfig(("1.1.1.1",), ("home.example", "a.example"), (("ndots", "2"), ("rotate", None)))


def test_the_file_is_as_the_runtime_writes_it() -> None:
    found = resolv_conf(Pod("shop", "web", dns_config=CONFIG), NODE)
    assert file_text(found.conf) == (
        "search shop.svc.cluster.local svc.cluster.local cluster.local home.example a.example\n"
        "nameserver 10.96.0.10\n"
        "nameserver 1.1.1.1\n"
        "options ndots:2 rotate\n"
    )
    assert file_text(ResolvConf()) == ""


def test_every_line_has_a_comment_that_says_where_it_comes_from() -> None:
    found = resolv_conf(Pod("shop", "web", dns_config=CONFIG), NODE)
    assert explained_text(found) == (
        "# namespace: shop.svc.cluster.local\n"
        "# cluster domain: svc.cluster.local cluster.local\n"
        "# node: home.example\n"
        "# dnsConfig: a.example\n"
        "search shop.svc.cluster.local svc.cluster.local cluster.local home.example a.example\n"
        "# cluster DNS: 10.96.0.10\n"
        "nameserver 10.96.0.10\n"
        "# dnsConfig: 1.1.1.1\n"
        "nameserver 1.1.1.1\n"
        "# dnsConfig: ndots:2 rotate\n"
        "options ndots:2 rotate\n"
        "# cut: search home.example (dnsConfig): it is there already\n"
        "# cut: options ndots:5 (kubelet's default): it is set again later\n"
    )


def test_an_empty_file_says_that_runtimes_differ() -> None:
    found = resolv_conf(Pod("shop", "web", dns_policy="None"), NODE)
    assert explained_text(found) == (
        "# nothing: containerd writes an empty file, CRI-O copies the node's /etc/resolv.conf\n"
    )


@pytest.mark.parametrize("resolver", list(Resolver))
def test_no_resolver_reads_the_comments(resolver: Resolver) -> None:
    long = DnsConfig(searches=tuple(f"{letter * 60}.example" for letter in "abcdefghijklmnopqrstuvwxyz" * 2))
    for policy, config in (("ClusterFirst", CONFIG), ("Default", None), ("ClusterFirst", long)):
        found = resolv_conf(Pod("shop", "web", dns_policy=policy, dns_config=config), NODE)
        assert read(explained_text(found), resolver) == read(file_text(found.conf), resolver)


def test_a_comment_is_one_line() -> None:
    assert comment("ndots:5\nnameserver 6.6.6.6\r\u2028x") == "# ndots:5 nameserver 6.6.6.6  x"
