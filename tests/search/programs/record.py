"""Runs in a network namespace: looks names up one after the other, and records the questions that come of it.

Standard input is JSON: `command` (the name follows), `path` of the resolv.conf, and `lookups`, each of `text`
(the resolv.conf), `name`, and `answers`, what is answered to the first name that is asked and to all others:
NXDOMAIN, NODATA, SERVFAIL, REFUSED, or TIMEOUT for silence. Standard output is JSON: for each lookup the
`names` of the questions for A records, in hexadecimal, and what the command has printed.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

RCODES = {"NODATA": 0, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}


class Recorder:
    """Answers on port 53. `names` are those asked so far, by order and each time; cleared by `begin`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self._socket.bind(("::", 53))
        self.begin("NXDOMAIN", "NXDOMAIN")
        threading.Thread(target=self._serve, daemon=True).start()

    def begin(self, first: str, others: str) -> None:
        self.names: list[bytes] = []
        self._first, self._others = first, others
        self._first_name = b""

    def _serve(self) -> None:
        while True:
            packet, client = self._socket.recvfrom(4096)
            end = 12
            while end < len(packet) and packet[end]:
                end += packet[end] + 1
            name, qtype = packet[12 : end + 1], int.from_bytes(packet[end + 1 : end + 3])
            self._first_name = self._first_name or name
            if qtype == 1:
                self.names.append(name)
            outcome = self._first if name == self._first_name else self._others
            if outcome in RCODES:
                header = packet[:2] + bytes((0x81, 0x80 | RCODES[outcome])) + b"\0\1\0\0\0\0\0\0"
                self._socket.sendto(header + packet[12 : end + 5], client)


def main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    recorder, said = Recorder(), []
    for lookup in order["lookups"]:
        Path(order["path"]).write_text(lookup["text"])
        recorder.begin(*lookup["answers"])
        command = [*order["command"], os.fsencode(lookup["name"])]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        names = [name.hex() for name in recorder.names]
        said.append({"names": names, "output": done.stdout.decode(errors="replace").strip()})
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
