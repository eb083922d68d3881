"""`kdns serve`: answer queries about a cluster without a Corefile, which the options stand for."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kdns.cli.objects import Named, before, from_environment, sources_of
from kdns.cli.options import NO_CLUSTER, UsageError, add_cluster_options, manifest_paths
from kdns.cli.running import serve_until_signal, version_lines
from kdns.cli.shortcut import Shortcut, corefile_text
from kdns.corefile.parsing import parse_corefile
from kdns.servers.addresses import ListenAddress, parse_listen
from kdns.wire.names import Name, from_text, to_text
from kdns.zones.masterfile import MasterFileError, load_zone
from kdns.zones.shipped import shipped_zone_paths

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
    parser.add_argument(
        "--print-corefile",
        action="store_true",
        help="print the Corefile that all this stands for, to start from, and exit; "
        "what --cluster and --state-dir say goes beside -conf",
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
    """Serve until a signal ends it, or print the Corefile to do it with."""
    named = before(_named(arguments), from_environment(os.environ))
    text = corefile_text(_told(arguments, named))
    if arguments.print_corefile:
        print(text, end="")
        return 0
    if not named.says_where:
        raise UsageError(NO_CLUSTER)

    def greet(served: Sequence[str]) -> None:
        demo = _demo_lines(_listen(arguments)[0], to_text(arguments.zone)) if arguments.demo else ()
        print(*served, *version_lines(), *demo, sep="\n", flush=True)

    return serve_until_signal(lambda: parse_corefile(text, "<kdns serve>", {}), sources_of(named), greet)


def _told(arguments: argparse.Namespace, named: Named) -> Shortcut:
    return Shortcut(
        listen=_listen(arguments),
        zone=arguments.zone,
        ttl=arguments.ttl,
        pods=arguments.pods,
        master_files=_master_files(arguments.zone_file, arguments.zone),
        api=_api_property(named),
        metrics=arguments.metrics,
        probes=arguments.probes,
    )


def _listen(arguments: argparse.Namespace) -> Sequence[ListenAddress]:
    return arguments.listen or [parse_listen(_DEFAULT_LISTEN)]


def _master_files(paths: Sequence[Path], cluster_domain: Name) -> Mapping[Name, Path]:
    """Return the master files by their origins, shipped ones first; of one origin the last counts."""
    found = {from_text(f"{path.stem}."): path for path in shipped_zone_paths()}
    for path in paths:
        try:
            origin = load_zone(path).origin
        except (OSError, MasterFileError) as error:
            raise UsageError(str(error)) from error
        if origin == cluster_domain:
            raise UsageError(f"{path}: the zone {to_text(origin)} is made of the cluster's objects")
        found[origin] = path
    return found


def _api_property(named: Named) -> Sequence[str]:
    """Return the Corefile's words for where the API server is, none for manifests or inside a cluster."""
    if named.kubeconfig:
        return ["kubeconfig", os.path.abspath(named.kubeconfig), *filter(None, [named.context])]
    return ["endpoint", named.api_server] if named.api_server else []


def _named(arguments: argparse.Namespace) -> Named:
    return Named(
        cluster=manifest_paths(arguments),
        kubeconfig=arguments.kubeconfig,
        in_cluster=arguments.in_cluster,
        api_server=arguments.api_server or "",
        context=arguments.context or "",
        state_dir=arguments.state_dir,
        service_cidr=arguments.service_cidr,
    )


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
