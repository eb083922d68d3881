"""Options that several commands share, and how their values are read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from kdns.demo import DEMO_PATH
from kdns.records.options import PodMode
from kdns.sources.addresses import DEFAULT_SERVICE_CIDR, BadServiceCidr
from kdns.sources.manifests import Manifests
from kdns.wire.names import ROOT, BadName, Name, fold, from_text

MOST_TTL = 3600


NO_CLUSTER = "no cluster: name manifests with --cluster PATH, an API server, or try --demo"


class UsageError(Exception):
    """What the user asked for can't be done; the message says why and what would help."""


def add_manifest_options(where: "argparse._ActionsContainer") -> None:
    """Add the options that name manifests."""
    where.add_argument(
        "--cluster",
        metavar="PATH",
        type=Path,
        action="append",
        default=[],
        help="a file or folder of Kubernetes manifests (YAML or JSON); may be repeated",
    )
    where.add_argument("--demo", action="store_true", help="use the built-in example cluster")


def add_object_options(where: "argparse._ActionsContainer") -> None:
    """Add the options that say where objects are: in manifests, or at the API server of a kubeconfig."""
    add_manifest_options(where)
    where.add_argument(
        "--kubeconfig", metavar="FILE", type=Path, help="the API server that a kubeconfig leads to"
    )
    where.add_argument(
        "--context", metavar="NAME", help="the kubeconfig's context (default: its current one)"
    )


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which objects there are and what records they make."""
    add_manifest_options(parser)
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
        default="",
        metavar="CIDR[,CIDR]",
        help="where Services in manifests get the ClusterIP they lack, one network a family "
        f"(default: {DEFAULT_SERVICE_CIDR})",
    )


def manifest_paths(arguments: argparse.Namespace) -> tuple[Path, ...]:
    """Return the files and folders that the arguments name."""
    return (*arguments.cluster, *([DEMO_PATH] if arguments.demo else []))


def manifests_of(paths: Sequence[Path], service_cidr: str) -> Manifests:
    """Return the manifests at `paths`; "" is the default network. Raises UsageError."""
    try:
        return Manifests(paths, service_cidr or DEFAULT_SERVICE_CIDR)
    except BadServiceCidr as error:
        raise UsageError(str(error)) from error


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
