"""kdns.sources.api.pacing: delays double up to a bound, spread, and start over after a quiet time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.sources.api.pacing import Backoff, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.01, 10), st.floats(1, 100), st.integers(1, 20))
def test_delays_double_up_to_the_longest_and_spread_over_their_upper_half(
    first: float, factor: float, tries: int
) -> None:
    pace = Pace(first=first, longest=first * factor)
    backoff = Backoff(pace, Clock())
    for number in range(tries):
        whole = min(first * 2**number, pace.longest)
        assert whole / 2 <= backoff.delay() <= whole


def test_delays_differ_between_clients() -> None:
    assert len({Backoff(Pace()).delay() for _ in range(20)}) > 1


def test_a_quiet_time_starts_over_and_a_busy_one_does_not() -> None:
    clock, pace = Clock(), Pace(first=1.0, longest=64.0, quiet=30.0)
    backoff = Backoff(pace, clock)
    for _ in range(5):
        backoff.delay()
        clock.now += 30.0
    assert backoff.delay() > 1.0
    clock.now += 30.5
    assert backoff.delay() <= 1.0


@pytest.mark.parametrize(("asked", "expected"), [(5.0, 5.0), (0.0, 0.0), (60.0, 60.0)])
def test_a_server_s_wish_is_the_least(asked: float, expected: float) -> None:
    assert Backoff(Pace(first=0.5)).delay(asked) >= expected


@pytest.mark.parametrize("asked", [3600.0, 1e300, float("inf")])
def test_a_server_s_wish_is_not_granted_beyond_reason(asked: float) -> None:
    assert Backoff(Pace()).delay(asked) <= 60.0
