"""Options that several commands share, and how their values are read."""

import argparse
import ipaddress
from pathlib import Path

from kdns.records.options import PodMode, RecordOptions
from kdns.wire.names import ROOT, BadName, Name, fold, from_text

DEFAULT_SERVICE_CIDR = "10.96.0.0/16"
MOST_TTL = 3600


class UsageError(Exception):
    """What the user asked for can't be done; the message says why and what would help."""


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which objects there are and what records they make."""
    parser.add_argument(
        "--cluster",
        metavar="PATH",
        type=Path,
        action="append",
        default=[],
        help="a file or folder of Kubernetes manifests (YAML or JSON); may be repeated",
    )
    parser.add_argument("--demo", action="store_true", help="use the built-in example cluster")
    parser.add_argument(
        "--zone", type=zone_name, default="cluster.local", help="the cluster domain (default: %(default)s)"
    )
    parser.add_argument(
        "--ttl",
        type=ttl_seconds,
        default=30,
        metavar="SECONDS",
        help="TTL of the cluster's records, 0 to 3600 (default: %(default)s)",
    )
    parser.add_argument(
        "--pods",
        type=PodMode,
        choices=list(PodMode),
        default=PodMode.INSECURE,
        help="which names like 10-1-2-3.NAMESPACE.pod.ZONE exist: none, every address, "
        "or those of Pods that are there (default: %(default)s)",
    )
    parser.add_argument(
        "--service-cidr",
        type=service_cidr,
        default=DEFAULT_SERVICE_CIDR,
        metavar="CIDR",
        help="where Services in manifests get the ClusterIP they lack (default: %(default)s)",
    )


def record_options(arguments: argparse.Namespace, own_addresses: tuple[str, ...] = ()) -> RecordOptions:
    """Return the record options that these arguments ask for."""
    return RecordOptions(
        zone=arguments.zone, ttl=arguments.ttl, pods=arguments.pods, own_addresses=own_addresses
    )


def domain_name(text: str) -> Name:
    """Read a domain name, with or without its final dot."""
    try:
        return from_text(text)
    except BadName as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no domain name: {error}") from error


def zone_name(text: str) -> Name:
    """Read the name of a zone, which is kept in lower case."""
    name = fold(domain_name(text))
    if name == ROOT:
        raise argparse.ArgumentTypeError("the root can't be the cluster domain")
    return name


def ttl_seconds(text: str) -> int:
    """Read a TTL as CoreDNS's `ttl` allows it."""
    if not text.isdecimal() or not 0 <= int(text) <= MOST_TTL:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0 to {MOST_TTL}")
    return int(text)


def service_cidr(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read a network such as 10.96.0.0/16."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no network: {error}") from error
