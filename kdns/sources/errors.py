"""The one exception that a source may raise at its start."""


class ClusterError(Exception):
    """A cluster that can't be read; the message says why, for the person who named it."""
