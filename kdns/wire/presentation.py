"""RDATA in presentation format (RFC 1035, section 5.1): read from tokens of a master file, and printed.

A type is a row of `FIELDS`, a list of kinds of field; to support one more is to add its row. Nothing here
knows owner names, TTLs or files.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

from kdns.wire import codes
from kdns.wire.fields import IPV4, IPV6, NAME, SECONDS, STRING, UINT16, UINT32, Kind, Token, Unexpected
from kdns.wire.names import Name

FIELDS: Mapping[int, tuple[Kind, ...]] = {
    codes.SOA: (NAME, NAME, UINT32, SECONDS, SECONDS, SECONDS, SECONDS),
    codes.NS: (NAME,),
    codes.A: (IPV4,),
    codes.AAAA: (IPV6,),
    codes.CNAME: (NAME,),
    codes.PTR: (NAME,),
    codes.MX: (UINT16, NAME),
    codes.TXT: (STRING,),
    codes.SRV: (UINT16, UINT16, UINT16, NAME),
    codes.HINFO: (STRING, STRING),
}
"""Type → the fields of its RDATA, in order: the types that can be read and printed."""

REPEATED = frozenset({codes.TXT})
"""Types whose last field may be there more than once."""

GENERIC = r"\#"
"""What announces RDATA of any type in hexadecimal (RFC 3597, section 5)."""

MAX_RDATA = 0xFFFF


def rdata_from_text(rtype: int, tokens: Sequence[Token], origin: Name | None, line: int = 0) -> bytes:
    """Return the RDATA that these tokens spell, as uncompressed wire octets.

    Relative names are completed with `origin`. `line` is where a missing field would have been.
    Raises Unexpected, also for a type without a row in `FIELDS`.
    """
    if rtype not in FIELDS:
        raise Unexpected(line, f"type {codes.type_to_text(rtype)}", "a type whose RDATA is supported")
    if tokens and tokens[0] == Token(GENERIC, False, tokens[0].line):
        raise Unexpected(
            tokens[0].line, "RDATA in the form of RFC 3597, which is not supported yet", "fields"
        )
    kinds = _kinds(rtype, len(tokens))
    if len(tokens) < len(kinds):
        raise Unexpected(line, "the end of the record", kinds[len(tokens)].expected)
    if len(tokens) > len(kinds):
        extra = tokens[len(kinds)]
        raise Unexpected(extra.line, str(extra), "the end of the record")
    rdata = b"".join(kind.from_token(token, origin) for kind, token in zip(kinds, tokens, strict=True))
    if len(rdata) > MAX_RDATA:
        raise Unexpected(line, f"RDATA of {len(rdata)} octets", f"at most {MAX_RDATA}")
    return rdata


def _kinds(rtype: int, count: int) -> tuple[Kind, ...]:
    kinds = FIELDS[rtype]
    missing = count - len(kinds)
    return kinds + kinds[-1:] * missing if rtype in REPEATED and missing > 0 else kinds


def rdata_to_text(rtype: int, rdata: bytes) -> str:
    """Return the presentation format on one line, names absolute, strings quoted.

    A type without a row in `FIELDS` is printed in the generic form of RFC 3597, which every server reads.
    Raises ValueError for octets that are no RDATA of this type.
    """
    if rtype not in FIELDS:
        return f"{GENERIC} {len(rdata)} {rdata.hex()}".rstrip()
    return " ".join([kind.show(octets) for kind, octets in split_rdata(rtype, rdata)])


def canonical_rdata(rtype: int, rdata: bytes) -> bytes:
    """Return the RDATA with its names in lower case (RFC 4034, section 6.2): equal for equal records."""
    if NAME not in FIELDS.get(rtype, ()):
        return rdata
    return b"".join(octets.lower() if kind is NAME else octets for kind, octets in split_rdata(rtype, rdata))


def split_rdata(rtype: int, rdata: bytes) -> Iterator[tuple[Kind, bytes]]:
    """Yield each field's kind and octets. Raises ValueError where they do not fit the type."""
    kinds = FIELDS[rtype]
    position = 0
    for index, kind in enumerate(chain(kinds, repeat(kinds[-1]) if rtype in REPEATED else ())):
        if position == len(rdata) and index >= len(kinds):
            return
        end = kind.end(rdata, position) if position < len(rdata) else position + 1
        if end > len(rdata):
            raise ValueError(f"RDATA of type {codes.type_to_text(rtype)} ends within {kind.expected}")
        yield kind, rdata[position:end]
        position = end
    if position < len(rdata):
        raise ValueError(f"RDATA of type {codes.type_to_text(rtype)} goes on after its last field")
