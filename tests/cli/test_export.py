"""`kdns export`: its master file is read by dnspython and by NSD."""

import subprocess
from pathlib import Path

import dns.zone

from kdns.demo import DEMO_PATH
from tests.cli.servers import KDNS
from tests.conftest import find_tool


def export(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KDNS, "export", *arguments], capture_output=True, text=True, timeout=60)


def test_exported_demo_is_a_zone_with_its_services() -> None:
    done = export("--demo")
    assert done.returncode == 0, done.stderr
    zone = dns.zone.from_text(done.stdout, relativize=False)
    assert str(zone.origin) == "cluster.local."
    for name, rtype, expected in (
        ("nginx-service.default.svc", "A", "10.96.10.10"),
        ("external-service.default.svc", "CNAME", "api.example.com."),
        ("postgres-0.postgres-headless.default.svc", "A", "10.244.1.21"),
    ):
        assert expected in str(zone.get_rdataset(f"{name}.cluster.local.", rtype))


def test_nsd_accepts_the_exported_demo(tmp_path: Path) -> None:
    zone_file = tmp_path / "zone"
    zone_file.write_text(export("--demo").stdout)
    subprocess.run([find_tool("nsd-checkzone"), "cluster.local", zone_file], check=True, capture_output=True)


def test_broken_manifest_is_named_and_the_rest_is_exported(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("kind: [")
    done = export("--cluster", tmp_path, "--cluster", DEMO_PATH)
    assert done.returncode == 1
    assert "broken.yaml" in done.stderr
    assert "nginx-service" in done.stdout


def test_export_of_nothing_is_a_usage_error() -> None:
    done = export()
    assert done.returncode != 0
    assert "--cluster" in done.stderr


def test_a_reader_who_has_read_enough_is_no_error_worth_a_traceback() -> None:
    with subprocess.Popen(
        [KDNS, "export", "--demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == (b"", 141)
