"""The Corefiles of this folder and what is expected of each, from the file `expected.yaml` beside it.

`check` are the lines that `kdns check` prints. A Corefile that is `refused` by kdns is not served; `coredns`
says if CoreDNS refuses it too. `answers` are what questions (`name TYPE`, and a port of the Corefile if it is
not `port`) get: records as `TTL TYPE RDATA`, NODATA, or an RCODE. To be served, a Corefile gets other
`words`: the name of an upstream stands for its address, `{folder}` for where the Corefile lies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.apiserver.builders import Object
from tests.beside.upstream import Reply, Table, Upstream

HERE = Path(__file__).parent

CLUSTER = HERE / "cluster.yaml"

Lines = tuple[str, ...]

SOA = "example. 300 SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"
NXDOMAIN = Reply(authority=(SOA,), rcode="NXDOMAIN")
NODATA = Reply(authority=(SOA,))


@dataclass(frozen=True)
class Case:
    """A Corefile of the collection, in `folder`."""

    folder: Path
    about: str
    check: Lines = ()
    refused: bool = False
    coredns: str = "takes"
    port: int = 53
    words: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Lines] = field(default_factory=dict)

    @property
    def corefile(self) -> Path:
        return self.folder / "Corefile"


def cases() -> dict[str, Case]:
    """Return all cases by their names."""
    return {path.parent.name: _case(path) for path in sorted(HERE.glob("*/expected.yaml"))}


def _case(path: Path) -> Case:
    tree = yaml.safe_load(path.read_text())
    answers = {question: lines(each) for question, each in tree.pop("answers", {}).items()}
    return Case(path.parent, check=tuple(tree.pop("check", ())), answers=answers, **tree)


def lines(tree: str | Sequence[str]) -> Lines:
    """Return one or several lines, sorted."""
    return (tree,) if isinstance(tree, str) else tuple(sorted(tree))


def cluster_objects() -> list[Object]:
    items: list[Object] = yaml.safe_load(CLUSTER.read_text())["items"]
    return items


def upstreams(tls: Any) -> dict[str, Upstream]:
    """Return the upstreams by name, not running yet; all of them can speak TLS."""
    trees = yaml.safe_load((HERE / "upstreams.yaml").read_text())
    return {name: Upstream(_table(tree), NXDOMAIN, tls) for name, tree in trees.items()}


def _table(tree: Mapping[str, str | Sequence[str]]) -> Table:
    table: dict[tuple[str, str], Reply] = {}
    for question, answer in tree.items():
        name, rtype = question.split()
        table[name, rtype] = _reply(name, [answer] if isinstance(answer, str) else answer)
    return table


def _reply(name: str, answer: Sequence[str]) -> Reply:
    if answer == ["NODATA"]:
        return NODATA
    owners, found = "@", list[str]()
    for line in answer:
        found.append(f"{owners} {line}")
        _, rtype, rdata = line.split(maxsplit=2)
        owners = rdata if rtype == "CNAME" else owners
    return Reply(tuple(found))
