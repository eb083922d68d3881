"""What operators are told is so: the log's lines, the metrics of alerts and dashboard, the alerts' names."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from kdns.observability.logs import _start
from tests.docs.pages import ROOT, page

PAGE = page("docs/operations.md")
SOURCES = {path: ast.parse(path.read_text()) for path in sorted((ROOT / "kdns").rglob("*.py"))}

LEVELS = {
    "info": "INFO",
    "warning": "WARNING",
    "error": "ERROR",
    "exception": "ERROR",
    "critical": "CRITICAL",
    "log": None,
}
"""Method of a logger → level, None if it is chosen at run time."""


class Line(NamedTuple):
    """A line of the log: what is before the text, as a pattern, and the text with … for what varies."""

    start: str
    text: str

    def is_told_by(self, row: str) -> bool:
        return re.fullmatch(self.start + re.escape(self.text), row) is not None


def loggers(path: Path, tree: ast.Module) -> dict[str, str]:
    """Return the loggers of a module by their variables."""
    found: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign([ast.Name(variable)], ast.Call(ast.Attribute(attr="getLogger"), [name])):
                dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found[variable] = name.value if isinstance(name, ast.Constant) else dotted
    return found


def texts(tree: ast.Module, argument: ast.expr) -> Iterator[str]:
    """Yield what an argument says: a text, or those that variables of its name have."""
    if isinstance(argument, ast.Constant):
        yield argument.value
    for node in ast.walk(tree):
        match argument, node:
            case ast.Name(wanted), ast.Assign([ast.Name(variable)], ast.Constant(str(text))):
                if variable == wanted:
                    yield text


def lines() -> Iterator[Line]:
    """Yield what the source can write to the log, but for what is somebody else's text as a whole."""
    for path, tree in SOURCES.items():
        names = loggers(path, tree)
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Attribute(ast.Name(variable), method), arguments) if (
                    variable in names and method in LEVELS
                ):
                    start = beginning(LEVELS[method], names[variable])
                    for text in texts(tree, arguments[method == "log"]):
                        shown = re.sub(r"%(\.\d+)?[sdfgr]", "…", text)
                        if re.search(r"\w", shown):
                            yield Line(start, shown)


def beginning(level: str | None, logger: str) -> str:
    return re.escape(_start(level, logger)) if level else r"\[\w+\] " + re.escape(_start("", logger)[3:])


def rows(*headings: str) -> list[str]:
    """Return the first cells below these headings, without their quotes."""
    return [cells[0].strip("`") for heading in headings for cells in PAGE.rows(heading)]


LINES = list(lines())
TOLD = rows("Start, reload, end", "The cluster", "Queries and upstreams", "Files")


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text)
def test_every_line_of_the_log_is_explained(line: Line) -> None:
    assert any(line.is_told_by(row) for row in TOLD), f"docs/operations.md has no row for {line}"


@pytest.mark.parametrize("row", [row for row in TOLD if row.startswith("[") and "plugin/loop" not in row])
def test_every_line_that_is_explained_can_be_written(row: str) -> None:
    assert row.startswith("[ERROR] plugin/errors: 2 ") or any(line.is_told_by(row) for line in LINES)


def test_the_fatal_line_of_loop_is_in_its_source() -> None:
    [row] = [row for row in TOLD if "plugin/loop" in row]
    written = strings(ROOT / "kdns" / "plugins" / "loop.py")
    for text in row.removeprefix("[FATAL] plugin/loop: ").split("…"):
        assert any(text in each for each in written), text


@pytest.mark.parametrize("text", [row for row in TOLD if not row.startswith("[")])
def test_every_reason_of_a_failure_can_be_given(text: str) -> None:
    """Those of the kernel are not in the source: they are errno's, in lower case."""
    kernel = ("connection refused", "network is unreachable")
    assert text in kernel or any(text in each for path in SOURCES for each in strings(path))


def strings(path: Path) -> list[str]:
    nodes = ast.walk(SOURCES[path])
    return [each.value for each in nodes if isinstance(each, ast.Constant) and isinstance(each.value, str)]


# Metrics


METRICS = {
    cells[0].strip("`"): (cells[1], set(re.findall(r"\w+", cells[2])))
    for heading in ("Queries", "Plugins", "Kubernetes", "The process")
    for cells in page("docs/metrics.md").rows(heading)
}
"""Metric → its kind and labels. tests/beside compares them with what a running kdns has to tell."""

OF_PROMETHEUS = {"job", "instance", "le"}
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "docs/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((ROOT / "docs/grafana.json").read_text())
EXPRESSIONS = [
    *(pytest.param(rule["expr"], id=rule["alert"]) for rule in RULES),
    *(
        pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ),
    *(
        pytest.param(re.sub(r"label_values\((.*), \w+\)", r"\1", variable["definition"]), id=variable["name"])
        for variable in DASHBOARD["templating"]["list"]
        if variable["type"] == "query"
    ),
]


def metric_names(expression: str) -> list[str]:
    """Return the metrics of an expression: words with an underscore that are no function and no label."""
    bare = re.sub(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)|\[[^]]*\]", "", expression)
    return re.findall(r"\b[a-z]+_\w+\b(?! *\()", bare)


def labels(expression: str) -> set[str]:
    """Return the labels that an expression selects or groups by."""
    selected = re.findall(r"(\w+)=", " ".join(re.findall(r"\{[^}]*\}", expression)))
    grouped = " ".join(re.findall(r"\b(?:by|on) \(([^)]*)\)", expression))
    return {*selected, *re.findall(r"\w+", grouped)}


def described(name: str) -> tuple[str, set[str]] | None:
    """Return kind and labels of a metric, or of the histogram that a series belongs to."""
    kind, found = METRICS.get(re.sub(r"_(bucket|sum|count)$", "", name), ("", set()))
    if kind == "histogram":
        return (kind, found) if name.endswith(("_bucket", "_sum", "_count")) else None
    return METRICS.get(name)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_metrics_that_there_are(expression: str) -> None:
    names = metric_names(expression)
    assert names and all(map(described, names)), names
    known = set().union(*(found[1] for name in names if (found := described(name))))
    assert labels(expression) <= known | OF_PROMETHEUS


@pytest.mark.parametrize(
    ("expression", "names", "found"),
    [
        ("sum by (le) (rate(coredns_nothing_total[5m]))", ["coredns_nothing_total"], {"le"}),
        ('histogram_quantile(0.9, kdns_a{x="y"}) > 1', ["kdns_a"], {"x"}),
        ("absent(coredns_build_info)", ["coredns_build_info"], set()),
    ],
)
def test_names_and_labels_are_taken_from_an_expression(
    expression: str, names: list[str], found: set[str]
) -> None:
    assert (metric_names(expression), labels(expression)) == (names, found)


def test_a_histogram_is_asked_for_by_its_series() -> None:
    assert described("coredns_dns_request_duration_seconds") is None
    assert described("coredns_dns_request_duration_seconds_bucket")
    assert described("coredns_dns_requests_total_bucket") is None


def test_metrics_that_the_page_names_exist() -> None:
    named = {name for text in PAGE.code() for name in re.findall(r"\b(?:kdns|coredns|process)_\w+", text)}
    assert {name for name in named if not described(name)} <= {"coredns_proxy_request_duration_seconds"}


def test_every_alert_is_explained_in_order() -> None:
    assert rows("Alerts") == [rule["alert"] for rule in RULES]


def test_every_alert_says_how_grave_it_is_and_what_is_the_matter() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert set(rule["annotations"]) == {"summary"}


def test_the_dashboard_belongs_to_nobodys_grafana() -> None:
    assert (DASHBOARD["id"], DASHBOARD["uid"]) == (None, None)
    assert set(datasources(DASHBOARD["panels"])) == {"${datasource}"}
    assert DASHBOARD["templating"]["list"][0]["type"] == "datasource"


def datasources(part: Any) -> Iterator[str]:
    """Yield the ids of data sources anywhere in a part of the dashboard."""
    if isinstance(part, dict):
        if "datasource" in part:
            yield part["datasource"]["uid"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from datasources(each)


def test_panels_do_not_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        x, y, w, h = (panel["gridPos"][side] for side in "xywh")
        cells = {(column, row) for column in range(x, x + w) for row in range(y, y + h)}
        assert x + w <= 24 and not cells & taken, panel["title"]
        taken |= cells
