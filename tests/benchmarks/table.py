"""Turn measured rows into text and JSON. Nothing is measured here, and nothing is printed."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tests.benchmarks.measure import Row, Sample

HEADINGS = ("case", "server", "qps", "CPU µs/query", "ratio to NSD", "noisy rounds")
MAX_STEAL = 0.02
MAX_OTHERS = 0.10
MAX_LOST = 0.001


def render(headings: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 2) -> str:
    """Return a table in plain text: the first `left` columns flush left, the others flush right.

    An empty row becomes a blank line.
    """
    lines = [tuple(headings), *map(tuple, rows)]
    widths = [max(len(line[i]) for line in lines if line) for i in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    head, *body = lines
    return "\n".join([line(head), "  ".join("-" * w for w in widths), *(line(b) if b else "" for b in body)])


def comparison(rows: Sequence[Row], reference: str) -> str:
    """Return the table of the benchmark; `reference` is the server that the ratio refers to."""
    cells: list[Sequence[str]] = []
    case = None
    for row in rows:
        if case not in (None, row.case):
            cells.append(())
        case = row.case
        noisy = sum(map(is_noisy, row.samples))
        counted = f"{noisy} of {len(row.samples)}" if noisy else ""
        cells.append((row.case, row.server, *_figures(row, ratio(row, rows, reference)), counted))
    return render(HEADINGS, cells)


def _figures(row: Row, against: float | None) -> tuple[str, str, str]:
    if row.qps is None or row.cpu_us is None:
        return ("wrong answer" if row.fault else "–", "–", "–")
    return (f"{row.qps:,.0f}", f"{row.cpu_us:.2f}", "–" if against is None else f"{against:.2f}")


def ratio(row: Row, rows: Iterable[Row], reference: str) -> float | None:
    """Return the row's CPU time over that of `reference` in the same case; None where one is missing."""
    for other in rows:
        if (other.case, other.server) == (row.case, reference) and other.cpu_us and row.cpu_us is not None:
            return row.cpu_us / other.cpu_us
    return None


def is_noisy(sample: Sample) -> bool:
    """Whether too much of the server's CPU went elsewhere during this round."""
    return sample.steal > MAX_STEAL or sample.others > MAX_OTHERS


def warnings(rows: Sequence[Row]) -> list[str]:
    """Say how noisy the machine was, and which rows lost queries or had wrong answers, a line each."""
    samples = [sample for row in rows for sample in row.samples]
    noisy = [sample for sample in samples if is_noisy(sample)]
    found = []
    if noisy:
        steal, others = max(s.steal for s in noisy), max(s.others for s in noisy)
        found.append(
            f"{len(noisy)} of {len(samples)} rounds were noisy: up to {steal:.0%} of the servers' CPU stolen "
            f"by other machines, {others:.0%} used by other processes"
        )
    for row in rows:
        if (lost := max((s.lost_share for s in row.samples), default=0.0)) > MAX_LOST:
            found.append(f"{row.case}, {row.server}: up to {lost:.1%} of the queries were lost in a round")
        if row.fault:
            found.append(f"{row.case}, {row.server}: not measured. {row.fault}")
    return found


def as_json(machine: dict[str, Any], rows: Sequence[Row], reference: str) -> str:
    """Return everything that was measured, every round included, as a JSON object."""
    listed = [
        {
            **row._asdict(),
            "ratio": ratio(row, rows, reference),
            "samples": [sample._asdict() for sample in row.samples],
        }
        for row in rows
    ]
    return json.dumps({"machine": machine, "rows": listed}, indent=2)
