"""kdns.plugins._gotexts: addresses and durations as Go prints them."""

import pytest

from kdns.plugins._gotexts import address_text, duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (5, "5s"),
        (1.5, "1.5s"),
        (90, "1m30s"),
        (60, "1m0s"),
        (3600, "1h0m0s"),
        (3661.25, "1h1m1.25s"),
        (360000, "100h0m0s"),
        (0.25, "250ms"),
        (0.0015, "1.5ms"),
        (0.000002, "2µs"),
        (1e-9, "1ns"),
        (0.9999999999, "1s"),
        (1.234567891, "1.234567891s"),
    ],
)
def test_a_duration(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("address", "text"),
    [(("", 53), ":53"), (("127.0.0.1", 53), "127.0.0.1:53"), (("fe80::1%lo", 1), "[fe80::1%lo]:1")],
)
def test_an_address(address: tuple[str, int], text: str) -> None:
    assert address_text(address) == text
