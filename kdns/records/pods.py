"""Records of Pods by their address: `10-1-2-3.namespace.pod.zone` (as kube-dns and CoreDNS have them)."""

import ipaddress

from kdns.cluster.state import ClusterState


def address_of(label: str) -> str | None:
    """Return the address that a pod label stands for, None where it is none.

    Three single dashes make an IPv4 address, any others stand for colons. The text is not made canonical:
    verified mode compares it as it is. An IPv4-mapped address is an IPv4 one, as in Go.
    """
    if "." in label or ":" in label or "%" in label:
        return None
    text = label.replace("-", "." if label.count("-") == 3 and "--" not in label else ":")
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped) if mapped else text


def is_verified(state: ClusterState, namespace: str, address: str) -> bool:
    """Tell whether a Pod of this namespace has `address` as its first one (status.podIP)."""
    return any(pod.namespace == namespace and pod.addresses[0] == address for pod in state.pods_at(address))
