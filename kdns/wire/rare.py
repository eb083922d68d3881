"""RDATA of types that hardly any zone has (LOC, HTTPS, HIP, CERT...), read by dnspython.

It is imported by the first record of such a type: it takes 80 ms and 5 MB that nobody else should pay.
"""

from collections.abc import Sequence

from kdns.wire import codes
from kdns.wire.fields import Token, Unexpected, shown
from kdns.wire.names import Name


def rdata_from_text(rtype: int, tokens: Sequence[Token], origin: Name | None, line: int) -> bytes:
    """Return the RDATA that these tokens spell, names uncompressed. Raises Unexpected."""
    import dns.exception
    import dns.name
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    text = " ".join(map(_spelled, tokens)).replace('= "', '="')  # the parameters of HTTPS: alpn="h2,h3"
    base = None if origin is None else dns.name.from_wire(origin, 0)[0]
    try:
        kind = dns.rdatatype.RdataType.make(rtype)
        found = dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=base, relativize=False)
        return found.to_wire() or b""
    except (dns.exception.DNSException, ValueError) as error:
        first = tokens[0] if tokens else Token("", False, line)
        found_text = f"{first} ({shown(str(error))})" if tokens else "the end of the record"
        raise Unexpected(first.line, found_text, f"RDATA of type {codes.type_to_text(rtype)}") from error


def _spelled(token: Token) -> str:
    """Return a token as it stood in the file, in ASCII and on one line."""
    text = "".join(
        [
            character if " " <= character <= "~" else _escaped(character.encode("utf-8", "surrogateescape"))
            for character in token.text
        ]
    )
    return f'"{text}"' if token.quoted else text


def _escaped(octets: bytes) -> str:
    return "".join(f"\\{octet:03d}" for octet in octets)
