"""Where cluster objects come from, each turned into events for ClusterState."""
