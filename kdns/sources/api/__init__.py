"""Cluster objects from a Kubernetes API server: listed, watched, checked.

The only importer of kubernetes_asyncio and aiohttp in `sources`; nothing here knows DNS.
"""
