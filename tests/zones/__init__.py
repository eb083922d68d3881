"""The claims about kdns.zones, and about the presentation format that it is read and written in."""
