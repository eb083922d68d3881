"""`kdns -conf`: what CoreDNS's command line does, by its flags and as a process of its own."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from kdns import __version__
from kdns.cli import coredns, main
from kdns.demo import DEMO_PATH
from tests.cli.servers import KDNS, Running, free_port, running
from tests.cli.test_serve import ask, wait_for

NAME = "nginx-service.default.svc.cluster.local"
ADDRESS = "10.96.10.10"

COREFILE = """\
.:{port} {{
    bind 127.0.0.1
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
        ttl 30
    }}
}}
"""
VERSION = re.compile(rf"kdns-{re.escape(__version__)}\nlinux/\w+, python 3\.[0-9.]+\w*\n")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CLUSTER", "KUBECONFIG", "CONTEXT", "STATE_DIR", "SERVICE_CIDR"):
        monkeypatch.delenv(f"KDNS_{variable}", raising=False)


def status_of(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code


@pytest.mark.parametrize("words", ["-version", "--version", "-version=1 -plugins", "-quiet -version"])
def test_version_is_told_as_coredns_tells_its_own(capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert status_of(*words.split()) == 0
    assert VERSION.fullmatch(capsys.readouterr().out)


def test_plugins_are_listed_one_a_line_in_order_of_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("-plugins") == 0
    names = capsys.readouterr().out.split("\n")
    assert names == [*sorted(names[:-1]), ""]
    assert {"cache", "forward", "kubernetes"} <= set(names)


@pytest.mark.parametrize("words", ["-h", "--help", "-quiet -help"])
def test_help_shows_the_commands_and_the_flags_of_coredns(
    capsys: pytest.CaptureFixture[str], words: str
) -> None:
    assert status_of(*words.split()) == 0
    out = capsys.readouterr().out
    for shown in ("kdns -conf FILE", "serve", "check", "-dns.port", "-pidfile", "$KDNS_STATE_DIR"):
        assert shown in out


def test_what_go_refuses_is_told_with_all_flags_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("-conf", "a", "-alsologtostderr") == 2
    first, second, *rest = capsys.readouterr().err.splitlines()
    assert (first, second) == ("flag provided but not defined: -alsologtostderr", "Usage of kdns:")
    assert [line for line in rest if line.startswith("  -")] == [
        "  -cluster path",
        "  -conf file",
        "  -context name",
        "  -dns.port port",
        "  -kubeconfig file",
        "  -p port",
        "  -pidfile file",
        "  -plugins",
        "  -quiet",
        "  -service-cidr cidr",
        "  -state-dir dir",
        "  -version",
    ]


REFUSED = [
    (["-version", "serve"], "extra command line arguments: [serve]"),
    (["-quiet", "false", "-version"], "extra command line arguments: [false -version]"),
    (["-"], "extra command line arguments: [-]"),
    (["-p", "dns"], "-dns.port: 'dns' is no port"),
    (["-conf", "nowhere"], "nowhere:1:1: found no file to read"),
    (["-conf", "broken"], "broken:2:5: found 'erorrs', which is no plugin"),
    (["-conf", "broken"], "broken:3:5: found 'logg', which is no plugin"),
    (["-conf", "good", "--cluster", "nowhere"], "nowhere: No such file"),
    (["-conf", "good", "--cluster", ".", "--kubeconfig", "k"], "either from an API server or from --cluster"),
    (["-conf", "good", "--cluster", ".", "--service-cidr", "x"], "'x'"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_can_not_start_says_why_and_ends_with_status_1(
    tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "broken").write_text(". {\n    erorrs\n    logg\n}\n")
    (tmp_path / "good").write_text(COREFILE.format(port=0))
    done = subprocess.run(
        [KDNS, *words], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert said in done.stderr


def has_answer(server: Running) -> bool:
    return ADDRESS in str(ask(server, NAME))


def test_a_corefile_is_served_with_objects_from_manifests_and_greets_as_coredns(tmp_path: Path) -> None:
    port = free_port()
    corefile, pidfile = tmp_path / "Corefile", tmp_path / "pid"
    corefile.write_text(COREFILE.format(port=port))
    words = ("-conf", corefile, "-pidfile", pidfile, "--cluster", DEMO_PATH)
    with running(tmp_path, port, *words) as server:
        wait_for(lambda: has_answer(server))
        wait_for(pidfile.exists)
        assert pidfile.read_text() == f"{server.process.pid}\n"
        printed = "".join(
            line for line in server.log.read_text().splitlines(keepends=True) if not line.startswith("[")
        )
        greeting, version = printed[: printed.index("kdns-")], printed[printed.index("kdns-") :]
        assert re.fullmatch(rf"\.:{port}( on 127\.0\.0\.1)?\n", greeting)
        assert VERSION.fullmatch(version)
    assert not pidfile.exists()


def test_zones_without_a_port_get_that_of_the_flags_and_quiet_leaves_only_the_log(tmp_path: Path) -> None:
    port = free_port()
    corefile = tmp_path / "Corefile"
    corefile.write_text(COREFILE.replace(":{port}", "").format())
    words = (f"-conf={corefile}", "-p", "1", f"--dns.port={port}", "-quiet=true", "-cluster", DEMO_PATH)
    with running(tmp_path, port, *words, is_quiet=True) as server:
        wait_for(lambda: has_answer(server))
        assert all(line.startswith("[") for line in server.log.read_text().splitlines())


def test_without_a_server_block_clients_are_told_their_addresses(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port, "-conf", "stdin", f"-dns.port={port}") as server:
        [address, _] = ask(server, "any.name").additional
        assert str(address) == "any.name. 0 IN A 127.0.0.1"
        wait_for(lambda: '"A IN any.name. udp' in server.log.read_text())


def test_the_environment_says_what_flags_leave_out(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: other}\nspec: {}\n")
    port = free_port()
    variables = {
        "KDNS_CLUSTER": os.pathsep.join((str(DEMO_PATH), str(tmp_path))),
        "KDNS_SERVICE_CIDR": "10.123.0.0/16",
        "KDNS_STATE_DIR": str(tmp_path / "state"),
    }
    given = COREFILE.format(port="{$KDNS_TEST_PORT}")
    with running(
        tmp_path, port, "-conf", "stdin", corefile=given, variables={**variables, "KDNS_TEST_PORT": str(port)}
    ) as server:
        wait_for(lambda: has_answer(server))
        assert "10.123." in str(ask(server, "other.default.svc.cluster.local"))


def test_a_pidfile_that_can_not_be_written_costs_a_line_of_the_log(tmp_path: Path) -> None:
    port = free_port()
    corefile = tmp_path / "Corefile"
    corefile.write_text(COREFILE.format(port=port))
    words = ("-conf", corefile, "-pidfile", tmp_path / "no" / "pid", "--cluster", DEMO_PATH)
    with running(tmp_path, port, *words) as server:
        wait_for(lambda: has_answer(server))
        wait_for(lambda: "Could not write pidfile" in server.log.read_text())


def test_a_start_that_fails_leaves_the_pidfile_of_another_server_alone(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    pidfile.write_text("1\n")
    (tmp_path / "Corefile").write_text(". {\n    nonsense\n}\n")
    done = subprocess.run(
        [KDNS, "-pidfile", pidfile], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, pidfile.read_text()) == (1, "1\n")


def test_every_own_flag_names_its_variable() -> None:
    from kdns.cli.objects import ENVIRONMENT

    assert sorted(ENVIRONMENT) == sorted(
        variable for flag in coredns.OWN_FLAGS for variable in re.findall(r"\$(KDNS_\w+)", flag.help)
    )
