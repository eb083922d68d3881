"""DNS as bytes and values: names, RDATA, RRsets, messages.

The only room that imports dnslib. Nothing here knows Kubernetes, sockets or time.
"""
