"""The texts that the Pods here have are those that kubelet writes, as `kdns resolvconf` knows it."""

import json
from pathlib import Path

import pytest

from kdns.cli import main
from tests.resolvers.pods import ASKING, CLUSTER_DNS, NODE, NODE_ADDRESS, Pod, manifest


@pytest.mark.parametrize("pod", ASKING, ids=[each.name for each in ASKING])
def test_a_pod_has_what_kubelet_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str], pod: Pod) -> None:
    given, node = tmp_path / "pod.json", tmp_path / "resolv.conf"
    given.write_text(json.dumps(manifest(pod)))
    node.write_text(NODE)
    words = ["--cluster-dns", CLUSTER_DNS, "--node-resolv-conf", str(node), "--node-ip", NODE_ADDRESS]
    with pytest.raises(SystemExit) as end:
        main(["resolvconf", "-f", str(given), *words])
    assert not end.value.code
    assert _said(capsys.readouterr().out) == _said(pod.resolv_conf)


def _said(text: str) -> dict[str, list[str]]:
    """Return the words after each keyword; the options in any order, as kubelet has them in any."""
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    said: dict[str, list[str]] = {}
    for keyword, *words in filter(None, lines):
        said.setdefault(keyword, []).extend(words)
    return said | {"options": sorted(said.get("options", []))}
