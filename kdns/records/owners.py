"""What a name below the cluster zone stands for: its labels told apart, before any object is looked at.

Labels are folded ASCII text here; a label that is no ASCII names nothing that a cluster can have.
"""

from typing import NamedTuple

from kdns.wire.names import Name, labels

SERVICE_BRANCH = "svc"
POD_BRANCH = "pod"


class Owner(NamedTuple):
    """The parts of `[_port._protocol. | endpoint.]service.namespace.(svc|pod)`, "" where absent.

    `extra` tells that more labels were left of these than any record has. `port` and `protocol` have lost
    their underscore; `has_port` tells that both labels were there, even if nothing was left of them.
    """

    branch: str
    namespace: str = ""
    service: str = ""
    endpoint: str = ""
    protocol: str = ""
    port: str = ""
    has_port: bool = False
    extra: bool = False


def read_owner(relative: list[str]) -> Owner:
    """Return the parts of a name given as its labels without the zone's, leftmost first; never none.

    The underscores of port and protocol are optional, and a lone "_" matches anything (CoreDNS's parse.go).
    """
    match relative[::-1]:
        case [branch]:
            return Owner(branch)
        case [branch, namespace]:
            return Owner(branch, namespace)
        case [branch, namespace, service]:
            return Owner(branch, namespace, service)
        case [branch, namespace, service, endpoint]:
            return Owner(branch, namespace, service, endpoint)
        case [branch, namespace, service, protocol, port]:
            return Owner(
                branch,
                namespace,
                service,
                protocol=protocol.removeprefix("_"),
                port=port.removeprefix("_"),
                has_port=True,
            )
        case [branch, namespace, service, *_]:
            return Owner(branch, namespace, service, extra=True)
    raise ValueError("the zone itself has no owner parts")


def relative_labels(folded: Name, zone: Name) -> list[str]:
    """Return the labels of `folded` above `zone` as text, one character an octet."""
    above = labels(Name(folded[: len(folded) - len(zone)] + b"\0"))
    return [label.decode("latin-1") for label in above]
