"""Which objects of which cluster somebody wishes to see: what makes two wishes the same, and nothing else."""

from typing import NamedTuple


class ApiServer(NamedTuple):
    """How to reach an API server: that of the cluster around this Pod if nothing is said.

    `kubeconfig` and its `context` are before `endpoint`, a URL, with its files in PEM. Limits of 0 are none:
    requests a second, in a burst, and under way at once.
    """

    endpoint: str = ""
    certificate: str = ""
    key: str = ""
    ca: str = ""
    kubeconfig: str = ""
    context: str = ""
    qps: float = 0.0
    burst: int = 0
    max_inflight: int = 0


class ClusterWish(NamedTuple):
    """Namespaces and Services always, Pods and EndpointSlices as told.

    Of the other kinds, only those that the label selector `labels` takes (as the API writes it; "" = all).
    """

    api: ApiServer = ApiServer()
    pods: bool = False
    endpoint_slices: bool = True
    labels: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of objects that are to be seen."""
        return (
            "Namespace",
            "Service",
            *(["EndpointSlice"] if self.endpoint_slices else []),
            *(["Pod"] if self.pods else []),
        )


PLAIN = ClusterWish()
"""Everything but Pods, of the cluster around this Pod."""
