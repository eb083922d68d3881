"""What CoreDNS takes is taken, and what it refuses is refused; each row was tried with its binary."""

import pytest

from kdns.corefile.errors import CorefileError
from kdns.plugins._cache_options import CacheOptions, Limits, Prefetch, Stale
from kdns.wire.names import ROOT, from_text, to_text
from tests.plugins.caching import options_of

DEFAULT = CacheOptions((ROOT,))


def limits(
    text: str, success: Limits = DEFAULT.success, denial: Limits = DEFAULT.denial
) -> tuple[str, object]:
    return text, CacheOptions((ROOT,), success, denial)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", DEFAULT),
        limits("success 5000", Limits(3600, capacity=4864)),
        limits("success 1", Limits(3600, capacity=1024)),
        limits("success -1", Limits(3600, capacity=1024)),
        limits("denial 1024 60", denial=Limits(60, capacity=1024)),
        limits("denial 1024 60 5", denial=Limits(60, 5, 1024)),
        limits("success 1024 30 60 more", Limits(30, 60, 1024)),
        limits("success 1024 60 0\nsuccess 2048", Limits(60, 0, 2048)),
        limits("success 1024 9999999999 9999999999", Limits(2**31 - 1, 2**31 - 1, 1024)),
        limits("disable success", Limits(3600, excepted=frozenset({ROOT}))),
        limits(
            "disable denial Example.org 10.0.0.0/8",
            denial=Limits(
                1800, excepted=frozenset({from_text("example.org."), from_text("10.in-addr.arpa.")})
            ),
        ),
    ],
)
def test_limits(text: str, expected: CacheOptions) -> None:
    assert options_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prefetch 0", Prefetch()),
        ("prefetch 5", Prefetch(5)),
        ("prefetch 5 2m", Prefetch(5, 120)),
        ("prefetch 5 -2m 90%", Prefetch(5, -120, 90)),
        ("prefetch 5 2m 20%\nprefetch 6", Prefetch(6, 120, 20)),
    ],
)
def test_prefetch(text: str, expected: Prefetch) -> None:
    assert options_of(text).prefetch == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("serve_stale", Stale(3600)),
        ("serve_stale 0", Stale(0)),
        ("serve_stale 90s", Stale(90)),
        ("serve_stale 1h IMMEDIATE", Stale(3600)),
        ("serve_stale 1h immediate 30s", Stale(3600, ttl=30)),
        ("serve_stale 1h immediate 30s 5m", Stale(3600, ttl=30, recheck=300)),
        ("serve_stale 1h immediate 1193046h", Stale(3600, ttl=4294965600)),
        ("serve_stale 1h Verify", Stale(3600, is_verified=True)),
        ("serve_stale 1h verify 100ms", Stale(3600, is_verified=True, timeout=0.1)),
        ("serve_stale 1h verify 0 30s", Stale(3600, is_verified=True, ttl=30)),
        ("serve_stale 1h verify 1s 2s 3s", Stale(3600, is_verified=True, timeout=1, ttl=2, recheck=3)),
        ("serve_stale 1h verify 1s 2s 3s\nserve_stale 2h", Stale(7200)),
        ("serve_stale_policy PREFER_positive\nserve_stale", Stale(3600, prefers_positive=True)),
    ],
)
def test_stale(text: str, expected: Stale) -> None:
    assert options_of(text).stale == expected


def test_other_properties() -> None:
    assert options_of("servfail 30s").failure_ttl == 30
    assert options_of("servfail 0").failure_ttl == 0
    assert options_of("keepttl").keeps_ttl


@pytest.mark.parametrize(
    ("arguments", "most", "zones"),
    [
        ("", (3600, 1800), [".", "example.net."]),
        ("30", (30, 30), [".", "example.net."]),
        ("+30 Example.org", (30, 30), ["example.org."]),
        ("example.org 30", (3600, 1800), ["example.org.", "30."]),
        ("1.5", (3600, 1800), ["1.5."]),
        ("99999999999999999999", (3600, 1800), ["99999999999999999999."]),
        ("dns://example.org:53 10.0.0.0/8", (3600, 1800), ["example.org.", "10.in-addr.arpa."]),
    ],
)
def test_a_number_that_comes_first_is_a_ttl(arguments: str, most: tuple[int, int], zones: list[str]) -> None:
    options = options_of(arguments=arguments, zones=". example.net")
    assert (options.success.most, options.denial.most) == most
    assert [to_text(zone) for zone in options.zones] == zones


def test_a_ttl_for_one_kind_goes_before_that_for_both() -> None:
    options = options_of("denial 1024 5", "30")
    assert (options.success.most, options.denial.most) == (30, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("success", "3:1: found no arguments of 'success', expected 1 or more"),
        ("success x", "3:9: found 'x', expected an integer"),
        ("success 1024 0", "3:14: found '0', expected an integer from 1"),
        ("denial 1024 x", "3:13: found 'x', expected an integer from 1"),
        ("denial 1024 5 -1", "3:15: found '-1', expected an integer from 0"),
        ("Success 1024", "3:1: found 'Success', expected a property of 'cache'; did you mean 'success'?"),
        ("success 1024 {\n}", "3:1: found a block after 'success', expected the end of the line"),
        ("prefetch", "3:1: found no arguments of 'prefetch', expected 1 to 3"),
        ("prefetch -1", "3:10: found '-1', expected an integer from 0"),
        ("prefetch 5 10", "3:12: found '10', expected a duration such as 5s or 1m30s"),
        ("prefetch 5 1m 50", "3:15: found '50', expected a percentage from 10% to 90%"),
        ("prefetch 5 1m 9%", "3:15: found '9', expected an integer from 10 to 90"),
        ("prefetch 5 1m 91%", "3:15: found '91', expected an integer from 10 to 90"),
        ("prefetch 5 1m %", "3:15: found '', expected an integer from 10 to 90"),
        ("prefetch 5 1m 50% x", "3:19: found 4 arguments of 'prefetch', expected 1 to 3"),
        ("serve_stale -1s", "3:13: found '-1s', expected a duration such as 5s or 1m30s from 0s"),
        ("serve_stale 1h later", "3:16: found 'later', expected one of immediate, verify"),
        ("serve_stale immediate", "3:13: found 'immediate', expected a duration such as 5s or 1m30s from 0s"),
        ("serve_stale 1h verify -1s", "3:23: found '-1s', expected a duration such as 5s or 1m30s from 0s"),
        ("serve_stale 1h verify 1s 1500ms", "3:26: found '1500ms', expected a whole number of seconds"),
        (
            "serve_stale 1h immediate 1193047h",
            "3:26: found '1193047h', expected a duration such as 5s or 1m30s from 0s to 4294967295s",
        ),
        (
            "serve_stale 1h immediate 30s 5m1s",
            "3:30: found '5m1s', expected a duration such as 5s or 1m30s from 0s to 300s",
        ),
        (
            "serve_stale 1h immediate 30s 30s 30s",
            "3:34: found 5 arguments of 'serve_stale', expected at most 4",
        ),
        (
            "serve_stale 1h verify 1s 30s 30s x",
            "3:34: found 6 arguments of 'serve_stale', expected at most 5",
        ),
        (
            "serve_stale_policy prefer_positive",
            "3:1: found 'serve_stale_policy', expected 'serve_stale' beside it",
        ),
        ("serve_stale\nserve_stale_policy", "4:1: found no arguments of 'serve_stale_policy', expected 1"),
        ("serve_stale\nserve_stale_policy other", "4:20: found 'other', expected one of prefer_positive"),
        (
            "serve_stale\nserve_stale_policy prefer_positive\nserve_stale_policy prefer_positive",
            "5:1: found a second 'serve_stale_policy', expected only one",
        ),
        ("servfail", "3:1: found no arguments of 'servfail', expected 1"),
        ("servfail 30", "3:10: found '30', expected a duration such as 5s or 1m30s from 0s to 300s"),
        ("servfail 5m1s", "3:10: found '5m1s', expected a duration such as 5s or 1m30s from 0s to 300s"),
        ("disable", "3:1: found no arguments of 'disable', expected 1 or more"),
        ("disable all", "3:9: found 'all', expected one of success, denial"),
        ("keepttl yes", "3:9: found 1 argument of 'keepttl', expected none"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        options_of(text)
    assert str(caught.value) == f"/etc/coredns/Corefile:{message}"


@pytest.mark.parametrize("ttl", ["0", "-5"])
def test_a_ttl_is_positive(ttl: str) -> None:
    with pytest.raises(CorefileError, match=f"2:7: found '{ttl}', expected an integer from 1"):
        options_of(arguments=ttl)
