"""`kdns resolvconf`: the resolv.conf that a Pod has, where its lines come from, what it makes of a name."""

import argparse
import json
import os
import sys
from pathlib import Path

from kdns.cli.options import UsageError
from kdns.cli.pods import Found, add_pod_options, find_pod
from kdns.search.kubelet import CLUSTER_FIRST, WITH_HOST_NET, PodResolvConf, resolv_conf
from kdns.search.kubelet_node import MOST_FILE, Refused, limit_warning, read_node
from kdns.search.kubelet_text import comment, explained_text, file_text
from kdns.search.resolvers import Resolver, questions, read
from kdns.sources.errors import ClusterError
from kdns.sources.podfiles import Written
from kdns.wire.names import to_text

DEFAULT_CLUSTER_DNS = "10.96.0.10"
NODE_FILES = ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf")
"""kubeadm names the first where systemd-resolved runs; kubelet's own default is the second."""

_EITHER = "--resolv-conf takes the place of a Pod: leave out POD, -f, --cluster, --demo and --kubeconfig"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "resolvconf",
        help="print the resolv.conf that a Pod has, and what it makes of a name",
        description="Print the resolv.conf that kubelet gives a Pod, with comments that say where each line "
        "comes from and what was cut; or, with --search, the names that a resolver asks for because of it.",
    )
    add_pod_options(parser)
    kubelet = parser.add_argument_group("what kubelet is told", "An empty value says that it has none.")
    kubelet.add_argument(
        "--cluster-dns",
        metavar="IP[,IP]",
        type=_addresses,
        help="default: the ClusterIP of the Service kube-system/kube-dns if the cluster has one, "
        f"else {DEFAULT_CLUSTER_DNS}",
    )
    kubelet.add_argument(
        "--cluster-domain",
        metavar="DOMAIN",
        type=_clean,
        default="cluster.local",
        help="default: %(default)s",
    )
    kubelet.add_argument(
        "--node-resolv-conf",
        metavar="FILE",
        help=f"the node's file (default: {' or '.join(NODE_FILES)} of this machine, the first that exists)",
    )
    kubelet.add_argument(
        "--node-ip",
        metavar="IP[,IP]",
        type=_addresses,
        default=(),
        help="matters only where there is no --node-resolv-conf",
    )
    _add_output_options(parser)
    parser.set_defaults(run=run)


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("what to print")
    output.add_argument(
        "--search", metavar="NAME", type=_clean, help="the questions that a resolver asks for this name"
    )
    output.add_argument(
        "--resolver", choices=[*map(str, Resolver)], help=f"whose rules (default: {Resolver.GLIBC})"
    )
    output.add_argument(
        "--resolv-conf",
        metavar="FILE",
        help="with --search: this file instead of a Pod's, - for standard input",
    )
    output.add_argument("--output", choices=["text", "json"], default="text", help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Print the file or the questions."""
    if arguments.resolver and arguments.search is None:
        raise UsageError("--resolver goes with --search NAME")
    if arguments.resolv_conf is not None:
        _print_questions(arguments, _plain_text(arguments))
        return 0
    try:
        found = find_pod(arguments, asks_for_dns=arguments.cluster_dns is None)
        made, told = _resolv_conf(arguments, found)
    except Refused as error:
        raise UsageError(f"kubelet refuses the Pod: {error}") from error
    except ClusterError as error:
        raise UsageError(str(error)) from error
    if arguments.search is not None:
        _print_questions(arguments, file_text(made.conf))
    elif arguments.output == "json":
        print(json.dumps({**made.conf._asdict(), "warnings": made.warnings}))
    else:
        print(comment(_title(found.written, made)), *map(comment, told), sep="\n")
        print(explained_text(made), end="")
    return 0


def _resolv_conf(arguments: argparse.Namespace, found: Found) -> tuple[PodResolvConf, list[str]]:
    """Return the Pod's file, and what there is to say about its node. Raises Refused."""
    path = arguments.node_resolv_conf
    if path is None:
        path = next(filter(_exists, NODE_FILES), NODE_FILES[-1])
    dns = arguments.cluster_dns
    if dns is None:
        dns = found.cluster_dns or (DEFAULT_CLUSTER_DNS,)
    node = read_node(_node_text(path), dns, arguments.cluster_domain, arguments.node_ip)
    told = [
        f"kubelet --cluster-dns={','.join(dns)} --cluster-domain={arguments.cluster_domain} "
        f"--resolv-conf={_clean(path)}"
        + (f" --node-ip={','.join(arguments.node_ip)}" if arguments.node_ip else "")
    ]
    if warning := limit_warning(node, _clean(path)):
        told.append(f"warning about the node: {warning}")
    return resolv_conf(found.written.pod, node), told


def _exists(path: str) -> bool:
    return Path(path).is_file()


def _node_text(path: str) -> str | None:
    """Return what kubelet reads, None if it is told of no file. Raises Refused."""
    if not path:
        return None
    try:
        with Path(path).open("rb") as file:
            return _text_of(file.read(MOST_FILE))
    except OSError as error:
        raise Refused(f"open {path}: {(error.strerror or str(error)).lower()}") from error


def _text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _title(written: Written, made: PodResolvConf) -> str:
    """Return the Pod's name and the policy, its own and the one that kubelet followed."""
    pod = written.pod
    host = " with hostNetwork" if pod.host_network else ""
    is_followed = (CLUSTER_FIRST if pod.dns_policy == WITH_HOST_NET else pod.dns_policy) == made.policy
    return f"{written.title}, dnsPolicy {pod.dns_policy}{host}" + (
        "" if is_followed else f", treated as {made.policy}"
    )


def _plain_text(arguments: argparse.Namespace) -> str:
    """Return the text of --resolv-conf."""
    if arguments.search is None:
        raise UsageError("--resolv-conf goes with --search NAME")
    if arguments.pod or arguments.filename or arguments.cluster or arguments.demo or arguments.kubeconfig:
        raise UsageError(_EITHER)
    path = arguments.resolv_conf
    try:
        return _text_of(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _print_questions(arguments: argparse.Namespace, text: str) -> None:
    resolver = Resolver(arguments.resolver or Resolver.GLIBC)
    asked = [to_text(each) for each in questions(arguments.search, read(text, resolver), resolver)]
    if not asked:
        print(f"kdns: {resolver} asks nothing for {arguments.search!r}", file=sys.stderr)
    if arguments.output == "json":
        print(json.dumps({"queries": asked}))
    else:
        print("".join(f"{each}\n" for each in asked), end="")


def _clean(text: str) -> str:
    """Return a word of the command line without what is no text, which nobody could encode."""
    return _text_of(os.fsencode(text))


def _addresses(text: str) -> tuple[str, ...]:
    """Read addresses with commas between them; none for an empty text."""
    given = tuple(each.strip() for each in text.split(",")) if text else ()
    try:
        read_node(None, given)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return given
