"""Draws docs/demo.svg: a terminal with the demo and what it answers, all as kdns and dig really print it.

    .venv/bin/python -m tests.docs.terminal

Left out are the log and the versions, which differ between machines; the port is the usual one.
"""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import sleep
from xml.sax.saxutils import escape

PICTURE = Path(__file__).parents[2] / "docs" / "demo.svg"
PORT = "1053"
TITLE = "A terminal: kdns serve --demo is started, and dig asks it for names of its example cluster"

QUESTIONS = (
    ("+short", "nginx-service.default.svc.cluster.local"),
    ("+short", "SRV", "_http._tcp.multi-port-service.default.svc.cluster.local"),
    ("+noall", "+answer", "postgres-headless.default.svc.cluster.local"),
    ("+short", "-x", "10.96.0.1"),
)
"""What dig is asked, beside the server."""

_LEFT_OUT = re.compile(r"\[[A-Z]+\] |kdns-\d|\w+/\w+, python ")
_LINE, _CHARACTER, _MARGIN = 20, 8.43, 16
"""In pixels, of a font of 14."""
_TRIES = 100
_COLOURS = {"$": "#7ee787", "": "#e6edf3"}


def lines(dig: str) -> list[str]:
    """Start the demo, ask it, and return what the terminal shows."""
    port = _free_port()
    command = [sys.executable, "-m", "kdns", "serve", "--demo", "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            shown = ["$ kdns serve --demo", *_until_ready(demo)]
            for question in QUESTIONS:
                arguments = ["@127.0.0.1", "-p", port, *question]
                shown += ["", f"$ dig {' '.join(arguments)}", *_answer([dig, *arguments])]
        finally:
            demo.terminate()
            demo.communicate()
    return [line.replace(port, PORT) for line in shown]


def drawn(shown: Sequence[str]) -> str:
    """Return the picture of these lines."""
    width = round(max(map(len, shown)) * _CHARACTER) + 2 * _MARGIN
    height = len(shown) * _LINE + 2 * _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{TITLE}</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
            *(_drawn_line(number, line) for number, line in enumerate(shown, 1) if line),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _drawn_line(number: int, line: str) -> str:
    colour = _COLOURS["$" if line.startswith("$ ") else ""]
    y = _MARGIN + number * _LINE - 5
    return f'<text x="{_MARGIN}" y="{y}" fill="{colour}">{escape(line)}</text>'


def _until_ready(demo: "subprocess.Popen[str]") -> Iterator[str]:
    """Yield what the demo prints until it says how to stop it."""
    assert demo.stdout
    for line in demo.stdout:
        if not _LEFT_OUT.match(line):
            yield line.rstrip()
        if line.startswith("Without dig"):
            return


def _answer(command: Sequence[str]) -> list[str]:
    """Return what dig prints, once that is something: the demo may be loading its objects still."""
    for _ in range(_TRIES):
        asked = subprocess.run(command, capture_output=True, text=True, check=True)
        if asked.stdout:
            return asked.stdout.expandtabs().splitlines()
        sleep(0.1)
    raise TimeoutError(f"no answer to {' '.join(command)}")


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


if __name__ == "__main__":
    PICTURE.write_text(drawn(lines("dig")))
