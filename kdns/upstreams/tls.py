"""What a client of DNS over TLS trusts, and what it shows of itself, as Go's crypto/tls has it by default."""

import ssl


def client_context(ca_file: str = "") -> ssl.SSLContext:
    """Return a context that trusts the certificates in this file, or those of the system without one.

    TLS 1.2 at the least. Raises OSError for a file that cannot be read or holds none.
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    # Newer Pythons refuse what Go takes: the certificates of many a private CA.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def show_certificate(context: ssl.SSLContext, cert_file: str, key_file: str) -> None:
    """Have `context` show this certificate to servers. Raises OSError, also for a key with a
    passphrase, for which nobody is asked."""
    context.load_cert_chain(cert_file, key_file, password="")
