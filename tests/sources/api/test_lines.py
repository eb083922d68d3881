"""kdns.sources.api.lines: a stream gives the same lines however it was cut into chunks."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.sources.api.lines import LONGEST_LINE, BrokenStream, LineCutter

CUT = "the stream ended within a line, after 3 octets of it"


def cut(chunks: Sequence[bytes]) -> list[bytes]:
    cutter = LineCutter()
    lines = [line for chunk in chunks for line in cutter.feed(chunk)]
    cutter.finish()
    return lines


def chunked(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line)), st.lists(st.integers(0)))
def test_any_chunking_gives_the_same_lines(lines: list[bytes], places: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    assert cut(chunked(stream, places)) == lines


@given(st.lists(st.binary(max_size=9)))
def test_nothing_is_lost_or_made_up(chunks: list[bytes]) -> None:
    cutter = LineCutter()
    lines = [line for chunk in chunks for line in cutter.feed(chunk)]
    stream = b"".join(chunks)
    assert lines == stream.split(b"\n")[:-1]
    if stream.endswith(b"\n") or not stream:
        cutter.finish()
    else:
        with pytest.raises(BrokenStream):
            cutter.finish()


def test_a_line_of_the_longest_length_is_whole_and_one_octet_more_is_refused() -> None:
    cutter, block = LineCutter(), b"x" * (1 << 20)
    for _ in range(LONGEST_LINE // len(block)):
        assert cutter.feed(block) == []
    (line,) = cutter.feed(b"\n{}")
    assert len(line) == LONGEST_LINE
    with pytest.raises(BrokenStream, match="a line of more than 8 MiB"):
        for _ in range(LONGEST_LINE // len(block)):
            cutter.feed(block)


def test_an_end_within_a_line_is_told() -> None:
    with pytest.raises(BrokenStream, match=CUT):
        cut([b"one\nt", b"wo"])
