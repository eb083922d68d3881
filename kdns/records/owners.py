"""What a name below the cluster zone stands for: its labels told apart, before any object is looked at.

Labels are folded ASCII text here; a label that is no ASCII names nothing that a cluster can have.
"""

from typing import NamedTuple

from kdns.wire.names import Name


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
    match relative:
        case [service, namespace, branch]:
            return Owner(branch, namespace, service)
        case [endpoint, service, namespace, branch]:
            return Owner(branch, namespace, service, endpoint)
        case [port, protocol, service, namespace, branch]:
            port, protocol = port.removeprefix("_"), protocol.removeprefix("_")
            return Owner(branch, namespace, service, "", protocol, port, has_port=True)
        case [namespace, branch]:
            return Owner(branch, namespace)
        case [branch]:
            return Owner(branch)
        case [*_, service, namespace, branch]:
            return Owner(branch, namespace, service, extra=True)
    raise ValueError("the zone itself has no owner parts")


def relative_labels(folded: Name, zone: Name) -> list[str]:
    """Return the labels of `folded` above `zone` as text, one character an octet."""
    end, position, result = len(folded) - len(zone), 0, []
    text = folded.decode("latin-1")
    while position < end:
        after = position + 1 + folded[position]
        result.append(text[position + 1 : after])
        position = after
    return result
