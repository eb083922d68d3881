"""RDATA in presentation format (RFC 1035, section 5.1): read from tokens of a master file, and printed.

Every type can be read: by its form (`kdns.wire.forms`), by its row of `FIELDS`, or by dnspython. A row is a
list of kinds of field, and has it printed, too. Nothing here knows owner names, TTLs or files.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

from kdns.wire import codes, forms, rare
from kdns.wire.fields import IPV4, IPV6, NAME, SECONDS, STRING, UINT16, UINT32, Kind, Token, Unexpected
from kdns.wire.forms import FORMS, HEXADECIMAL, Form
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
    codes.DNAME: (NAME,),
    codes.HINFO: (STRING, STRING),
}
"""Type → the fields of its RDATA, in order: the types whose octets are understood."""

_FORMS = {rtype: Form(kinds) for rtype, kinds in FIELDS.items()}

REPEATED = frozenset({codes.TXT})
"""Types whose last field may be there more than once."""

GENERIC = r"\#"
"""What announces RDATA of any type in hexadecimal (RFC 3597, section 5)."""

MAX_RDATA = 0xFFFF


def rdata_from_text(rtype: int, tokens: Sequence[Token], origin: Name | None, line: int = 0) -> bytes:
    """Return the RDATA that these tokens spell, as uncompressed wire octets, of any type.

    Relative names are completed with `origin`. `line` is where a missing field would have been.
    Raises Unexpected.
    """
    form = FORMS.get(rtype) or _FORMS.get(rtype)
    if tokens and tokens[0].text == GENERIC and not tokens[0].quoted:
        rdata = _generic(rtype, tokens[1:], tokens[0].line)
    elif form is not None:
        rdata = forms.read(form, tokens, origin, line)
    else:
        rdata = rare.rdata_from_text(rtype, tokens, origin, line)
    if len(rdata) > MAX_RDATA:
        raise Unexpected(line, f"RDATA of {len(rdata)} octets", f"at most {MAX_RDATA}")
    return rdata


_GENERIC_FORM = Form((UINT16,), HEXADECIMAL._replace(may_be_missing=True))


def _generic(rtype: int, tokens: Sequence[Token], line: int) -> bytes:
    """Read octets in hexadecimal behind their number (RFC 3597, section 5), which must fit a known type."""
    octets = forms.read(_GENERIC_FORM, tokens, None, line)
    length, rdata = int.from_bytes(octets[:2], "big"), octets[2:]
    if len(rdata) != length:
        raise Unexpected(line, f"{len(rdata)} octets", f"the {length} that were announced")
    try:
        list(split_rdata(rtype, rdata) if rtype in FIELDS else ())
    except ValueError as error:
        raise Unexpected(line, f"{GENERIC} ({error})", "octets that fit the type") from error
    return rdata


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
