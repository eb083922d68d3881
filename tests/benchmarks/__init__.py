"""Tools that measure a running server from outside, and what they need to start and load one.

They know DNS by its bytes and never import kdns: nothing may be measured with its own code.
"""
