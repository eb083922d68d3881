"""The node's resolv.conf and kubelet's flags, read once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.search.kubelet_entries import Entry, Origin
from kdns.search.kubelet_node import MOST_FILE, Refused, limit_warning, read_node


def test_no_file_is_not_an_empty_file() -> None:
    assert not read_node(None).has_file
    assert read_node("").has_file


def test_a_file_of_ten_mebibytes_is_refused() -> None:
    assert read_node("#" * (MOST_FILE - 1)).has_file
    for text in ("#" * MOST_FILE, "é" * (MOST_FILE // 2)):
        with pytest.raises(Refused, match="the read limit is reached"):
            read_node(text)


@pytest.mark.parametrize("text", ["10.96.0", "dns.example", "", "fe80::1%eth0", "10.96.0.010"])
def test_what_is_no_address_is_named(text: str) -> None:
    for told in ({"cluster_dns": [text]}, {"node_ips": [text]}):
        with pytest.raises(ValueError, match=f"'{text}'"):
            read_node("", **told)


def test_octets_that_are_no_text_are_kept_and_counted() -> None:
    text = b"search " + b"\xff" * 253 + b" " + b"\xff" * 254
    node = read_node(text.decode("utf-8", "surrogateescape"))
    assert node.searches[0] == Entry("\udcff" * 253, Origin.NODE)
    assert limit_warning(node, "/x").endswith("a search path which length is more than allowed 253 chars!")


@pytest.mark.parametrize(
    ("domains", "domain", "expected"),
    [
        (["a.example"] * 29, "cluster.local", ""),
        (["a.example"] * 32, "", ""),
        (
            ["a.example"] * 30,
            "cluster.local",
            "Resolv.conf file '/x' contains search line consisting of more than 29 domains!",
        ),
        (
            ["a.example"] * 33,
            "",
            "Resolv.conf file '/x' contains search line consisting of more than 32 domains!",
        ),
        (
            ["x" * 254],
            "cluster.local",
            'Resolv.conf file "/x" contains a search path which length is more than allowed 253 chars!',
        ),
        (["x" * 227] * 8 + ["x" * 224], "cluster.local", ""),
        (
            ["x" * 227] * 8 + ["x" * 225],
            "cluster.local",
            "Resolv.conf file '/x' contains search line which length is more than allowed 2048 chars!",
        ),
        ([], "cluster.local", ""),
    ],
)
def test_kubelet_warns_of_a_node_that_leaves_no_room(domains: list[str], domain: str, expected: str) -> None:
    """Events CheckLimitsForResolvConf; three places are kept for the cluster's own domains."""
    node = read_node(f"search {' '.join(domains)}", (), domain)
    assert limit_warning(node, "/x") == expected


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        node = read_node(text)
    except Refused as error:
        assert "nameserver list is empty" in str(error)
    else:
        for entry in (*node.nameservers, *node.searches, *node.options):
            assert not set(entry.text) & set(" \t\r\n\v\f")
