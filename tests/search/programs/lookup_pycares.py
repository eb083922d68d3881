"""Asks the c-ares that pycares has inside for all addresses of a name, and prints what went wrong."""

import os
import queue
import sys

import pycares

ended: "queue.Queue[int | None]" = queue.Queue()
channel = pycares.Channel()
channel.getaddrinfo(os.fsencode(sys.argv[1]), None, callback=lambda _, failure: ended.put(failure))
failure = ended.get(timeout=30)
print(pycares.errno.strerror(failure) if failure else "found")
