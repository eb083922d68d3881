"""Which namespaces a zone shows: those that exist, are among the chosen ones, and have the right labels."""

from kdns.cluster.state import ClusterState
from kdns.records.options import RecordOptions


def is_exposed(state: ClusterState, options: RecordOptions, namespace: str) -> bool:
    """Tell whether a namespace exists and is shown."""
    held = state.namespaces.get(namespace)
    if held is None or (options.namespaces is not None and namespace not in options.namespaces):
        return False
    return options.namespace_labels is None or options.namespace_labels.takes(dict(held.labels))


def may_be_exposed(state: ClusterState, options: RecordOptions, namespace: str) -> bool:
    """Tell whether a namespace is shown, or may turn out to be: while not all have been seen, nobody knows.

    One whose labels decide is not shown before they are known.
    """
    if namespace in state.namespaces or options.namespace_labels is not None:
        return is_exposed(state, options, namespace)
    is_chosen = options.namespaces is None or namespace in options.namespaces
    return is_chosen and not state.is_synced("Namespace")


def shows_all(options: RecordOptions) -> bool:
    """Tell whether every namespace is shown."""
    return options.namespaces is None and options.namespace_labels is None
