"""What `metadata` has collected, for plugins that write it down."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from kdns.answering.plugin import Setting
from kdns.answering.queries import Query

About: TypeAlias = Callable[[Query, str], Mapping[str, str]]
"""Gives what is known about a query from this address, by labels."""


def collected(setting: Setting) -> About:
    """Return what the block's `metadata` collects: nothing, if there is none."""
    plugins = setting.plugins

    def about(query: Query, client: str) -> Mapping[str, str]:
        for plugin in plugins():
            if plugin.name == "metadata":
                return plugin.metadata(query, client)
        return {}

    return about


def nothing(query: Query, client: str) -> Mapping[str, str]:
    """Know nothing about any query."""
    return {}
