"""`kdns query`: ask a DNS server one question, for people without dig."""

import argparse
import secrets
import socket
import sys

from kdns.cli.options import UsageError, domain_name
from kdns.wire import codes, messages

_TIMEOUT = 5.0
_TRIES = 2


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "query",
        help="ask a DNS server one question",
        description="Ask a DNS server one question and print the response. The name is taken as absolute.",
        epilog="Exits with 0 if the answer is NOERROR, 1 for another RCODE, 2 if no response came.",
    )
    parser.add_argument("name", type=domain_name, metavar="NAME", help="what to ask for")
    parser.add_argument("type", nargs="?", type=_record_type, default="A", metavar="TYPE", help="A, SRV, ...")
    parser.add_argument(
        "--server", default="127.0.0.1:1053", metavar="ADDR[:PORT]", help="default: %(default)s"
    )
    parser.add_argument("--tcp", action="store_true", help="ask over TCP")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask and print; return the exit status."""
    address = _server_address(arguments.server)
    query = messages.build_query(secrets.randbits(16), arguments.name, arguments.type)
    try:
        response = _ask_tcp(address, query) if arguments.tcp else _ask_udp(address, query)
        is_cut = messages.is_truncated(response) and not arguments.tcp
        if is_cut:
            response = _ask_tcp(address, query)
        text = messages.message_to_text(response)
    except (OSError, ValueError) as error:
        print(f"kdns: no response from {arguments.server}: {error}", file=sys.stderr)
        return 2
    if is_cut:
        print(";; truncated, asked again over TCP")
    print(text)
    return int(response[3] & 0xF != codes.NOERROR)


def _record_type(text: str) -> int:
    try:
        return codes.type_from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _server_address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or ("[" not in text and ":" in host):
        host, port = text, "53"
    if not port.isdecimal() or int(port) > 0xFFFF:
        raise UsageError(f"--server {text}: {port!r} is no port")
    return host.strip("[]"), int(port)


def _ask_udp(address: tuple[str, int], query: bytes) -> bytes:
    """Ask over UDP, a second time if nothing comes; datagrams that answer something else are ignored."""
    family, _, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.connect(server)
        udp.settimeout(_TIMEOUT / _TRIES)
        for _ in range(_TRIES):
            udp.send(query)
            try:
                while not messages.answers_query(response := udp.recv(0xFFFF), query):
                    continue
            except TimeoutError:
                continue
            return response
    raise TimeoutError(f"nothing came within {_TIMEOUT:.0f} s")


def _ask_tcp(address: tuple[str, int], query: bytes) -> bytes:
    with socket.create_connection(address, _TIMEOUT) as tcp, tcp.makefile("rb") as stream:
        tcp.sendall(len(query).to_bytes(2, "big") + query)
        length = int.from_bytes(stream.read(2), "big")
        response = stream.read(length)
    if not length or len(response) < length:
        raise ConnectionError("the connection was closed before the whole response came")
    return response
