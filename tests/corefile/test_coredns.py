"""CoreDNS itself, where it is at hand, takes and refuses the Corefiles of corpus.py.

It never serves: a block before the Corefile in question fails when all blocks are read, before it listens.
"""

import subprocess
from pathlib import Path

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.overlaps import Claim, refuse_overlaps
from kdns.corefile.parsing import read_corefile
from tests.beside.programs import need_coredns

from . import corpus

PORT = 5453
LAST = "sentinel.invalid:5999 {\n  health 192.0.2.1:1\n}\nimport case\n"
LAST_SAYS = "listen tcp 192.0.2.1:1: bind: cannot assign requested address"
ENVIRONMENT = {"TTL": "30", "ZONE": "z.example", "PORT": "5460"}

# What is expected of CoreDNS and of kdns.
CORPUS = {
    f"{verdict[0]}/{verdict[1]}: {name}": (text, *verdict)
    for texts, verdict in [
        (corpus.TAKEN, (True, True)),
        (corpus.REFUSED, (False, False)),
        (corpus.ONLY_COREDNS_TAKES, (True, False)),
        (corpus.ONLY_KDNS_TAKES, (False, True)),
    ]
    for name, text in texts.items()
}


def written(directory: Path, text: str) -> Path:
    (directory / "case").write_text(text, newline="")
    (directory / "Corefile").write_text(LAST)
    return directory / "Corefile"


def kdns_takes(path: Path) -> bool:
    try:
        read = read_corefile(path, ENVIRONMENT, PORT)
        refuse_overlaps(Claim(key) for block in read.blocks for key in block.keys)
    except CorefileError:
        return False
    return True


def coredns_takes(path: Path) -> bool:
    command = [str(need_coredns()), "-conf", str(path), "-dns.port", str(PORT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, env=ENVIRONMENT, check=False)
    assert ran.returncode != 0
    return LAST_SAYS in ran.stdout + ran.stderr


@pytest.mark.parametrize(("text", "_", "is_taken"), CORPUS.values(), ids=CORPUS)
def test_kdns_takes_and_refuses_what_is_written_down(
    text: str, _: bool, is_taken: bool, tmp_path: Path
) -> None:
    assert kdns_takes(written(tmp_path, text)) is is_taken


def test_coredns_takes_and_refuses_what_is_written_down(tmp_path: Path) -> None:
    taken = {name: coredns_takes(written(tmp_path, text)) for name, (text, _, _) in CORPUS.items()}
    assert taken == {name: is_taken for name, (_, is_taken, _) in CORPUS.items()}
