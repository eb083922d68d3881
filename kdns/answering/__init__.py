"""From a packet to a response: admission, the chain of plugins, prepared answers, encoding.

Knows messages and plugins' responses; knows neither sockets nor Kubernetes objects.
"""
