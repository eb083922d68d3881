"""kdns.sources.api.messages: what lines and pages say, and that nothing else than that is believed."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.sources.api.messages import (
    Bookmark,
    Change,
    Garbled,
    Page,
    Unknown,
    WatchMessage,
    read_line,
    read_page,
)
from kdns.sources.api.replies import ApiTrouble, Trouble
from tests.apiserver.failures import HTML_PAGE
from tests.apiserver.resources import SERVICES
from tests.apiserver.shapes import WHOLE, bookmark
from tests.apiserver.statuses import expired_watch, too_large_version

NESTED = b"[" * 100_000 + b"]" * 100_000
GARBAGE = [
    b"",
    b"{}",
    b"null",
    b"[]",
    b"\xff",
    NESTED,
    b'{"type":"ADDED","object":' + NESTED + b"}",
    b'{"type":"ADDED"}',
    b'{"type":"ADDED","object":{"metadata":{"na',
    b'{"type":7,"object":{}}',
    b'{"type":"\xff","object":{}}',
    b'{"type":"\\ud800","object":{}}',
    b'{"type":"BOOKMARK","object":{}}',
    b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":""}}}',
    b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":12}}}',
    b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1","annotations":[]}}}',
    *HTML_PAGE.encode().splitlines(),
]


def line(event_type: str, obj: Any) -> bytes:
    return json.dumps({"type": event_type, "object": obj}).encode()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (bookmark(SERVICES, 12, WHOLE), Bookmark("12", ends_initial=False)),
        (bookmark(SERVICES, 12, WHOLE, ends_initial=True), Bookmark("12", ends_initial=True)),
        (
            line(
                "BOOKMARK",
                {"metadata": {"resourceVersion": "3", "annotations": {"k8s.io/initial-events-end": "no"}}},
            ),
            Bookmark("3", ends_initial=False),
        ),
        (line("BOOKMARK", {"metadata": {"resourceVersion": "3", "annotations": None}}), Bookmark("3", False)),
        (line("TELEPORTED", {}), Unknown("TELEPORTED")),
        (line("", None), Unknown("")),
    ],
)
def test_a_line_is_read(said: bytes, expected: WatchMessage) -> None:
    assert read_line(said) == expected


@pytest.mark.parametrize("event_type", ["ADDED", "MODIFIED", "DELETED"])
@pytest.mark.parametrize("obj", [{"metadata": {"name": "web"}}, {}, None, "text", [1.5e300]])
def test_the_object_of_a_change_stays_bytes_whatever_it_is(event_type: str, obj: object) -> None:
    change = read_line(line(event_type, obj))
    assert isinstance(change, Change)
    assert (change.type, json.loads(bytes(change.raw))) == (event_type, obj)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (expired_watch(1, 2).status, Trouble.EXPIRED),
        (too_large_version(9, 2).status, Trouble.TOO_LARGE_VERSION),
        ({"kind": "Status", "message": "something"}, Trouble.OTHER),
        ({}, Trouble.OTHER),
        (None, Trouble.OTHER),
        ("text", Trouble.OTHER),
        ([], Trouble.OTHER),
    ],
)
def test_an_error_event_is_raised_whatever_its_object_is(status: object, trouble: Trouble) -> None:
    with pytest.raises(ApiTrouble) as raised:
        read_line(line("ERROR", status))
    assert raised.value.trouble is trouble


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda each: repr(each[:40]))
def test_what_is_no_event_is_garbled(garbage: bytes) -> None:
    with pytest.raises(Garbled, match="no event of a watch"):
        read_line(garbage)


@given(st.binary(max_size=60) | st.text(max_size=30).map(lambda text: line("ERROR", text)))
def test_no_line_raises_anything_else(said: bytes) -> None:
    with contextlib.suppress(Garbled, ApiTrouble):
        read_line(said)


def page_of(items: Any, **metadata: str) -> bytes:
    return json.dumps({"kind": "ServiceList", "metadata": metadata, "items": items}).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (page_of([], resourceVersion="7"), Page("7", "", [])),
        (page_of(None, resourceVersion="7"), Page("7", "", [])),
        (b'{"metadata":{"resourceVersion":"7"}}', Page("7", "", [])),
        (page_of([], resourceVersion="7", **{"continue": "abc"}), Page("7", "abc", [])),
    ],
)
def test_a_page_is_read(body: bytes, expected: Page) -> None:
    assert read_page(body) == expected


def test_the_items_of_a_page_stay_bytes() -> None:
    items = [{"metadata": {"name": "web"}}, None, "text"]
    page = read_page(page_of(items, resourceVersion="7"))
    assert [json.loads(bytes(each)) for each in page.items] == items


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"metadata":{}}',
        b'{"metadata":{"resourceVersion":""},"items":[]}',
        b'{"metadata":{"resourceVersion":"1"},"items":{}}',
        b'{"metadata":{"resourceVersion":"1","continue":7}}',
        b'{"metadata":{"resourceVersion":"\xff"}}',
        b'{"metadata":{"resourceVersion":"1"},"items":[' + NESTED + b"]}",
        page_of([{}], resourceVersion="7")[:-5],
        HTML_PAGE.encode(),
    ],
    ids=lambda each: repr(each[:40]),
)
def test_what_is_no_list_is_garbled(garbage: bytes) -> None:
    with pytest.raises(Garbled, match="no list"):
        read_page(garbage)
