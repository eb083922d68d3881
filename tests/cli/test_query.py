"""`kdns query` against a running server."""

import subprocess
from pathlib import Path

from tests.cli.servers import KDNS, serving
from tests.cli.test_serve import ask, wait_for


def query(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KDNS, "query", *arguments], capture_output=True, text=True, timeout=30)


def test_query_prints_the_answer_and_its_status_tells_the_rcode(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo") as server:
        wait_for(lambda: ask(server, "nginx-service.default.svc.cluster.local").answer)
        where = ["--server", f"127.0.0.1:{server.port}"]
        for transport in ([], ["--tcp"]):
            found = query("nginx-service.default.svc.cluster.local", *where, *transport)
            assert (found.returncode, "10.96.10.10" in found.stdout) == (0, True), found
        missing = query("missing.default.svc.cluster.local", "AAAA", *where)
        assert (missing.returncode, "NXDOMAIN" in missing.stdout) == (1, True)


def test_query_without_a_server_says_so() -> None:
    done = query("a.example", "--server", "127.0.0.1:1")
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr


def test_query_for_nonsense_is_a_usage_error() -> None:
    for arguments in (["a..b"], ["a.example", "NOTYPE"], ["a.example", "--server", "127.0.0.1:x"]):
        done = query(*arguments)
        assert done.returncode not in (0, 1) or "kdns:" in done.stderr
        assert "Traceback" not in done.stderr
