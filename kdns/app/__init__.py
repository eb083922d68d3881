"""The composition root: from a Corefile to a process that serves it, and to the next Corefile.

The only place that knows all rooms. It decides nothing about DNS.
"""

from kdns.app.errors import StartError
from kdns.app.planning import chains, check
from kdns.app.service import serve
from kdns.app.succession import Sources

__all__ = ["Sources", "StartError", "chains", "check", "serve"]
