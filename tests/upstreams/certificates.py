"""Certificates for tests of TLS: made when they are needed, valid for two days."""

import ssl
import subprocess
from pathlib import Path

from tests.conftest import find_tool


def make_certificate(folder: Path) -> Path:
    """Write cert.pem and key.pem, of dns.example and 127.0.0.1, and locked.pem, the key with a passphrase."""
    command = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=dns.example"
    )
    names = "subjectAltName=DNS:dns.example,IP:127.0.0.1"
    _openssl(folder, *command.split(), "-addext", names, "-keyout", "key.pem", "-out", "cert.pem")
    _openssl(folder, "ec", "-in", "key.pem", "-out", "locked.pem", "-aes128", "-passout", "pass:secret")
    return folder


def serving(folder: Path) -> ssl.SSLContext:
    """Return the context of a server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run([find_tool("openssl"), *arguments], cwd=folder, check=True, capture_output=True)
