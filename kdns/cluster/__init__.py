"""The cluster's objects as small frozen values, and the state that they make up.

Nothing here knows DNS names, where an object came from, or how it is encoded there.
"""
