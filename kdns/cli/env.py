"""`kdns env`: print the environment variables by which a new Pod's containers find Services."""

import argparse
import json
import os
import sys
from collections.abc import Iterable

from kdns.app import Sources
from kdns.cli.objects import Named, before, from_environment, sources_of
from kdns.cli.options import NO_CLUSTER, UsageError, add_object_options, manifest_paths
from kdns.cluster.objects import Service
from kdns.search.environment import MASTER_SERVICE, environment
from kdns.sources.decoding import decode_object
from kdns.sources.errors import ClusterError
from kdns.sources.fields import NotUnderstood, is_label
from kdns.sources.manifests import Manifests


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "env",
        help="print the environment variables that tell a Pod of Services",
        description="Print the variables that kubelet sets in the containers of a new Pod, so that they find "
        "the Services of its namespace and the API server: NAME=value, in order of the names.",
        epilog="Exits with 1 if a Service had to be left out.",
    )
    parser.add_argument(
        "-n",
        "--namespace",
        metavar="NAMESPACE",
        type=_namespace,
        default="default",
        help="the Pod's namespace (default: %(default)s)",
    )
    parser.add_argument(
        "--no-service-links", action="store_true", help="as for a Pod with enableServiceLinks: false"
    )
    parser.add_argument("--output", choices=["text", "json"], default="text", help="default: %(default)s")
    where = parser.add_argument_group("where the Services are")
    add_object_options(where)
    where.add_argument(
        "--service-cidr",
        default="",
        metavar="CIDR[,CIDR]",
        help="where Services in manifests get the ClusterIP they lack",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the variables; return 1 if a Service had to be left out."""
    named = Named(
        cluster=manifest_paths(arguments),
        kubeconfig=arguments.kubeconfig,
        context=arguments.context or "",
        service_cidr=arguments.service_cidr,
    )
    named = before(named, from_environment(os.environ))
    if not named.says_where:
        raise UsageError(NO_CLUSTER)
    try:
        services, problems = _services(sources_of(named), arguments)
    except ClusterError as error:
        raise UsageError(str(error)) from error
    variables, clashes = environment(services, arguments.namespace, not arguments.no_service_links)
    for name, values in clashes.items():
        print(f"{name} is several Services': kubelet takes {' or '.join(values)}", file=sys.stderr)
    if arguments.output == "json":
        print(json.dumps(variables, indent=2))
    else:
        sys.stdout.writelines(f"{name}={value}\n" for name, value in variables.items())
    return int(problems)


def _services(sources: Sources, arguments: argparse.Namespace) -> tuple[list[Service], bool]:
    """Return the Services and whether there are others that are not understood, which are named."""
    if sources.manifests:
        return _in_manifests(sources.manifests)
    return _at_server(sources, arguments.namespace, not arguments.no_service_links)


def _in_manifests(manifests: Manifests) -> tuple[list[Service], bool]:
    manifests.check()
    reading = manifests.read()
    for line in (*reading.problems, *reading.notices):
        print(line, file=sys.stderr)
    return [each for each in reading.objects.values() if isinstance(each, Service)], bool(reading.problems)


def _at_server(sources: Sources, namespace: str, service_links: bool) -> tuple[list[Service], bool]:
    """Ask for no more than there is a use for. Who may not see the API server's own Service does without."""
    from kdns.sources.api.once import RequestFailed, read_object, read_objects  # 17 MiB for manifests

    assert sources.api is not None, "not called without an API server"
    raws = read_objects(sources.api, "Service", namespace) if service_links else []
    refused = False
    if not service_links or namespace != MASTER_SERVICE.namespace:
        try:
            raws.append(read_object(sources.api, "Service", *MASTER_SERVICE))
        except RequestFailed as error:
            print(f"left out: {error}", file=sys.stderr)
            refused = True
    services, problems = _decoded(raws)
    return services, problems or refused


def _decoded(raws: Iterable[bytes]) -> tuple[list[Service], bool]:
    services, problems = [], False
    for raw in raws:
        try:
            service = decode_object("Service", raw)
        except NotUnderstood as error:
            print(f"left out: {error}", file=sys.stderr)
            problems = True
            continue
        if isinstance(service, Service):
            services.append(service)
    return services, problems


def _namespace(text: str) -> str:
    if not is_label(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a namespace")
    return text
