"""The exchange with other name servers: a query goes out, a reply that belongs to it comes back.

Replies stay the octets they came as; nothing here knows plugins, clients, caching or the Corefile.
"""
