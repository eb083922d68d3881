"""kdns.sources.api.library: what is used of kubernetes_asyncio comes without its thousand models."""

import subprocess
import sys

import pytest

ONLY_OURS = "from kdns.sources.api import access"
AFTER_THEIRS = (
    "import kubernetes_asyncio.client, kubernetes_asyncio.config; from kdns.sources.api import access"
)
THEN_THEIRS = "from kdns.sources.api import access; import kubernetes_asyncio.client.configuration"


def models_after(statement: str) -> int:
    """Return how many of its modules of models a fresh process has imported."""
    count = f"{statement}; import sys; print(sum('.models.' in name for name in sys.modules))"
    command = [sys.executable, "-c", count]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.parametrize("statement", [ONLY_OURS, THEN_THEIRS])
def test_no_model_is_imported(statement: str) -> None:
    assert models_after(statement) == 0


def test_who_has_imported_it_whole_may_use_it_too() -> None:
    assert models_after(AFTER_THEIRS) > 500


def test_a_user_without_a_home_does_no_harm() -> None:
    code = "import pwd; pwd.getpwuid = {}.__getitem__; import kdns.sources.api.library"
    subprocess.run([sys.executable, "-c", code], check=True, env={})
