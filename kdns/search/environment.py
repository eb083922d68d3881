"""The environment variables by which a container finds Services without asking anybody: what kubelet sets.

The rules are those of kubelet 1.35 (kubelet_pods.go, getServiceEnvVarMap; envvars/envvars.go).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kdns.cluster.objects import Port, Service, ServiceKey

MASTER_SERVICE = ServiceKey("default", "kubernetes")
"""The Service that every container is told of, whatever its namespace and enableServiceLinks."""


class Environment(NamedTuple):
    """Variables by name, in its order. `clashes` are those that several Services want otherwise,
    with their values. Which one kubelet takes is chance; here it is that of the last Service by name.
    """

    variables: dict[str, str]
    clashes: dict[str, list[str]]


def environment(services: Iterable[Service], namespace: str, service_links: bool = True) -> Environment:
    """Return what kubelet sets for a new Pod of a namespace; `service_links` is its spec.enableServiceLinks.

    Only Services with a ClusterIP are told of. A container's own `env` goes before, which is not seen here.
    """
    values: dict[str, list[str]] = defaultdict(list)
    for _, service in sorted(_told_of(services, namespace, service_links).items()):
        for name, value in dict(_variables(service)).items():
            values[name].append(value)
    return Environment(
        {name: given[-1] for name, given in sorted(values.items())},
        {name: given for name, given in sorted(values.items()) if len(set(given)) > 1},
    )


def _told_of(services: Iterable[Service], namespace: str, service_links: bool) -> Mapping[str, Service]:
    """Return the Services by name: the namespace's own goes before the API server's."""
    told: dict[str, Service] = {}
    for service in services:
        if not service.cluster_ips or not _ports(service):
            continue
        if service.key == MASTER_SERVICE:
            told.setdefault(service.name, service)
        elif service.namespace == namespace and service_links:
            told[service.name] = service
    return told


def _ports(service: Service) -> list[Port]:
    """Return the ports that have a number: the API server takes no others, manifests may have them."""
    return [port for port in service.ports if port.number > 0]


def _variables(service: Service) -> Iterator[tuple[str, str]]:
    """Yield the variables of a Service, its first port for the whole of it, and those of Docker's links."""
    name, (address, *_) = _word(service.name), service.cluster_ips
    first, *_ = ports = _ports(service)
    yield f"{name}_SERVICE_HOST", address
    yield f"{name}_SERVICE_PORT", str(first.number)
    for port in ports:
        if port.name:
            yield f"{name}_SERVICE_PORT_{_word(port.name)}", str(port.number)
    yield f"{name}_PORT", _url(address, first)
    for port in ports:
        link = f"{name}_PORT_{port.number}_{port.protocol.upper()}"
        yield link, _url(address, port)
        yield f"{link}_PROTO", port.protocol
        yield f"{link}_PORT", str(port.number)
        yield f"{link}_ADDR", address


def _word(name: str) -> str:
    return name.upper().replace("-", "_")


def _url(address: str, port: Port) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"{port.protocol}://{host}:{port.number}"
