"""kubernetes_asyncio without its models: the one place that imports it.

The package's own `__init__` modules import some thousand model classes, which cost 60 MiB and half a second
and of which nothing here uses one. So its two package modules are put in place unexecuted, and of what lies
in them only configuration, credentials and the HTTP client are imported. Each is a module of its own; a
release that moves one fails at import, in the first test.
"""

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias


def _bare_package(name: str) -> ModuleType:
    """Return the package `name` from sys.modules, put there without running its `__init__` if it was not."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    return package


_bare_package("kubernetes_asyncio")
_client: Any = _bare_package("kubernetes_asyncio.client")
if not hasattr(_client, "Configuration"):
    _client.Configuration = importlib.import_module("kubernetes_asyncio.client.configuration").Configuration
    _client.ApiClient = None  # what `config` makes clients of, if asked to; nobody here does

try:
    Path.home()
except RuntimeError:  # nobody knows this user, as in containers: importing `config` looks for a home
    os.environ["HOME"] = "/"
config: Any = importlib.import_module("kubernetes_asyncio.config")
Configuration: TypeAlias = Any
RESTClientObject: TypeAlias = Any
new_configuration: Any = _client.Configuration
new_rest_client: Any = importlib.import_module("kubernetes_asyncio.client.rest").RESTClientObject
ConfigException: type[Exception] = config.ConfigException
