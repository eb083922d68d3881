"""The image, built and run as Kubernetes runs it: what it may do, what it can't, and that it serves.

Needs root and some minutes: it is for KDNS_TEST_IMAGE=1 only.
"""

import asyncio
import errno
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.apiserver.builders import namespace, service
from tests.apiserver.fake import FakeApiServer
from tests.cli.servers import free_port
from tests.corefiles.collection import CLUSTER
from tests.image.container import IMPORT_ALL, built, once, python, running
from tests.image.lock import ROOT

pytestmark = pytest.mark.timeout(900)

NET_BIND_SERVICE = 1 << 10
DEMO = ("serve", "--demo", "--listen", ":53", "--probes", ":8080", "--metrics", ":9153")
NGINX = "nginx-service.default.svc.cluster.local"


def corefile_options(folder: Path, corefile: str) -> list[str]:
    """Write a Corefile, and return the options that put it where a Deployment has it."""
    folder.chmod(0o755)
    (folder / "Corefile").write_text(corefile)
    return ["--volume", f"{folder / 'Corefile'}:/etc/coredns/Corefile:ro"]


def cluster_options() -> list[str]:
    """Return the options that give the image a cluster."""
    return [
        *(
            "--volume",
            f"{CLUSTER}:/manifests/cluster.yaml:ro",
            "--env",
            "KDNS_CLUSTER=/manifests",
        ),
    ]


def test_it_is_as_small_as_the_page_says() -> None:
    stated = re.search(r"(\d+) MB", (ROOT / "docs/image.md").read_text())
    assert stated
    assert abs(float(built().split()[-2]) - int(stated[1])) < 5


def test_kdns_is_process_1_of_another_user_with_one_capability(tmp_path: Path) -> None:
    with running(tmp_path, *DEMO) as container:
        status = container.status
        assert status["NSpid"].split()[-1] == "1"
        assert (status["Uid"].split()[0], status["Gid"].split()[0], status["Groups"]) == (
            "65532",
            "65532",
            "",
        )
        for each in ("CapPrm", "CapEff", "CapBnd"):
            assert int(status[each], 16) == NET_BIND_SERVICE
        for each in ("CapInh", "CapAmb"):
            assert int(status[each], 16) == 0
        assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("user", ["65532:65532", "1000650000:0", "0:0"])
def test_the_demo_is_served_by_any_user(tmp_path: Path, user: str) -> None:
    with running(tmp_path, *DEMO, options=["--user", user]) as container:
        assert container.status["Uid"].split()[0] == user.partition(":")[0]
        assert container.ask(NGINX) == "10.96.10.10"
        assert container.ask("+tcp", NGINX) == "10.96.10.10"
        assert container.page(8080, "/health") == container.page(8080, "/ready") == "OK"
        metrics = container.page(9153, "/metrics")
        assert "coredns_dns_requests_total{" in metrics
        assert "process_open_fds" in metrics
        assert container.stop() == 0


def test_the_default_corefile_is_served(tmp_path: Path) -> None:
    options = ["--volume", f"{CLUSTER.parent / 'kubeadm'}:/etc/coredns:ro", *cluster_options()]
    with running(tmp_path, "-conf", "/etc/coredns/Corefile", options=options) as container:
        assert container.ask("kubernetes.default.svc.cluster.local") == "10.96.0.1"
        assert container.ask("+tcp", "kubernetes.default.svc.cluster.local") == "10.96.0.1"
        assert container.ask("missing.default.svc.cluster.local") == "NXDOMAIN"
        assert container.ask("-x", "10.96.0.1") == "kubernetes.default.svc.cluster.local."
        assert container.page(8080, "/health") == container.page(8181, "/ready") == "OK"
        assert "coredns_dns_requests_total{" in container.page(9153, "/metrics")
        assert container.stop() == 0


def test_the_root_is_read_only_and_nobody_minds(tmp_path: Path) -> None:
    with running(tmp_path, *DEMO) as container:
        for folder in ("", "tmp", "usr/lib/kdns", "etc"):
            with pytest.raises(OSError) as raised:
                (container.root / folder / "file").touch()
            assert raised.value.errno == errno.EROFS
        assert "[ERROR]" not in container.log.read_text()
        assert "[WARNING]" not in container.log.read_text()


def test_there_is_nothing_to_run_but_kdns(tmp_path: Path) -> None:
    with running(tmp_path, *DEMO) as container:
        root = container.root
        assert {each.name for each in (root / "usr/bin").iterdir()} == {"kdns"}
        assert {each.name for each in (root / "usr/lib/kdns/bin").iterdir()} == {"kdns", "python"}
        assert not any(
            (root / each).exists() for each in ("bin", "sbin", "usr/sbin", "usr/local/bin", "usr/libexec")
        )
        assert not list(root.glob("usr/lib/**/pip"))


def test_without_the_capability_it_cannot_be_executed() -> None:
    ran = once("-version", options=["--capabilities", "-all"])
    assert (ran.returncode, ran.stderr) == (
        126,
        "setpriv: failed to execute /usr/bin/kdns: Operation not permitted\n",
    )


def test_every_module_of_kdns_can_be_imported() -> None:
    assert python(f"{IMPORT_ALL}; print('all')") == "all"


def test_all_bytecode_is_there() -> None:
    missing = (
        "from importlib.util import cache_from_source; from pathlib import Path; "
        "print(*(each for each in Path('/usr').rglob('*.py') if not Path(cache_from_source(each)).exists()))"
    )
    assert python(missing) == ""


def test_public_cas_are_where_openssl_looks() -> None:
    count = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    assert int(python(count)) > 100


def test_the_zone_files_are_served_where_the_corefile_asks_for_them(tmp_path: Path) -> None:
    [block] = re.findall(r"^```corefile\n(.*?)^```", (ROOT / "zonefiles/README.md").read_text(), re.S | re.M)
    options = [*cluster_options(), *corefile_options(tmp_path, block)]
    with running(tmp_path, "-conf", "/etc/coredns/Corefile", options=options) as container:
        assert container.ask("localhost") == "127.0.0.1"
        assert container.ask("name.invalid") == "NXDOMAIN"
        assert container.ask("-x", "127.0.0.1") == "localhost."
        assert container.ask("-x", "::1") == "localhost."
        assert container.ask("-x", "10.96.0.1") == "kubernetes.default.svc.cluster.local."
        assert container.ask("-x", "10.1.2.3") == "NXDOMAIN"


def test_regular_expressions_find_their_libraries(tmp_path: Path) -> None:
    template = (
        '. {\n template IN A {\n match ^(.*)\\.example\\.$\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n }\n}\n'
    )
    options = corefile_options(tmp_path, template)
    with running(tmp_path, "-conf", "/etc/coredns/Corefile", options=options) as container:
        assert container.ask("www.example") == "192.0.2.1"


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as server:
        server.put(namespace("shop"), service("shop/web", "10.96.0.1"))
        yield server


async def test_the_state_on_a_volume_outlives_a_container(server: FakeApiServer, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 65532, 65532)
    options = ["--volume", f"{state}:/var/lib/kdns", "--env", "KDNS_STATE_DIR=/var/lib/kdns"]
    port = str(free_port())

    def serve() -> str:
        arguments = ("serve", "--api-server", server.url, "--listen", f"127.0.0.1:{port}")
        with running(tmp_path, *arguments, options=options, own_network=False) as container:
            container.answers("10.96.0.1", "-p", port, "web.shop.svc.cluster.local")
            assert container.stop() == 0
            return container.log.read_text()

    assert "no snapshot" in await asyncio.to_thread(serve)
    await server.stop()
    assert "objects from a snapshot" in await asyncio.to_thread(serve)
