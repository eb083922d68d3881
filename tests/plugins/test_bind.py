"""`bind`: which addresses its words stand for."""

import pytest

from kdns.plugins import bind
from kdns.plugins.bind import Bind
from tests.plugins.lent import lent, refusal

INTERFACES = {
    "lo": ("127.0.0.1", "::1"),
    "eth0": ("192.0.2.2", "2001:db8::2", "fe80::2%eth0"),
    "down": (),
}


@pytest.fixture(autouse=True)
def _interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bind, "interface_addresses", lambda: INTERFACES)


TAKEN = [
    ("bind 127.0.0.1", ["127.0.0.1"]),
    ("bind 127.0.0.1 0:0::1", ["127.0.0.1", "::1"]),
    ("bind 127.0.0.1\nbind ::1", ["127.0.0.1", "::1"]),
    ("bind lo", ["127.0.0.1", "::1"]),
    ("bind eth0 lo", ["192.0.2.2", "2001:db8::2", "fe80::2%eth0", "127.0.0.1", "::1"]),
    ("bind lo down", ["127.0.0.1", "::1"]),
    ("bind 203.0.113.1 { }", ["203.0.113.1"]),
    ("bind lo {\nexcept ::1\n}", ["127.0.0.1"]),
    ("bind lo eth0 {\nexcept lo 192.0.2.2 192.0.2.99\n}", ["2001:db8::2", "fe80::2%eth0"]),
    ("bind lo {\nexcept 127.0.0.1\nexcept ::1\n}", ["127.0.0.1"]),
    ("bind lo {\nexcept 127.0.0.1\n}\nbind 127.0.0.1", ["::1", "127.0.0.1"]),
    ("bind 0.0.0.0", [""]),
    ("bind ::", [""]),
    ("bind 0.0.0.0 ::", [""]),
    ("bind ::ffff:127.0.0.1", ["127.0.0.1"]),
]


@pytest.mark.parametrize(("text", "hosts"), TAKEN)
def test_directives_add_up_to_addresses(text: str, hosts: list[str]) -> None:
    assert list(lent(Bind, text).hosts) == hosts


EXPECTED = "an IP address or the name of an interface"
REFUSED = [
    ("bind", "2:1: found no arguments of 'bind', expected 1 or more"),
    ("bind eht0", f"2:6: found 'eht0', expected {EXPECTED}; did you mean 'eth0'?"),
    ("bind lo localhost", f"2:9: found 'localhost', expected {EXPECTED}"),
    ("bind 127.0.0.1:53", f"2:6: found '127.0.0.1:53', expected {EXPECTED}"),
    ("bind 127.0.0.01", f"2:6: found '127.0.0.01', expected {EXPECTED}"),
    ("bind fe80::2%eth0", f"2:6: found 'fe80::2%eth0', expected {EXPECTED}"),
    ("bind lo {\nexcept\n}", "3:1: found no arguments of 'except', expected 1 or more"),
    ("bind lo {\nexcept nosuch\n}", f"3:8: found 'nosuch', expected {EXPECTED}"),
    (
        "bind lo {\nexept ::1\n}",
        "3:1: found 'exept', expected a property of 'bind'; did you mean 'except'?",
    ),
    (
        "bind lo\nbind 127.0.0.1",
        "3:6: found '127.0.0.1', whose address 127.0.0.1 is bound already, expected each address once",
    ),
    (
        "bind lo {\nexcept lo\n}",
        "2:1: found no address that is not excepted, expected at least one to listen on",
    ),
    ("bind down", "2:1: found no address that is not excepted, expected at least one to listen on"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_coredns_refuses_is_refused(text: str, message: str) -> None:
    assert refusal(Bind, text) == message


def test_without_the_interfaces_addresses_still_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(bind, "interface_addresses", fail)
    assert lent(Bind, "bind 127.0.0.1").hosts == ("127.0.0.1",)
    assert refusal(Bind, "bind lo") == f"2:6: found 'lo', expected {EXPECTED}"
    assert "failed to get interfaces list, cannot bind by interface name: " in caplog.messages[0]
