"""Writes the lock files of the image: every wheel that it may install, with its hash, and no index address.

    .venv/bin/python -m tests.image.lock

resolves anew what pyproject.toml asks for, once for each Python and machine; all must agree on the versions.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME, BUILD = ROOT / "requirements.txt", ROOT / "requirements-build.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
GLIBCS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")

_HEADER = """\
# What the image's {what}: wheels for glibc on amd64 and arm64, Python {first} to {last}.
# Written by `python -m tests.image.lock`.
"""


def requirements() -> Mapping[Path, tuple[str, Sequence[str]]]:
    """Return what each lock file is for, and what it has to satisfy."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {
        RUNTIME: ("kdns runs with", project["project"]["dependencies"]),
        BUILD: ("kdns is built with", project["build-system"]["requires"]),
    }


def resolved(wanted: Sequence[str], python: str, machine: str, pins: Sequence[str]) -> dict[str, str]:
    """Return the hashes of the wheels that pip would install there, by `name==version`."""
    platforms = [word for glibc in GLIBCS for word in ("--platform", f"{glibc}_{machine}")]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints")
        constraints.write_text("\n".join(pins))
        options = ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--target", folder, "--report=-"]
        where = ["--python-version", python, *platforms, "--constraint", str(constraints)]
        command = [sys.executable, "-m", "pip", "install", "--quiet", *options, *where, *wanted]
        report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        f"{each['metadata']['name']}=={each['metadata']['version']}": each["download_info"]["archive_info"][
            "hashes"
        ]["sha256"]
        for each in report["install"]
    }


def locked(wanted: Sequence[str]) -> dict[str, list[str]]:
    """Return the hashes of the wheels for all Pythons and machines, by `name==version`."""
    found: dict[str, set[str]] = {}
    for python in PYTHONS:
        for machine in MACHINES:
            for pin, digest in resolved(wanted, python, machine, list(found)).items():
                found.setdefault(pin, set()).add(digest)
    return {pin: sorted(found[pin]) for pin in sorted(found, key=str.lower)}


def main() -> None:
    for path, (what, wanted) in requirements().items():
        lines = [_HEADER.format(what=what, first=PYTHONS[0], last=PYTHONS[-1])]
        for pin, digests in locked(wanted).items():
            lines.append(" \\\n    ".join([pin, *(f"--hash=sha256:{digest}" for digest in digests)]) + "\n")
        path.write_text("".join(lines))
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
