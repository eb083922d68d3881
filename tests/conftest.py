"""Shared by all tests: how a missing tool is reported, and Hypothesis without deadlines."""

import os
import shutil

import pytest
from hypothesis import settings

settings.register_profile("kdns", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "kdns")


def find_tool(name: str) -> str:
    """Return the path of a program; skip the test with one line if it is missing, fail it in CI."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed; .ci/run should have installed it")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path
