"""`kdns export`: print the cluster's zone as a master file, for another server or a diff."""

import argparse
import sys

from kdns.cli.options import NO_CLUSTER, UsageError, add_cluster_options, manifest_paths, manifests_of
from kdns.cluster.state import ClusterState
from kdns.records.export import zone_rrsets
from kdns.records.options import RecordOptions
from kdns.sources.difference import difference
from kdns.sources.manifests import UnreadablePath
from kdns.zones.writer import write_zone


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "export",
        help="print the cluster's zone as a master file",
        description="Print the zone that the objects in --cluster make, as a master file (RFC 1035). "
        "What is wrong with them goes to standard error.",
    )
    add_cluster_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the zone; return 1 if an object had to be left out."""
    paths = manifest_paths(arguments)
    if not paths:
        raise UsageError(NO_CLUSTER)
    manifests = manifests_of(paths, arguments.service_cidr)
    try:
        manifests.check()
    except UnreadablePath as error:
        raise UsageError(str(error)) from error
    reading = manifests.read()
    for line in (*reading.problems, *reading.notices):
        print(line, file=sys.stderr)
    state = ClusterState()
    for event in difference(state, reading.objects):
        state.apply(event)
    options = RecordOptions(zone=arguments.zone, ttl=arguments.ttl, pods=arguments.pods)
    for line in write_zone(options.zone, zone_rrsets(state, options)):
        sys.stdout.write(line)
    return 1 if reading.problems else 0
