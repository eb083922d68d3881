"""Where a server's objects come from: options and environment variables in, `Sources` out.

Nothing of this can be said in a Corefile, so that one that kdns runs stays valid for CoreDNS.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kdns.app import Sources
from kdns.cli.options import UsageError, manifests_of

if TYPE_CHECKING:
    from kdns.sources.api.access import Configure

ENVIRONMENT = ("KDNS_CLUSTER", "KDNS_KUBECONFIG", "KDNS_CONTEXT", "KDNS_STATE_DIR", "KDNS_SERVICE_CIDR")
"""Every option that only kdns has, as a variable. KDNS_CLUSTER is paths with ":" between them."""


@dataclass(frozen=True, slots=True)
class Named:
    """What was named on the command line or in the environment; empty where nothing was."""

    cluster: tuple[Path, ...] = ()
    kubeconfig: Path | None = None
    in_cluster: bool = False
    api_server: str = ""
    context: str = ""
    state_dir: Path | None = None
    service_cidr: str = ""

    @property
    def says_where(self) -> bool:
        """Whether it says at all where objects come from."""
        return bool(self.cluster or self.kubeconfig or self.in_cluster or self.api_server)


def path_or_none(text: str | None) -> Path | None:
    return Path(text) if text else None


def from_environment(environ: Mapping[str, str]) -> Named:
    """Read the variables; one that is empty is as good as not set."""
    return Named(
        cluster=tuple(Path(each) for each in environ.get("KDNS_CLUSTER", "").split(os.pathsep) if each),
        kubeconfig=path_or_none(environ.get("KDNS_KUBECONFIG")),
        context=environ.get("KDNS_CONTEXT", ""),
        state_dir=path_or_none(environ.get("KDNS_STATE_DIR")),
        service_cidr=environ.get("KDNS_SERVICE_CIDR", ""),
    )


def before(options: Named, environment: Named) -> Named:
    """Return what options say, and the environment where they say nothing.

    Where objects come from is one thing to say. Of the environment only that counts which goes with the rest:
    a state directory is no error there beside manifests.
    """
    where = options if options.says_where else environment
    return replace(
        where,
        context=options.context or (environment.context if where.kubeconfig else ""),
        state_dir=options.state_dir or (None if where.cluster else environment.state_dir),
        service_cidr=options.service_cidr or environment.service_cidr,
    )


def sources_of(named: Named) -> Sources:
    """Return the sources: where nothing was named, the Corefile says it. Raises UsageError."""
    is_api = bool(named.kubeconfig or named.in_cluster or named.api_server)
    if named.cluster and is_api:
        raise UsageError("the objects come either from an API server or from --cluster and --demo")
    if named.context and not named.kubeconfig:
        raise UsageError("--context goes with --kubeconfig: it is one of that file's")
    if named.state_dir and named.cluster:
        raise UsageError("--state-dir goes with an API server: manifests are on disk already")
    if named.cluster:
        return Sources(manifests=manifests_of(named.cluster, named.service_cidr))
    return Sources(api=_configure(named) if is_api else None, state_dir=named.state_dir)


def _configure(named: Named) -> "Configure":
    from kdns.sources.api import access  # 17 MiB that a server on manifests does without

    if named.kubeconfig:
        return access.from_kubeconfig(named.kubeconfig, named.context or None)
    return access.in_cluster() if named.in_cluster else access.from_url(named.api_server)
