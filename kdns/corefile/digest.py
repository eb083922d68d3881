"""Tells two Corefiles apart by what they say, so that a reload can tell whether one has changed.

Comments, spacing and where a line comes from do not count; the order of directives does.
"""

import json
from hashlib import sha512

from kdns.corefile.values import Corefile, Directive


def fingerprint(corefile: Corefile) -> str:
    """Return the SHA-512 of what a Corefile says, imports and environment included, in hexadecimal."""
    said = [
        [[str(key) for key in block.keys], [_said(directive) for directive in block.directives]]
        for block in corefile.blocks
    ]
    return sha512(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def _said(directive: Directive) -> list[object]:
    block = directive.block
    return [
        directive.name.text,
        [word.text for word in directive.arguments],
        None if block is None else [_said(option) for option in block],
    ]
