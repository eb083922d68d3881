"""`ready`: its options, and whom it waits for."""

import pytest

from kdns.answering.plugin import OK, PLAIN_TEXT, Address, Page
from kdns.plugins.ready import Ready
from tests.plugins.lent import FakeProcess, lent, refusal

TAKEN = [
    ("ready", ("", 8181)),
    ("ready localhost:8282", ("localhost", 8282)),
    ("ready { }", ("", 8181)),
    ("ready :8282 {\nmonitor until-ready\n}", ("", 8282)),
    ("ready {\nmonitor until-ready\nmonitor continuously\n}", ("", 8181)),
]


@pytest.mark.parametrize(("text", "address"), TAKEN)
def test_it_is_where_it_says(text: str, address: Address) -> None:
    assert {where: list(pages) for where, pages in lent(Ready, text).pages().items()} == {address: ["/ready"]}


CHOICE = "one of until-ready, continuously"
REFUSED = [
    (
        "ready 8181",
        "2:7: found '8181', expected an address and a port such as :8080, 127.0.0.1:8080 or [::1]:8080; "
        "did you mean ':8181'?",
    ),
    ("ready :1 :2", "2:10: found 2 arguments of 'ready', expected at most 1"),
    ("ready\nready", "3:1: found a second 'ready', expected one in a server block, that at Corefile:2:1"),
    ("ready {\nmonitor\n}", "3:1: found no arguments of 'monitor', expected 1"),
    (
        "ready {\nmonitor Continuously\n}",
        f"3:9: found 'Continuously', expected {CHOICE}; did you mean 'continuously'?",
    ),
    ("ready {\nmonitor until-ready 5s\n}", "3:21: found 2 arguments of 'monitor', expected 1"),
    ("ready {\nfoo\n}", "3:1: found 'foo', expected a property of 'ready'"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_coredns_refuses_is_refused(text: str, message: str) -> None:
    assert refusal(Ready, text) == message


def ready(process: FakeProcess, text: str = "ready") -> tuple[Ready, Page]:
    """Return a plugin and what its page says at once."""
    plugin = lent(Ready, text, process)
    return plugin, said(plugin)


def said(plugin: Ready) -> Page:
    ((page,),) = (pages.values() for pages in plugin.pages().values())
    return page()


def waiting(*names: str) -> Page:
    return Page(503, PLAIN_TEXT, ",".join(names).encode())


def test_it_is_ready_once_everybody_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    process = FakeProcess("kubernetes", "erratic", "kubernetes")
    plugin, page = ready(process)
    assert page == waiting("erratic", "kubernetes")
    assert caplog.messages == ['Plugins not ready: "erratic,kubernetes"']
    process.names = ["kubernetes"]
    assert said(plugin) == waiting("kubernetes")
    process.names = []
    assert said(plugin) == OK


def test_who_was_ready_is_not_asked_again() -> None:
    process = FakeProcess("kubernetes", "erratic")
    plugin, _ = ready(process, "ready {\nmonitor until-ready\n}")
    process.names = ["kubernetes"]
    assert said(plugin) == waiting("kubernetes")
    process.names = ["erratic"]
    assert said(plugin) == OK
    process.names = ["kubernetes", "erratic"]
    assert said(plugin) == OK
    assert ready(process)[1] == waiting("erratic", "kubernetes"), "another Corefile begins anew"


def test_who_is_watched_continuously_can_become_unready() -> None:
    process = FakeProcess()
    plugin, page = ready(process, "ready {\nmonitor continuously\n}")
    assert page == OK
    process.names = ["kubernetes"]
    assert said(plugin) == waiting("kubernetes")


async def test_it_is_not_ready_while_the_process_ends() -> None:
    plugin, page = ready(FakeProcess())
    assert page == OK
    await plugin.linger()
    assert said(plugin) == Page(503, PLAIN_TEXT, b"Shutting down")
