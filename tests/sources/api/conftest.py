"""The fake API server as a fixture, and what fails in the helpers told in full."""

import pytest

from tests.apiserver.conftest import server

__all__ = ["server"]

pytest.register_assert_rewrite("tests.sources.api.following")
