"""`metadata`: collects what the plugins of a server block know about a query, for those that show it."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.corefile.reading import own_zones, plain
from kdns.corefile.values import Directive
from kdns.plugins._once import only
from kdns.wire.names import Name, fold, longest_suffix


class Metadata(Plugin):
    """Knows of a query for a name in `zones` (folded) what the others of `plugins` know."""

    name = "metadata"

    def __init__(self, zones: Iterable[Name], plugins: Callable[[], Sequence[Plugin]]) -> None:
        self._zones = dict.fromkeys(zones, True)
        self._plugins = plugins

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Metadata":
        return cls(own_zones(plain(only(directives)), setting.block), setting.plugins)

    def metadata(self, query: Query, client: str) -> Mapping[str, str]:
        if not longest_suffix(fold(query.name), self._zones):
            return {}
        others = (plugin for plugin in self._plugins() if plugin is not self)
        return {label: value for each in others for label, value in each.metadata(query, client).items()}
