"""The Corefiles of the manifests are kubeadm's, and kdns takes them."""

import pytest

from kdns.app import check
from kdns.corefile.parsing import parse_corefile
from tests.corefiles import __file__ as beside_corefiles
from tests.manifests.kubectl import KUBEADM, MANIFESTS, Path, read_objects

KUBEADMS = Path(beside_corefiles).parent / "kubeadm" / "Corefile"


@pytest.mark.parametrize(
    "path",
    [MANIFESTS / "fresh" / "corefile.yaml", MANIFESTS / "beside" / "corefile.yaml", KUBEADM],
    ids=lambda path: path.parent.name,
)
def test_a_corefile_is_kubeadms(path: Path) -> None:
    [config_map] = [each for each in read_objects(path.read_text()).values() if each["kind"] == "ConfigMap"]
    corefile = config_map["data"]["Corefile"]
    assert corefile == KUBEADMS.read_text()
    assert check(parse_corefile(corefile, "Corefile", {})) == []
