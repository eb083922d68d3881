"""What `kdns serve` is told becomes a Corefile that says the same."""

from pathlib import Path
from typing import Any

import pytest

from kdns.cli.shortcut import Shortcut, corefile_text
from kdns.corefile.parsing import parse_corefile
from kdns.corefile.values import Corefile, Directive, ServerBlock
from kdns.records.options import PodMode
from kdns.servers.addresses import parse_listen
from kdns.wire.names import from_text
from kdns.zones.shipped import shipped_zone_paths


def told(*listen: str, files: tuple[str, ...] = (), **more: Any) -> Shortcut:
    """Build what was told; each of `files` is a zone, in the file /z/ZONE."""
    master_files = {from_text(f"{zone}."): Path(f"/z/{zone}") for zone in files}
    return Shortcut(
        [parse_listen(each) for each in listen or ("127.0.0.1:1053",)], master_files=master_files, **more
    )


def read(shortcut: Shortcut) -> Corefile:
    """Read the Corefile, in which there must be nothing to notice."""
    corefile = parse_corefile(corefile_text(shortcut), "<kdns serve>", {})
    assert not corefile.notices
    return corefile


def keys(block: ServerBlock) -> str:
    return " ".join(key.text for key in block.keys)


def lines(block: ServerBlock, name: str) -> list[str]:
    """Return the arguments of each directive of that name."""
    return [_arguments(each) for each in block.directives if each.name.text == name]


def _arguments(directive: Directive) -> str:
    return " ".join(word.text for word in directive.arguments)


def properties(block: ServerBlock) -> dict[str, str]:
    (kubernetes,) = (each for each in block.directives if each.name.text == "kubernetes")
    return {each.name.text: _arguments(each) for each in kubernetes.block or ()}


def test_the_text_is_a_corefile_to_start_from() -> None:
    shortcut = told(
        files=("127.in-addr.arpa", "example.org"),
        metrics=parse_listen(":9153"),
        probes=parse_listen("[::1]:8080"),
    )
    assert (
        corefile_text(shortcut)
        == """\
cluster.local:1053 in-addr.arpa:1053 ip6.arpa:1053 {
    bind 127.0.0.1
    errors
    prometheus :9153
    health [::1]:8080
    ready [::1]:8080
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 30
        fallthrough 127.in-addr.arpa
    }
    file /z/127.in-addr.arpa 127.in-addr.arpa
    loadbalance
}

example.org:1053 {
    bind 127.0.0.1
    errors
    prometheus :9153
    file /z/example.org example.org
    loadbalance
}
"""
    )


def test_options_of_the_records_are_those_of_kubernetes() -> None:
    zone = from_text("k8s.example.")
    (block,) = read(told(zone=zone, ttl=0, pods=PodMode.VERIFIED)).blocks
    assert keys(block).startswith("k8s.example:1053 ")
    assert lines(block, "kubernetes") == ["k8s.example in-addr.arpa ip6.arpa"]
    assert properties(block) == {"pods": "verified", "ttl": "0"}, "a bare fallthrough would be for all zones"


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        (["127.0.0.1:1053"], {1053: ["127.0.0.1"]}),
        (["127.0.0.1:1053", "[::1]:1053", "127.0.0.1:1053"], {1053: ["127.0.0.1 ::1"]}),
        ([":53"], {53: []}),
        (["127.0.0.1:53", "*:53"], {53: []}),
        (["127.0.0.1:53", "127.0.0.2:54"], {53: ["127.0.0.1"], 54: ["127.0.0.2"]}),
        (["127.0.0.1:0"], {0: ["127.0.0.1"]}),
    ],
)
def test_all_addresses_of_a_port_are_one_bind(listen: list[str], expected: dict[int, list[str]]) -> None:
    blocks = read(told(*listen, files=("example.org",))).blocks
    assert len(blocks) == 2 * len(expected), "the cluster's and the static zone's"
    for block in blocks:
        (port,) = {key.port for key in block.keys}
        assert lines(block, "bind") == expected[port]


def test_probes_are_in_the_first_block_only_and_metrics_in_every_one() -> None:
    address = parse_listen("127.0.0.1:8080")
    first, *others = read(told(":53", ":54", files=("example.org",), metrics=address, probes=address)).blocks
    assert lines(first, "health") == lines(first, "ready") == ["127.0.0.1:8080"]
    for block in (first, *others):
        assert lines(block, "prometheus") == ["127.0.0.1:8080"]
    assert not any(lines(block, "health") or lines(block, "ready") for block in others)


def test_static_zones_in_a_reverse_tree_come_after_the_cluster_and_others_have_their_own_block() -> None:
    zones = (
        "10.in-addr.arpa",
        "in-addr.arpa",
        "a.example",
        "below.cluster.local",
        "8.b.d.0.1.0.0.2.ip6.arpa",
    )
    cluster, static = read(told(files=zones)).blocks
    behind = ["10.in-addr.arpa", "in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"]
    beside = ["a.example", "below.cluster.local"]
    assert keys(cluster) == "cluster.local:1053 in-addr.arpa:1053 ip6.arpa:1053"
    assert properties(cluster)["fallthrough"].split() == behind
    assert lines(cluster, "file") == [f"/z/{zone} {zone}" for zone in behind]
    assert keys(static) == " ".join(f"{zone}:1053" for zone in beside)
    assert lines(static, "file") == [f"/z/{zone} {zone}" for zone in beside]
    assert not lines(static, "kubernetes")


def test_the_way_to_an_api_server_is_a_property_of_kubernetes() -> None:
    (block,) = read(told(api=("kubeconfig", "/a b/config", "prod#1"))).blocks
    assert properties(block)["kubeconfig"] == "/a b/config prod#1"


def test_whatever_a_path_holds_is_one_word() -> None:
    for path in ("/z/a b", "/z/#1", '/z/"', "/z/{", "/z/}", "/z/é\t"):
        (_, static) = read(
            Shortcut([parse_listen(":53")], master_files={from_text("a.example."): Path(path)})
        ).blocks
        (file,) = (each for each in static.directives if each.name.text == "file")
        assert [word.text for word in file.arguments] == [path, "a.example"]


def test_the_root_can_be_a_static_zone() -> None:
    static = read(Shortcut([parse_listen(":53")], master_files={from_text("."): Path("/z/root")})).blocks[1]
    assert (keys(static), lines(static, "file")) == (".:53", ["/z/root ."])


def test_paths_are_written_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    static = read(Shortcut([parse_listen(":53")], master_files={from_text("a.example."): Path("a")})).blocks[
        1
    ]
    assert lines(static, "file") == [f"{tmp_path}/a a.example"]


def test_shipped_zones_are_named_after_their_files() -> None:
    zones = {from_text(f"{path.stem}."): path for path in shipped_zone_paths()}
    cluster, static = read(Shortcut([parse_listen(":53")], master_files=zones)).blocks
    assert keys(static) == "invalid:53 localhost:53"
    assert len(lines(cluster, "file")) == len(zones) - 2
