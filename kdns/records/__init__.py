"""What the cluster's objects mean in DNS: the Kubernetes DNS specification 1.1.0, a module a section.

Reads ClusterState, returns RRsets and the tags they depend on. No bytes of messages, no I/O.
"""
