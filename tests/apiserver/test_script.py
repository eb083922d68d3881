"""tests.apiserver.script: each failure meets one request, the one that it is meant for."""

import pytest

from tests.apiserver.asking import PODS, SERVICES, Asker
from tests.apiserver.builders import service
from tests.apiserver.failures import CutLine, EmptyList, Fail, Failure
from tests.apiserver.fake import FakeApiServer

WATCH = {"watch": "1"}


async def test_a_failure_meets_one_request_only(server: FakeApiServer, asker: Asker) -> None:
    server.script(Fail(500), Fail(503))
    assert [(await asker.ask(SERVICES)).code for _ in range(3)] == [500, 503, 200]
    assert server.scripted == 0


async def test_a_failure_waits_for_its_resource_and_verb(server: FakeApiServer, asker: Asker) -> None:
    server.script(Fail(500), resource="services", verb="watch")
    server.script(Fail(503), resource="pods")
    assert (await asker.ask(SERVICES)).code == 200
    assert (await asker.ask(PODS)).code == 503
    assert (await asker.ask(SERVICES, **WATCH)).code == 500


async def test_what_happens_to_lists_only_lets_watches_pass(server: FakeApiServer, asker: Asker) -> None:
    server.put(service("shop/a"))
    server.script(EmptyList(), CutLine())
    assert (await asker.ask(SERVICES, **WATCH)).text.endswith('"na')
    assert (await asker.ask(SERVICES)).names == []
    server.script(Fail(500))
    server.forget_script()
    assert (await asker.ask(SERVICES)).names == ["a"]


@pytest.mark.parametrize(
    ("failure", "where"),
    [(CutLine(), {"verb": "list"}), (EmptyList(), {"verb": "watch"}), (Fail(500), {"resource": "sevices"})],
)
async def test_what_can_never_happen_is_refused(
    server: FakeApiServer, failure: Failure, where: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=r"cannot happen|not served"):
        server.script(failure, **where)
