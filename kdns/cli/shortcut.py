"""The Corefile that `kdns serve` stands for: options in, its text out, in CoreDNS's words only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os.path import abspath
from pathlib import Path

from kdns.records.options import CLUSTER_DOMAIN, PodMode
from kdns.records.reverse import IN_ADDR_ARPA, IP6_ARPA
from kdns.servers.addresses import ListenAddress
from kdns.wire.names import Name, is_at_or_below, to_text

REVERSE = (IN_ADDR_ARPA, IP6_ARPA)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What `kdns serve` was told. `master_files` are the files of static zones by their origins; `api` is the
    property that leads to the API server, if any does."""

    listen: Sequence[ListenAddress]
    zone: Name = CLUSTER_DOMAIN
    ttl: int = 30
    pods: PodMode = PodMode.INSECURE
    master_files: Mapping[Name, Path] = field(default_factory=dict)
    api: Sequence[str] = ()
    metrics: ListenAddress | None = None
    probes: ListenAddress | None = None


def corefile_text(told: Shortcut) -> str:
    """Return the Corefile: for each port the cluster's block, and one for the static zones outside of it.

    A static zone in a reverse tree comes after the cluster, which knows its own addresses better. Probes are
    about the process and stand in the first block only.
    """
    behind = {origin: path for origin, path in told.master_files.items() if _is_reverse(origin)}
    beside = {origin: path for origin, path in told.master_files.items() if origin not in behind}
    probes = [["health", str(told.probes)], ["ready", str(told.probes)]] if told.probes else []
    blocks: list[str] = []
    for port, hosts in _hosts_by_port(told.listen).items():
        common = list(_common(hosts, told.metrics))
        cluster = [*common, *([] if blocks else probes)]
        cluster_lines = [*_lines(cluster), *_kubernetes(told, list(behind)), *_lines(_files(behind))]
        blocks.append(_block((told.zone, *REVERSE), port, cluster_lines))
        if beside:
            blocks.append(_block(beside, port, _lines([*common, *_files(beside)])))
    return "\n".join(blocks)


def _is_reverse(origin: Name) -> bool:
    return any(is_at_or_below(origin, zone) for zone in REVERSE)


def _hosts_by_port(listen: Iterable[ListenAddress]) -> dict[int, list[str]]:
    """Return the hosts of each port, every one once: a Corefile has one server block for a zone and port."""
    found: dict[int, list[str]] = {}
    for address in dict.fromkeys(listen):
        found.setdefault(address.port, []).append(address.host)
    return found


def _common(hosts: Sequence[str], metrics: ListenAddress | None) -> Iterator[Sequence[str]]:
    """Yield the directives that every block has."""
    if "" not in hosts:
        yield "bind", *hosts
    yield ("errors",)
    if metrics:
        yield "prometheus", str(metrics)


def _kubernetes(told: Shortcut, behind: Sequence[Name]) -> Iterator[str]:
    properties: list[Sequence[str]] = [("pods", told.pods.value), ("ttl", str(told.ttl))]
    if told.api:
        properties.insert(0, told.api)
    if behind:
        properties.append(("fallthrough", *map(_zone, behind)))
    yield " ".join(["kubernetes", *(_word(_zone(zone)) for zone in (told.zone, *REVERSE)), "{"])
    yield from (f"    {line}" for line in _lines(properties))
    yield "}"


def _files(master_files: Mapping[Name, Path]) -> Iterator[Sequence[str]]:
    for origin, path in master_files.items():
        yield "file", abspath(path), _zone(origin)


def _block(zones: Iterable[Name], port: int, lines: Iterable[str]) -> str:
    keys = " ".join(_word(f"{_zone(zone)}:{port}") for zone in zones)
    return "".join(
        f"{line}\n" for line in (f"{keys} {{", *(f"    {line}" for line in lines), "    loadbalance", "}")
    )


def _lines(directives: Iterable[Sequence[str]]) -> list[str]:
    return [" ".join(map(_word, words)) for words in directives]


def _zone(name: Name) -> str:
    """Return a zone as people write it, without the final dot."""
    return to_text(name).removesuffix(".") or "."


def _word(text: str) -> str:
    """Return a word as a Corefile has it: in quotes where it would be read as several, or as a comment."""
    is_plain = text and not any(character.isspace() or character in '#"{}' for character in text)
    return text if is_plain else '"' + text.replace('"', '\\"') + '"'
