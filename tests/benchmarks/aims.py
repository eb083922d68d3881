"""What kdns with a Corefile may cost at most, beside kdns without one and beside CoreDNS.

A ratio is that of the medians; how far it is to be trusted is told by the ratios of the single rounds.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from tests.benchmarks import corefile, servers
from tests.benchmarks.cases import Case, Realm
from tests.benchmarks.measure import Row
from tests.benchmarks.table import render

HEADINGS = ("case", "server / beside", "CPU ratio", "in the rounds", "at most", "aim")

AS_WITHOUT = 1.15
"""A Corefile costs the hot path no more than this, and `autopath` neither; answers from upstreams, too."""
OF_COREDNS = {Realm.CLUSTER: 1 / 5, Realm.REVERSE: 1 / 3, Realm.OUTSIDE: 1 / 3}
"""With the default Corefile CoreDNS answers from its cache what lies beyond the cluster's zone."""

Rows: TypeAlias = Mapping[tuple[str, str], Row]
"""By case and server."""


class Aim(NamedTuple):
    """In `case`, `own` costs at most `most` times what `server` does."""

    case: str
    server: str
    most: float
    own: str = corefile.KDNS


def aims_for(cases: Sequence[Case]) -> Iterator[Aim]:
    """Yield the aims for these cases."""
    for case in cases:
        kdns = servers.STAND_IN if case.realm is Realm.OUTSIDE else servers.KDNS
        yield Aim(case.name, kdns, AS_WITHOUT)
        yield Aim(case.name, corefile.COREDNS, OF_COREDNS[case.realm])
        yield Aim(case.name, corefile.KDNS, AS_WITHOUT, corefile.AUTOPATH)


def report(cases: Sequence[Case], rows: Sequence[Row]) -> str:
    """Return the table of these cases: what was measured, and what is aimed at."""
    found = {(row.case, row.server): row for row in rows}
    return render(HEADINGS, [line for aim in aims_for(cases) if (line := _line(aim, found))])


def _line(aim: Aim, rows: Rows) -> Sequence[str]:
    own, other = rows.get((aim.case, aim.own)), rows.get((aim.case, aim.server))
    if own is None or other is None or not own.cpu_us or not other.cpu_us:
        return ()
    ratio = own.cpu_us / other.cpu_us
    single = [mine.cpu_us / theirs.cpu_us for mine, theirs in zip(own.samples, other.samples, strict=True)]
    return (
        aim.case,
        f"{aim.own} / {aim.server}",
        f"{ratio:.2f}",
        f"{min(single):.2f} to {max(single):.2f}",
        f"{aim.most:.2f}",
        "met" if ratio <= aim.most else "missed",
    )
