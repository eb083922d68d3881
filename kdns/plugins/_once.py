"""For plugins of which a server block may have one directive."""

from collections.abc import Sequence

from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.values import Directive


def only(directives: Sequence[Directive]) -> Directive:
    """Return the directive, of which there must be no second. Raises CorefileError."""
    first, *others = directives
    if others:
        found = f"a second {shown(first.name.text)}"
        raise CorefileError(others[0].position, found, f"one in a server block, that at {first.position}")
    return first
