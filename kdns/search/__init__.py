"""From a Pod to the resolv.conf that its node gives it, and from that to the names that a resolver asks.

Pure functions: no file is read and nothing is asked here.
"""
