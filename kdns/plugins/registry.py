"""Which plugins there are, where each stands in the chain, and how a server block's are set up.

The order is CoreDNS's (plugin.cfg of 1.14), whatever the order in the Corefile.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from kdns.answering.plugin import Plugin, Setting
from kdns.corefile.errors import CorefileError, nearest, shown
from kdns.corefile.values import Directive, ServerBlock

ORDER = tuple(
    """
    root metadata geoip cancel proxyproto quic grpc_server https https3 timeouts multisocket reload nsid
    bufsize bind debug trace ready health pprof shed prometheus errors log dnstap local dns64 any chaos
    loadbalance tsig rewrite autopath acl cache header dnssec tls minimal template transfer hosts route53
    azure clouddns k8s_external kubernetes file auto secondary etcd loop forward grpc erratic whoami on sign
    view nomad
    """.split()  # noqa: SIM905 -- as a list it would be sixty lines
)
"""Every plugin of CoreDNS, those that kdns does not have, too."""

SHIPPED = {
    "acl": "Acl",
    "any": "Any",
    "auto": "Auto",
    "autopath": "AutoPath",
    "bind": "Bind",
    "bufsize": "Bufsize",
    "cache": "Cache",
    "cancel": "Cancel",
    "chaos": "Chaos",
    "debug": "Debug",
    "errors": "Errors",
    "file": "File",
    "forward": "Forward",
    "header": "Header",
    "health": "Health",
    "hosts": "Hosts",
    "kubernetes": "Kubernetes",
    "loadbalance": "LoadBalance",
    "local": "Local",
    "log": "Log",
    "loop": "Loop",
    "metadata": "Metadata",
    "minimal": "Minimal",
    "nsid": "Nsid",
    "prometheus": "Prometheus",
    "ready": "Ready",
    "reload": "Reload",
    "rewrite": "Rewrite",
    "template": "Template",
    "transfer": "Transfer",
    "timeouts": "Timeouts",
    "whoami": "Whoami",
}
"""Plugin → its class, in the module `kdns.plugins.<plugin>`, which is imported when a Corefile names it."""

GROUP = "kdns.plugins"
"""The entry point group by which other packages' plugins are found."""

SettingFor = Callable[[tuple[str, ...]], Setting]
"""Gives the setting of a block from the hosts that it is to listen on (none = every address)."""


def set_up(block: ServerBlock, setting_for: SettingFor, problems: list[CorefileError]) -> tuple[Plugin, ...]:
    """Return the block's plugins in the order of the chain; what is wrong is added to `problems`."""
    classes = _classes(block, problems)
    grouped: dict[str, list[Directive]] = {name: [] for name in classes}
    for directive in block.directives:
        if directive.name.text in grouped:
            grouped[directive.name.text].append(directive)
    setting, plugins = setting_for(()), list[Plugin]()
    for name, directives in grouped.items():
        try:
            plugin = _set_up_one(classes[name], directives, setting)
        except CorefileError as error:
            problems.append(error)
            continue
        plugins.append(plugin)
        if plugin.hosts:
            setting = setting_for(plugin.hosts)
    return tuple(plugins)


def _set_up_one(plugin: type[Plugin], directives: Sequence[Directive], setting: Setting) -> Plugin:
    if plugin.name in SHIPPED:
        return plugin.setup(directives, setting)
    try:
        return plugin.setup(directives, setting)
    except CorefileError:
        raise
    except Exception as error:  # -- it is foreign code, and this is told
        reason = f"{type(error).__name__}: {error}"
        raise CorefileError(directives[0].position, reason, "a plugin that can be set up") from error


def _classes(block: ServerBlock, problems: list[CorefileError]) -> dict[str, type[Plugin]]:
    """Return the classes of the plugins that a block names, in the order of the chain."""
    found: dict[str, type[Plugin]] = {}
    others = {entry.name: entry for entry in entry_points(group=GROUP)}
    for directive in block.directives:
        name = directive.name.text
        if name in found:
            continue
        try:
            found[name] = _class_of(directive, others)
        except CorefileError as error:
            problems.append(error)
    places = {name: _place(name, each) for name, each in found.items()}
    return {name: found[name] for name in sorted(found, key=lambda name: places[name])}


def _class_of(directive: Directive, others: Mapping[str, EntryPoint]) -> type[Plugin]:
    name, position = directive.name.text, directive.position
    if name in SHIPPED:
        return _shipped(name)
    if name in others:
        return _installed(others[name], directive)
    if name in ORDER:
        raise CorefileError(
            position,
            f"the plugin {shown(name)}, which kdns does not have yet",
            "one that it has; take the directive out, or leave this server block to CoreDNS",
        )
    raise CorefileError(
        position, f"{shown(name)}, which is no plugin", "the name of one", nearest(name, {*SHIPPED, *others})
    )


def _shipped(name: str) -> type[Plugin]:
    found: type[Plugin] = getattr(import_module(f"kdns.plugins.{name}"), SHIPPED[name])
    return found


def _installed(entry: EntryPoint, directive: Directive) -> type[Plugin]:
    """Import another package's plugin. Whatever that raises is an error of the Corefile that names it."""
    try:
        found = entry.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise CorefileError(directive.position, f"{entry.value}: {reason}", "a plugin to import") from error
    if not (isinstance(found, type) and issubclass(found, Plugin) and found.before in ORDER):
        raise CorefileError(
            directive.position,
            f"{entry.value}, which is none",
            "a subclass of kdns.plugins.Plugin, `before` one of CoreDNS's plugins",
        )
    return found


def _place(name: str, plugin: type[Plugin]) -> tuple[int, bool, str]:
    """Return where a plugin stands: in CoreDNS's order, another package's right before the one it chose."""
    if name in SHIPPED:
        return ORDER.index(name), True, name
    return ORDER.index(plugin.before), False, name
