"""Write a cluster of any size to one JSON file, as `kubectl get svc,endpointslices,pods,ns -o json` prints.

The file is written object by object and never held; the same arguments always give the same bytes.

    python -m tests.benchmarks.generate --services 10000 --endpoints 100000 --pods 50000 OUT
"""

import argparse
import json
import random
import sys
import textwrap
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import TextIO

from tests.benchmarks import plan
from tests.benchmarks.plan import PlannedService, Port, Size

SLICE_SIZE = 100
"""How many endpoints the EndpointSlice controller puts into one slice."""


def _template(kind: str) -> Template:
    path = Path(__file__).with_name("templates") / f"{kind}.json"
    return Template(path.read_text(encoding="utf-8").rstrip("\n"))


NAMESPACE, SERVICE, SLICE, POD, ENDPOINT, HEADLESS_ENDPOINT = map(
    _template, ("namespace", "service", "slice", "pod", "endpoint", "endpoint-headless")
)


class _Identity:
    """Hands out what the API server would: resource versions in order, and uids (drawn from the seed)."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed + 1)
        self._version = 1000

    def next(self) -> dict[str, str]:
        self._version += 1
        return {"version": str(self._version), "uid": self.uid()}

    def uid(self) -> str:
        return str(uuid.UUID(int=self._draw.getrandbits(128), version=4))


def write_cluster(size: Size, out: TextIO) -> None:
    """Write the whole cluster as one object of kind List."""
    out.write('{\n    "apiVersion": "v1",\n    "items": [\n')
    separator = ""
    for text in objects(size):
        out.write(separator)
        out.write(text)
        separator = ",\n"
    out.write('\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n')


def objects(size: Size) -> Iterator[str]:
    """Yield the JSON text of every object: Services, EndpointSlices, Pods, Namespaces."""
    identity = _Identity(size.seed)
    uids = {}
    for service in plan.services(size):
        uids[service.host] = (fields := identity.next())["uid"]
        yield _service(service, fields)
    for service in plan.services(size):
        yield from _slices(size, service, uids[service.host], identity)
    names = plan.namespaces(size)
    for number in range(size.pods):
        yield _pod(number, names[number % len(names)], identity)
    for name in names:
        yield NAMESPACE.substitute(identity.next(), name=name)


def _service(service: PlannedService, identity: dict[str, str]) -> str:
    return SERVICE.substitute(
        identity,
        name=service.name,
        namespace=service.namespace,
        cluster_ip=service.cluster_ip,
        ports=_service_ports(service.ports),
    )


def _slices(size: Size, service: PlannedService, owner: str, identity: _Identity) -> Iterator[str]:
    for begin in range(0, service.endpoints, SLICE_SIZE):
        end = min(begin + SLICE_SIZE, service.endpoints)
        yield SLICE.substitute(
            identity.next(),
            name=f"{service.name}-{begin // SLICE_SIZE:05x}",
            service=service.name,
            service_uid=owner,
            namespace=service.namespace,
            ports=_slice_ports(service.ports),
            endpoints=",\n".join(_endpoint(size, service, k, identity) for k in range(begin, end)),
        )


def _endpoint(size: Size, service: PlannedService, index: int, identity: _Identity) -> str:
    number = plan.pod_number(size, service.namespace_index, service.first + index)
    return (HEADLESS_ENDPOINT if service.headless else ENDPOINT).substitute(
        address=plan.pod_address(number),
        hostname=f"pod-{index}",
        node=plan.node_name(number),
        pod=plan.pod_name(number),
        namespace=service.namespace,
        uid=identity.uid(),
    )


def _pod(number: int, namespace: str, identity: _Identity) -> str:
    node = number // 250
    return POD.substitute(
        identity.next(),
        name=plan.pod_name(number),
        namespace=namespace,
        node=plan.node_name(number),
        address=plan.pod_address(number),
        host_ip=f"172.20.{node // 250}.{node % 250 + 2}",
    )


@lru_cache
def _service_ports(ports: tuple[Port, ...]) -> str:
    rows = [{"name": p.name, "port": p.number, "protocol": p.protocol, "targetPort": p.name} for p in ports]
    return _indented(rows, 16)


@lru_cache
def _slice_ports(ports: tuple[Port, ...]) -> str:
    return _indented([{"name": p.name, "port": p.number, "protocol": p.protocol} for p in ports], 12)


def _indented(value: object, depth: int) -> str:
    return textwrap.indent(json.dumps(value, indent=4), " " * depth).lstrip()


def add_size_arguments(parser: argparse.ArgumentParser, default: Size) -> None:
    """Give `parser` one option for each field of Size."""
    for name, value in default._asdict().items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=type(value), default=value, metavar="N", help=f"default {value}")


def size_from(options: argparse.Namespace) -> Size:
    """Return the Size that was asked for by the options of `add_size_arguments`."""
    return Size(*(getattr(options, name) for name in Size._fields))


def main() -> int:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(prog="generate", description=(__doc__ or "").split("\n")[0])
    add_size_arguments(parser, Size())
    parser.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    options = parser.parse_args()
    with options.out.open("w", encoding="utf-8") as out:
        write_cluster(size_from(options), out)
    megabytes = options.out.stat().st_size / 2**20
    print(f"{options.out}: {megabytes:.0f} MiB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
