"""Shared by all tests: how a missing tool is reported, and Hypothesis without deadlines."""

import os
import shutil
from typing import NoReturn

import pytest
from hypothesis import settings

settings.register_profile("kdns", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "kdns")


def find_tool(name: str, optional: bool = False) -> str:
    """Return the path of a program; skip the test with one line if it is missing, fail it in CI.

    What is optional may be missing in CI, too.
    """
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    return not_installed(name, optional) if path is None else path


def not_installed(name: str, optional: bool = False) -> NoReturn:
    """Skip the test for want of something; fail it in CI, but for something optional."""
    if os.environ.get("CI") == "true" and not optional:
        pytest.fail(f"{name} is not installed; .ci/run should have installed it")
    pytest.skip(f"{name} is not installed")
