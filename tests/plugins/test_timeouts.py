import pytest

from kdns.answering.plugin import Connections
from kdns.plugins.timeouts import Timeouts
from tests.plugins.lent import lent, refusal


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("read 1s", Connections(read=1.0)),
        ("write 90", Connections(write=90.0)),
        ("idle 24h\nread 1m30s\nidle 2s", Connections(read=90.0, idle=2.0)),
        ("maxtcpqueries 5", Connections(queries=5)),
        ("maxtcpqueries -1\nread 1s", Connections(queries=-1, read=1.0)),
        ("read 1s\n}\ntimeouts {\nread 2s\nwrite 3s", Connections(read=2.0, write=3.0)),
    ],
)
def test_it_says_what_connections_may_do(lines: str, expected: Connections) -> None:
    assert lent(Timeouts, f"timeouts {{\n{lines}\n}}").connections == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("timeouts", "2:1: found 'timeouts' without any, expected one of read, write, idle, maxtcpqueries"),
        (
            "timeouts {\n}",
            "2:1: found 'timeouts' without any, expected one of read, write, idle, maxtcpqueries",
        ),
        ("timeouts 5s {\nread 1s\n}", "2:10: found 1 argument of 'timeouts', expected none"),
        ("timeouts {\nread\n}", "3:1: found no arguments of 'read', expected 1"),
        (
            "timeouts {\nraed 1s\n}",
            "3:1: found 'raed', expected a property of 'timeouts'; did you mean 'read'?",
        ),
        (
            "timeouts {\nread 999ms\n}",
            "3:6: found '999ms', expected a duration such as 5s or 1m30s from 1s to 86400s",
        ),
        (
            "timeouts {\nidle 25h\n}",
            "3:6: found '25h', expected a duration such as 5s or 1m30s from 1s to 86400s",
        ),
        (
            "timeouts {\nmaxtcpqueries 0\n}",
            "3:15: found '0', expected a positive integer, or -1 for no limit",
        ),
        ("timeouts {\nmaxtcpqueries -2\n}", "3:15: found '-2', expected an integer from -1"),
        ("timeouts {\nmaxtcpqueries x\n}", "3:15: found 'x', expected an integer from -1"),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    assert refusal(Timeouts, text) == expected
