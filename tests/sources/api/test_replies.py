"""kdns.sources.api.replies: every error of the API is told apart by what is to be done about it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.sources.api.replies import Trouble, read_trouble
from tests.apiserver.failures import HTML_PAGE
from tests.apiserver.resources import PODS, Target
from tests.apiserver.statuses import (
    ApiError,
    bad_request,
    expired_list,
    expired_page,
    expired_watch,
    forbidden,
    invalid,
    no_such_path,
    not_acceptable,
    too_large_version,
    unauthorized,
    usual,
)

TARGET = Target(PODS)


@pytest.mark.parametrize(
    ("error", "trouble", "retry_after"),
    [
        (expired_list(), Trouble.EXPIRED, 0.0),
        (expired_page("abc"), Trouble.EXPIRED, 0.0),
        (expired_watch(1, 2), Trouble.EXPIRED, 0.0),
        (bad_request("what?"), Trouble.NOT_OFFERED, 0.0),
        (invalid(("sendInitialEvents", "FieldValueForbidden", "Forbidden")), Trouble.NOT_OFFERED, 0.0),
        (unauthorized(), Trouble.UNAUTHORIZED, 0.0),
        (forbidden("kdns", "list", TARGET), Trouble.FORBIDDEN, 0.0),
        (too_large_version(9, 2), Trouble.TOO_LARGE_VERSION, 1.0),
        (no_such_path(), Trouble.OTHER, 0.0),
        (not_acceptable(has_streams=True), Trouble.OTHER, 0.0),
        (usual(429, TARGET), Trouble.PASSING, 1.0),
        (usual(500, TARGET), Trouble.PASSING, 0.0),
        (usual(503, TARGET), Trouble.PASSING, 1.0),
        (usual(504, TARGET), Trouble.PASSING, 0.0),
    ],
)
def test_what_the_api_server_refuses_is_told_apart(
    error: ApiError, trouble: Trouble, retry_after: float
) -> None:
    header = "" if error.retry_after is None else str(error.retry_after)
    found = read_trouble(error.body.encode(), error.code, header)
    assert (found.trouble, found.status, found.retry_after) == (trouble, error.code, retry_after)
    assert str(found).startswith(f"{error.code}: ")


@pytest.mark.parametrize(
    ("status", "trouble", "message"),
    [
        (expired_watch(1, 2).status, Trouble.EXPIRED, "410: too old resource version: 1 (2)"),
        ({"reason": "Expired"}, Trouble.EXPIRED, "0: Expired"),
        ({"reason": "Gone", "code": 500}, Trouble.EXPIRED, "500: Gone"),
        ({"code": 410}, Trouble.EXPIRED, "410: no reason given"),
        ({"code": 500, "message": "boo"}, Trouble.PASSING, "500: boo"),
        ({"message": "something"}, Trouble.OTHER, "0: something"),
        ({"details": None, "code": 429}, Trouble.PASSING, "429: no reason given"),
        ({"details": {"causes": None}, "code": 429}, Trouble.PASSING, "429: no reason given"),
        ({}, Trouble.OTHER, "0: no reason given"),
        (None, Trouble.OTHER, "0: null"),
        (["x"], Trouble.OTHER, '0: ["x"]'),
        ({"message": 7, "code": 410}, Trouble.OTHER, '0: {"message":7,"code":410}'),
    ],
)
def test_an_error_event_is_told_apart_by_its_object(status: Any, trouble: Trouble, message: str) -> None:
    found = read_trouble(json.dumps(status, separators=(",", ":")).encode())
    assert (found.trouble, str(found)) == (trouble, message)


@pytest.mark.parametrize(
    ("header", "details", "expected"),
    [
        ("7", {}, 7.0),
        ("7", {"retryAfterSeconds": 3}, 7.0),
        ("", {"retryAfterSeconds": 3}, 3.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", {"retryAfterSeconds": 3}, 3.0),
        ("soon", {}, 0.0),
        ("-1", {}, 0.0),
        ("1.5", {}, 0.0),
        ("", {}, 0.0),
    ],
)
def test_when_to_try_again_is_said_by_header_or_details(header: str, details: Any, expected: float) -> None:
    body = json.dumps({"code": 429, "details": details}).encode()
    assert read_trouble(body, 429, header).retry_after == expected


def test_of_a_proxy_s_page_the_beginning_is_told_on_one_line() -> None:
    found = read_trouble(HTML_PAGE.encode() + b"x" * 5000, 502)
    assert found.trouble is Trouble.PASSING
    assert str(found).startswith("502: <html> <head><title>502 Bad Gateway</title></head>")
    assert "\n" not in str(found)
    assert len(str(found)) < 400


@given(st.binary(), st.integers(0, 599), st.text())
def test_it_never_raises(body: bytes, status: int, header: str) -> None:
    assert read_trouble(body, status, header).retry_after >= 0


@pytest.mark.parametrize(
    "body", [b'{"message":"\xff"}', b"[" * 100_000, b'{"code":1e999}', b'{"x":"\\ud800"}']
)
def test_it_does_not_raise_for_what_only_looks_like_json(body: bytes) -> None:
    assert read_trouble(body, 503).trouble is Trouble.PASSING
