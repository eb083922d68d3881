"""How to reach the API server of a wish: by a kubeconfig, by an endpoint and its files, or as a Pod does."""

import asyncio
from pathlib import Path

from kdns.cluster.wish import ApiServer
from kdns.sources.api.access import Configure, as_access_error, from_kubeconfig, from_url, in_cluster
from kdns.sources.api.library import Configuration


def from_endpoint(endpoint: str, certificate: str = "", key: str = "", ca: str = "") -> Configure:
    """Configure for an endpoint that knows us by a certificate; the files are in PEM, "" for none.

    One without a scheme is asked by HTTPS if there is a certificate or CA, else by HTTP (client-go).
    """
    scheme = "https" if certificate or ca else "http"
    at = from_url(endpoint if "://" in endpoint else f"{scheme}://{endpoint}")

    async def configure() -> Configuration:
        configuration = await at()
        for path in filter(None, (certificate, key, ca)):
            with as_access_error(path):
                await asyncio.to_thread(Path(path).stat)
        configuration.cert_file, configuration.key_file = certificate or None, key or None
        configuration.ssl_ca_cert = ca or None
        return configuration

    return configure


def from_wish(server: ApiServer) -> Configure:
    """Configure for the API server that somebody wishes to see."""
    if server.kubeconfig:
        return from_kubeconfig(Path(server.kubeconfig), server.context or None)
    if server.endpoint:
        return from_endpoint(server.endpoint, server.certificate, server.key, server.ca)
    return in_cluster()
