"""A node with Pods behind a Service address: nftables sends each new flow to one of them, as kube-proxy does.

A flow that conntrack knows stays where it is, whatever the rules have become.
"""

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pytest

from tests.rolling.namespaces import Namespace, opened

SERVICE = "10.96.0.10"
OUTSIDE = "10.3.0.1"
"""An address of the node where the other DNS server is, the one that the Pods forward to."""

_LINKS = """\
set -e
echo 1 > /proc/sys/net/ipv4/ip_forward
ip address add {outside}/32 dev lo
{links}
"""
_LINK = """\
ip link add to-{name} type veth peer name eth0 netns {holder}
ip address add {gateway}/24 dev to-{name}
ip link set to-{name} up
"""
_INSIDE = """\
set -e
ip address add {address}/24 dev eth0
ip link set eth0 up
ip route add default via {gateway}
"""
_ARRIVALS = """\
table ip arrivals {{
  {counters}
  chain forward {{
    type filter hook forward priority filter;
    {rules}
  }}
}}
"""
_ARRIVAL = """\
    ip daddr {address} udp dport 53 counter name {name}
    ip daddr {address} tcp dport 53 tcp flags & (syn | ack) == syn counter name {name}
"""
_PROBE = """\
table ip probe {
  chain nat {
    type nat hook prerouting priority dstnat;
    ip daddr 192.0.2.1 udp dport 53 dnat to numgen random mod 1 map { 0 : 192.0.2.2 }
  }
}
delete table ip probe
"""
_PROXY = """\
table ip proxy
delete table ip proxy
table ip proxy {{
  chain services {{
    type nat hook prerouting priority dstnat;
    {rules}
  }}
  chain nowhere {{
    type filter hook forward priority filter;
    ip daddr {service} reject
  }}
}}
"""


@dataclass
class Network:
    """The namespaces, and what the node does with packets to the Service. Times are time.monotonic's."""

    node: Namespace
    client: Namespace
    pods: dict[str, Namespace]
    addresses: dict[str, str]
    flushes: list[tuple[float, float]] = field(default_factory=list)
    """From when to when flows were being forgotten: what is on its way meanwhile may get lost."""

    async def set_up(self) -> None:
        """Lay the links and count what arrives; skip the test where the kernel can't."""
        places = {self.client.name: self.client, **self.pods}
        links = "".join(
            _LINK.format(name=name, holder=place.holder, gateway=_gateway(self.addresses[name]))
            for name, place in places.items()
        )
        counters = "\n  ".join(f"counter {name} {{ }}" for name in self.pods)
        rules = "".join(_ARRIVAL.format(name=name, address=self.addresses[name]) for name in self.pods)
        await self.node.run("sh", "-c", _LINKS.format(outside=OUTSIDE, links=links))
        for name, place in places.items():
            address = self.addresses[name]
            await place.run("sh", "-c", _INSIDE.format(address=address, gateway=_gateway(address)))
        await self._is_possible()
        await self.node.run("nft", "-f", "-", stdin=_ARRIVALS.format(counters=counters, rules=rules))
        await self.route([])

    async def _is_possible(self) -> None:
        try:
            await self.node.run("nft", "-f", "-", stdin=_PROBE)
            await self.node.run("conntrack", "-L")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no NAT with nftables and conntrack here: {error.stderr.decode().splitlines()[0]}")

    async def route(self, pods: Collection[str]) -> None:
        """Send new flows to these Pods, at random; reject them if there are none."""
        places = ", ".join(f"{index} : {self.addresses[name]}" for index, name in enumerate(pods))
        choice = f"numgen random mod {len(pods)} map {{ {places} }}"
        rules = "\n    ".join(
            f"ip daddr {SERVICE} {protocol} dport 53 dnat to {choice}" for protocol in ("udp", "tcp") if pods
        )
        await self.node.run("nft", "-f", "-", stdin=_PROXY.format(rules=rules, service=SERVICE))

    async def flush(self, pod: str) -> None:
        """Forget the UDP flows to a Pod, and only those: TCP stays until it is closed."""
        begun = time.monotonic()
        with contextlib.suppress(subprocess.CalledProcessError):  # there were none
            flows = ("-p", "udp", "--orig-dst", SERVICE, "--reply-src", self.addresses[pod])
            await self.node.run("conntrack", "-D", *flows)
        self.flushes.append((begun, time.monotonic()))

    async def arrivals(self, pod: str) -> int:
        """Return how many datagrams and connections were sent to a Pod so far."""
        listed = json.loads(await self.node.run("nft", "-j", "list", "counters", "table", "ip", "arrivals"))
        counters = [each["counter"] for each in listed["nftables"] if "counter" in each]
        return next(int(each["packets"]) for each in counters if each["name"] == pod)


@contextlib.contextmanager
def built(*pods: str) -> Iterator[Network]:
    """Make the namespaces of a client, a node and some Pods."""
    with contextlib.ExitStack() as stack:
        names = ("node", "client", *pods)
        node, client, *others = (stack.enter_context(opened(name)) for name in names)
        addresses = {name: f"10.{index}.0.2" for index, name in enumerate(("client", *pods), 10)}
        yield Network(node, client, dict(zip(pods, others, strict=True)), addresses)


def _gateway(address: str) -> str:
    return re.sub(r"\d+$", "1", address)
