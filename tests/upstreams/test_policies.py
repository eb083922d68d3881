from collections import Counter

from kdns.upstreams.policies import POLICIES


def test_random_begins_with_each_about_as_often_and_leaves_none_out() -> None:
    order = POLICIES["random"]()
    orders = [tuple(order("abc")) for _ in range(600)]
    assert {frozenset(each) for each in orders} == {frozenset("abc")}
    assert min(Counter(each[0] for each in orders).values()) > 100
    assert list(order("a")) == ["a"]


def test_round_robin_begins_with_the_next_one_each_time() -> None:
    order = POLICIES["round_robin"]()
    assert ["".join(order("abc")) for _ in range(4)] == ["bac", "cab", "abc", "bac"]


def test_round_robin_is_each_groups_own() -> None:
    assert list(POLICIES["round_robin"]()("ab")) == list(POLICIES["round_robin"]()("ab"))


def test_sequential_is_as_written() -> None:
    assert "".join(POLICIES["sequential"]()("cab")) == "cab"
