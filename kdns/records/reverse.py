"""PTR records of Service and endpoint addresses (DNS specification 1.1.0, sections 2.3.3 and 2.4.3)."""

import ipaddress
from collections.abc import Callable, Iterator

from kdns.cluster.state import ClusterState
from kdns.records.services import endpoint_name, service_name
from kdns.wire.names import Name, from_text, labels

IN_ADDR_ARPA = from_text("in-addr.arpa.")
IP6_ARPA = from_text("ip6.arpa.")


def address_of(folded: Name) -> str | None:
    """Return the address (canonical text) whose reverse name `folded` is, None where it is none.

    RFC 1035, section 3.5: four decimal labels; RFC 3596, section 2.5: 32 hexadecimal ones. A name of
    fewer labels stands for a network and has no address.
    """
    parts = [label.decode("latin-1") for label in reversed(labels(folded))]
    match parts:
        case ["arpa", "in-addr", *octets] if len(octets) == 4:
            text = ".".join(octets)
        case ["arpa", "ip6", *nibbles] if len(nibbles) == 32 and all(len(n) == 1 for n in nibbles):
            text = ":".join("".join(nibbles[i : i + 4]) for i in range(0, 32, 4))
        case _:
            return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def pointers(
    state: ClusterState, address: str, zone: Name, pod_names: bool, is_exposed: Callable[[str], bool]
) -> Iterator[Name]:
    """Yield the PTR targets of an address: the Service's name for a ClusterIP (one only), else the names
    of the ready endpoints that have it, below every Service that selects them."""
    for service in state.services_at(address):
        if is_exposed(service.namespace):
            yield service_name(service.namespace, service.name, zone)
            return
    for each, endpoint in state.endpoints_at(address):
        if endpoint.ready and is_exposed(each.namespace):
            yield endpoint_name(endpoint, service_name(each.namespace, each.service, zone), pod_names)
