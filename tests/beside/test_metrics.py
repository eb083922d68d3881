"""kdns counts what CoreDNS counts, under the same names; docs/metrics.md says what, and what is different.

Where CoreDNS cannot be run, what is recorded of it stands in; KDNS_TEST_RECORD=1 writes that down anew.
"""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

from kdns.observability.exposition import lines_of
from kdns.plugins._cache_figures import Figures
from kdns.plugins.autopath import AutoPath
from kdns.sources.api.health import Health
from kdns.sources.api.measures import measure as measure_api
from kdns.wire.names import ROOT
from tests.beside.conftest import RECORD, version_of
from tests.beside.exposed import Family, families
from tests.beside.facts import Difference, differences, facts, load, write
from tests.beside.measuring import Measured, measure
from tests.beside.programs import (
    Ports,
    coredns_command,
    kdns_command,
    need_coredns,
    with_kubeconfig,
)

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
DESCRIBED = re.findall(r"^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\|", PAGE, re.MULTILINE)
MISSING = re.findall(
    r"`((?:coredns|process)_\w+)`", PAGE.partition("## What is missing")[2].partition("\n## ")[0]
)


class Row(NamedTuple):
    """A difference that is meant; `name` is a pattern, `labels` a part of them."""

    what: str
    name: str
    labels: str
    reason: str


ROWS = (
    Row("absent", "process_network_*", "", "they count the whole machine, or Pod, not the process"),
    Row("absent", "process_virtual_memory_max_bytes", "", "prometheus_client does not have it"),
    Row("beyond", "kdns_*", "", "what only kdns has to tell"),
    Row("beyond", "coredns_reload_version_info", "", "told from the start, not only after a change"),
    Row("value", "coredns_build_info", "", "another program"),
    Row("value", "coredns_cache_*", "server=dns://:53 ", "answers of kdns's own are not in its cache"),
    Row(
        "value", "coredns_cache_*", "zones=full.example. ", "CoreDNS's has 256 parts, some full before others"
    ),
    Row("value", "coredns_cache_*", "zones=split.example.,", "kdns counts at the first address of a block"),
    Row("value", "coredns_dns_response_size_bytes", "", "octets as they are sent, not before compression"),
    Row(
        "value",
        "coredns_plugin_enabled",
        "zone=two.example. ",
        "told of every zone of a block, not the first",
    ),
    Row("value", "coredns_plugin_enabled", "zone=gone.example. ", "the same"),
    Row(
        "value", "coredns_proxy_conn_cache_*", "to=127.0.0.1:upstream ", "a UDP port is left after 64 queries"
    ),
)


def check(found: Iterator[Difference]) -> set[Row]:
    """Fail if a difference is due to no row; return the rows that others are due to."""
    rows: dict[Row | None, list[Difference]] = {}
    for each in found:
        rows.setdefault(next((row for row in ROWS if _explains(row, each)), None), []).append(each)
    unexplained = rows.pop(None, [])
    assert not unexplained, "\n".join(map(str, unexplained))
    return {row for row in rows if row is not None}


def _explains(row: Row, found: Difference) -> bool:
    return row.what == found.what and fnmatch(found.name, row.name) and row.labels in f"{found.labels} "


@pytest.fixture(scope="module")
def kdns(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("kdns")

    def command(corefile: Path, ports: Ports, kubeconfig: Path) -> list[str]:
        words = "-kubeconfig", str(kubeconfig), "-state-dir", str(folder / "state")
        return kdns_command(corefile, ports, *words)

    return asyncio.run(measure(folder, command))


@pytest.fixture(scope="module")
def coredns(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    binary = need_coredns()

    def command(corefile: Path, ports: Ports, kubeconfig: Path) -> list[str]:
        corefile.write_text(with_kubeconfig(corefile.read_text(), kubeconfig))
        return coredns_command(binary, corefile, ports)

    return asyncio.run(measure(tmp_path_factory.mktemp("coredns"), command))


def test_kdns_counts_what_coredns_is_recorded_to_count(kdns: Measured) -> None:
    found = check(differences(load()[1], facts(kdns)))
    assert found == {*ROWS}, "a row that explains nothing explains too much"


def test_kdns_counts_what_a_running_coredns_counts(coredns: Measured, kdns: Measured) -> None:
    check(differences(facts(coredns), facts(kdns)))


def test_what_is_recorded_is_what_a_running_coredns_counts(coredns: Measured) -> None:
    version, now = version_of(need_coredns()), facts(coredns)
    if os.environ.get(RECORD):
        write(version, load()[1] | now)
    recorded_version, before = load()
    if recorded_version != version:
        pytest.skip(f"{recorded_version} was recorded, this is {version}")
    found = list(differences(before, now))
    assert not found, "\n".join([f"{RECORD}=1 records anew:", *map(str, found)])


def test_a_page_says_which_format_it_has(kdns: Measured) -> None:
    assert kdns.content_type == "text/plain; version=0.0.4; charset=utf-8"


def unseen() -> dict[str, Family]:
    """Return what the course does not bring about: the API server does not fail, `forward` takes no response
    that belongs to another question, and who asks is no Pod that `autopath` could help."""
    drops = Figures("dns://:53", ".").measure({}, drops=1)
    helping = AutoPath([ROOT], lambda: None, "dns://:53")
    helping._successes.value = 1
    failures = measure_api([Health("services", failures=Counter(timeout=1))])
    page = "".join(line for family in (*drops, *failures, *helping.measure()) for line in lines_of(family))
    wanted = re.compile("_drops_|_failures_|_autopath_")
    return {name: family for name, family in families(page).items() if wanted.search(name)}


def test_what_no_question_brings_about_has_the_shape_that_coredns_gives_it() -> None:
    theirs = {name: fact.family for name, fact in load()[1].items()}
    ours = {name: replace(family, values={}) for name, family in unseen().items() if name in theirs}
    assert ours == {name: theirs[name] for name in ("coredns_cache_drops_total",)}


def test_every_metric_is_on_the_page_with_its_kind_and_labels(kdns: Measured) -> None:
    described = {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in DESCRIBED}
    assert described == {name: (each.kind, each.labels) for name, each in (kdns.after | unseen()).items()}


def test_every_metric_of_coredns_is_on_the_page_as_present_or_missing() -> None:
    missing = load()[1].keys() - {name for name, _, _ in DESCRIBED}
    assert sorted(missing) == sorted(MISSING)


def test_every_difference_is_on_the_page() -> None:
    told = re.findall(r"`([a-z_*]+)`", PAGE.partition("## What is different")[2])
    for row in ROWS:
        is_told = any(fnmatch(row.name, name) or fnmatch(name, row.name) for name in told)
        assert is_told or row.name == "kdns_*", row
