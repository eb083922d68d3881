"""The Pod that a command is asked about: in a manifest, in a cluster's manifests, or at an API server.

Nothing is watched and no ClusterState made: Pods without an address count too.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from kdns.app import Sources
from kdns.cli.objects import Named, before, from_environment, sources_of
from kdns.cli.options import UsageError, add_object_options, manifest_paths
from kdns.search.kubelet_validation import refusals
from kdns.sources.documents import documents
from kdns.sources.drafts import DEFAULT_NAMESPACE
from kdns.sources.errors import ClusterError
from kdns.sources.fields import NotUnderstood
from kdns.sources.files import look
from kdns.sources.podfiles import PodFiles, Written
from kdns.sources.pods import pod_of
from kdns.sources.shapes import PodShape, ServiceShape, from_json

KUBE_DNS = ("kube-system", "kube-dns")
"""The Service whose address kubelets are given, whichever DNS server is behind it."""

_NO_CLUSTER = "where is this Pod? Name manifests with --cluster PATH, or an API server with --kubeconfig FILE"


class Found(NamedTuple):
    """A Pod, and the addresses of its cluster's DNS server; none if that is not known."""

    written: Written
    cluster_dns: tuple[str, ...]


def add_pod_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which Pod is meant and where it is."""
    parser.add_argument("pod", nargs="?", metavar="POD", help="the Pod's name")
    parser.add_argument("-n", "--namespace", metavar="NAMESPACE", help=f"default: {DEFAULT_NAMESPACE}")
    where = parser.add_argument_group("where the Pod is")
    where.add_argument(
        "-f",
        "--filename",
        metavar="FILE",
        help="a manifest (YAML or JSON) of a Pod or of a workload with a template, - for standard input; "
        "POD says which one if there are several",
    )
    add_object_options(where)


def find_pod(arguments: argparse.Namespace, asks_for_dns: bool) -> Found:
    """Return the Pod that the arguments name. Raises UsageError, ClusterError.

    A manifest that an API server would refuse is an error, in its words. Only if `asks_for_dns`, the
    Service kube-system/kube-dns is looked for.
    """
    options = Named(manifest_paths(arguments), arguments.kubeconfig, context=arguments.context or "")
    if arguments.filename is not None:
        return Found(_in_file(arguments), _cluster_dns(sources_of(options)) if asks_for_dns else ())
    if not arguments.pod:
        raise UsageError("name a Pod (-n NAMESPACE POD) or a manifest that has one (-f FILE)")
    named = before(options, from_environment(os.environ))
    if not named.says_where:
        raise UsageError(_NO_CLUSTER)
    sources = sources_of(named)
    namespace = arguments.namespace or DEFAULT_NAMESPACE
    if sources.manifests:
        files = _read_files(sources.manifests.paths)
        written = _only(files.named(namespace, arguments.pod), files, f"Pod {namespace}/{arguments.pod}")
        return Found(written, files.cluster_ips.get(KUBE_DNS, ())[:1])
    written = _at_server(sources, namespace, arguments.pod)
    return Found(written, _cluster_dns(sources) if asks_for_dns else ())


def _in_file(arguments: argparse.Namespace) -> Written:
    """Return what the manifest has, of several the one that is named."""
    namespace, pod, name = arguments.namespace, arguments.pod, arguments.filename
    files = PodFiles(namespace or DEFAULT_NAMESPACE)
    if name == "-":
        files.take(Path("<standard input>"), documents(sys.stdin.buffer.read(), is_json=False))
    else:
        _read_file(files, Path(name))
    if files.problems and not files.written:
        raise UsageError("; ".join(map(str, files.problems)))
    _print_problems(files)
    found = [each for each in files.written if pod in (None, each.pod.name)]
    if namespace:
        found = [each for each in found if each.pod.namespace == namespace]
    what = f"Pod {namespace + '/' if namespace else ''}{pod or ''}".rstrip(" /")
    return _only(found, files, f"{what} in {name}")


def _read_files(paths: Iterable[Path]) -> PodFiles:
    seen = look(paths)
    for path, failure in seen.failures.items():
        raise UsageError(f"{path}: {failure.reason}")
    files = PodFiles()
    for path in seen.files:
        _read_file(files, path)
    _print_problems(files)
    return files


def _read_file(files: PodFiles, path: Path) -> None:
    try:
        files.read(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'it changed while it was read'}") from error


def _print_problems(files: PodFiles) -> None:
    for problem in files.problems:
        print(problem, file=sys.stderr)


def _only(found: list[Written], files: PodFiles, what: str) -> Written:
    """Return the one that was found, if an API server would take it."""
    if len(found) != 1:
        there = [each.title for each in found or files.written]
        listed = ", ".join(there[:10]) + (f" and {len(there) - 10} more" if len(there) > 10 else "")
        raise UsageError(
            f"{'more than one' if found else 'no'} {what}{'; there is ' if listed else ''}{listed}"
        )
    (written,) = found
    if reasons := refusals(written.pod, written.field):
        raise UsageError(f"{written.title} is invalid: {'; '.join(reasons)}")
    return written


def _at_server(sources: Sources, namespace: str, name: str) -> Written:
    raw = _ask(sources, "Pod", namespace, name)
    try:
        return Written("Pod", pod_of(from_json(PodShape, raw)), "spec")
    except NotUnderstood as error:
        raise UsageError(f"Pod {namespace}/{name}: {error}") from error


def _cluster_dns(sources: Sources) -> tuple[str, ...]:
    """Return the first ClusterIP of the Service, none if there is no cluster or no such Service in it."""
    if sources.manifests:
        return _read_files(sources.manifests.paths).cluster_ips.get(KUBE_DNS, ())[:1]
    if not sources.api:
        return ()
    try:
        spec = from_json(ServiceShape, _ask(sources, "Service", *KUBE_DNS)).spec
    except (ClusterError, NotUnderstood) as error:
        print(f"kdns: {error}; --cluster-dns is its default", file=sys.stderr)
        return ()
    return tuple(each for each in [spec and spec.cluster_ip] if each and each != "None")


def _ask(sources: Sources, kind: str, namespace: str, name: str) -> bytes:
    from kdns.sources.api.once import read_object  # 17 MiB that manifests do without

    assert sources.api is not None, "not called without an API server"
    return read_object(sources.api, kind, namespace, name)
