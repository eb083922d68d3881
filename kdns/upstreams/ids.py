"""Query ids that nobody can guess (RFC 5452, section 9.2): two random octets each.

Drawn from the kernel in batches, since a system call for each would cost more than the rest.
"""

import os
from collections.abc import Iterator

_BATCH = 512


def random_ids() -> Iterator[bytes]:
    """Yield ids for ever."""
    while True:
        octets = os.urandom(2 * _BATCH)
        for position in range(0, 2 * _BATCH, 2):
            yield octets[position : position + 2]
