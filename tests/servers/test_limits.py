import pytest

from kdns.servers.limits import Limits, Quota


class FakeConnection:
    def __init__(self, idle_since: float | None) -> None:
        self.idle_since = idle_since
        self.ended: list[str] = []

    def end(self, reason: str) -> None:
        self.ended.append(reason)


@pytest.fixture
def quota() -> Quota:
    return Quota(Limits(connections=3))


def admit(quota: Quota, *idle_since: float | None) -> list[FakeConnection]:
    connections = [FakeConnection(since) for since in idle_since]
    assert all(quota.admit(connection) for connection in connections)
    return connections


def test_nobody_has_to_go_while_there_is_room(quota: Quota) -> None:
    assert [connection.ended for connection in admit(quota, 1.0, 2.0, 3.0)] == [[], [], []]


def test_the_connection_that_has_been_idle_longest_makes_room(quota: Quota) -> None:
    busy, oldest, younger = admit(quota, None, 1.0, 2.0)
    assert quota.admit(FakeConnection(9.0))
    assert (busy.ended, oldest.ended, younger.ended) == ([], ["evicted"], [])
    assert len(quota.connections) == 3


def test_a_new_connection_is_refused_while_all_are_busy(quota: Quota) -> None:
    held = admit(quota, None, None, None)
    assert not quota.admit(FakeConnection(9.0))
    assert quota.connections == set(held)
