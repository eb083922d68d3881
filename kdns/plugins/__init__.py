"""One module a plugin, all of the same shape. What authors of plugins need is here by its name."""

from kdns.answering.chain import Rest
from kdns.answering.plugin import OK, Exchange, Page, Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, followed, then
from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Directive

__all__ = [
    "OK",
    "CorefileError",
    "Directive",
    "Exchange",
    "Outcome",
    "Page",
    "Plugin",
    "Query",
    "Response",
    "Rest",
    "Setting",
    "followed",
    "then",
]
