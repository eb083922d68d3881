"""`kdns serve`: answer queries about a cluster given as manifests."""

import argparse
import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdns.app import Settings, StartError, serve
from kdns.cli.options import UsageError, add_cluster_options, manifests_of, record_options
from kdns.servers.addresses import ListenAddress, parse_listen
from kdns.servers.own import own_addresses
from kdns.wire.names import to_text

if TYPE_CHECKING:
    from kdns.sources.api.access import Configure

_DEFAULT_LISTEN = "127.0.0.1:1053"

_DEMO_QUESTIONS = (
    ("nginx-service.default.svc.{zone}", "", "a ClusterIP Service"),
    ("multi-port-service.default.svc.{zone}", "SRV _http._tcp.", "a named port"),
    ("postgres-headless.default.svc.{zone}", "", "a headless Service: all its Pods"),
    ("postgres-0.postgres-headless.default.svc.{zone}", "", "one Pod of a StatefulSet"),
    ("external-service.default.svc.{zone}", "", "an ExternalName Service"),
    ("external-db.default.svc.{zone}", "", "a Service with hand-written Endpoints"),
    ("10-244-1-10.default.pod.{zone}", "", "a Pod by its address"),
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "serve",
        help="answer queries",
        description="Answer DNS queries about a cluster: its Services, Pods and addresses. Manifests are "
        "watched, an edit is answered anew within two seconds. SIGTERM and SIGINT stop it in order.",
        epilog="first steps: kdns serve --demo; it prints what to ask",
    )
    add_cluster_options(parser)
    parser.add_argument(
        "--listen",
        metavar="ADDR:PORT",
        type=_listen_address,
        action="append",
        help="where to listen, UDP and TCP; may be repeated; :53 means every address "
        f"(default: {_DEFAULT_LISTEN})",
    )
    _add_api_options(parser)
    parser.add_argument(
        "--zone-file",
        metavar="PATH",
        type=Path,
        action="append",
        default=[],
        help="a master file to serve as a static zone; may be repeated",
    )
    parser.set_defaults(run=run)


def _add_api_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that matter with an API server."""
    api = parser.add_argument_group("from an API server, instead of manifests").add_mutually_exclusive_group()
    api.add_argument("--kubeconfig", metavar="FILE", type=Path, help="the server that a kubeconfig leads to")
    api.add_argument("--in-cluster", action="store_true", help="the cluster that this Pod runs in")
    api.add_argument("--api-server", metavar="URL", help="a server that asks for no credentials")
    parser.add_argument(
        "--context", metavar="NAME", help="the kubeconfig's context (default: its current one)"
    )
    parser.add_argument(
        "--state-dir",
        metavar="DIR",
        type=Path,
        help="where the state of the cluster is kept on disk, to be served after a restart until the API "
        "server answers",
    )
    parser.add_argument(
        "--metrics", metavar="ADDR:PORT", type=_listen_address, help="serve /metrics for Prometheus there"
    )
    parser.add_argument(
        "--probes", metavar="ADDR:PORT", type=_listen_address, help="serve /health and /ready there"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    listen = arguments.listen or [parse_listen(_DEFAULT_LISTEN)]
    configure = _api_of(arguments)
    if arguments.context and not arguments.kubeconfig:
        raise UsageError("--context goes with --kubeconfig: it is one of that file's")
    if arguments.state_dir and not configure:
        raise UsageError("--state-dir goes with an API server: manifests are on disk already")
    settings = Settings(
        listen=listen,
        manifests=None if configure else manifests_of(arguments),
        api=configure,
        records=record_options(arguments, own_addresses(listen)),
        zone_files=arguments.zone_file,
        state_dir=arguments.state_dir,
        metrics=arguments.metrics,
        probes=arguments.probes,
    )

    def greet() -> None:
        if arguments.demo:
            print(*_demo_lines(listen[0], to_text(arguments.zone)), sep="\n", flush=True)

    try:
        asyncio.run(serve(settings, greet))
    except StartError as error:
        raise UsageError(str(error)) from error
    return 0


def _api_of(arguments: argparse.Namespace) -> "Configure | None":
    """Return how to reach the API server that the arguments name, None if they name manifests."""
    chosen = arguments.kubeconfig or arguments.in_cluster or arguments.api_server
    if not chosen:
        return None
    if arguments.cluster or arguments.demo:
        raise UsageError("the objects come either from an API server or from --cluster and --demo")
    from kdns.sources.api import access  # 17 MiB that a server on manifests does without

    if arguments.kubeconfig:
        return access.from_kubeconfig(arguments.kubeconfig, arguments.context)
    return access.in_cluster() if arguments.in_cluster else access.from_url(arguments.api_server)


def _listen_address(text: str) -> ListenAddress:
    try:
        return parse_listen(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _demo_lines(listen: ListenAddress, zone: str) -> Sequence[str]:
    """Return the `dig` lines that show what there is to see."""
    host, port = listen.host or "127.0.0.1", listen.port
    lines = ["", "The demo cluster is being served. Try, in another terminal:", ""]
    for name, rest, what in _DEMO_QUESTIONS:
        qtype, _, prefix = rest.partition(" ")
        question = prefix + name.format(zone=zone.rstrip("."))
        lines.append(f"  dig @{host} -p {port} {qtype + ' ' if qtype else ''}{question}    # {what}")
    lines.append(f"  dig @{host} -p {port} -x 10.96.0.1    # whose address is this?")
    lines += ["", "Without dig: kdns query NAME [TYPE]. Ctrl-C stops the server.", ""]
    return lines
