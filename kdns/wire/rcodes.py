"""RCODEs by the mnemonics that CoreDNS knows (RFC 6895, section 2.3): in its Corefile and in its metrics."""

RCODES = {
    "NOERROR": 0,
    "FORMERR": 1,
    "SERVFAIL": 2,
    "NXDOMAIN": 3,
    "NOTIMPL": 4,
    "NOTIMP": 4,
    "REFUSED": 5,
    "YXDOMAIN": 6,
    "YXRRSET": 7,
    "NXRRSET": 8,
    "NOTAUTH": 9,
    "NOTZONE": 10,
    "DSOTYPENI": 11,
    "BADSIG": 16,
    "BADKEY": 17,
    "BADTIME": 18,
    "BADMODE": 19,
    "BADNAME": 20,
    "BADALG": 21,
    "BADTRUNC": 22,
    "BADCOOKIE": 23,
}
"""Mnemonic → RCODE. Of the two names that 16 has, CoreDNS knows this one, not BADVERS."""

_MNEMONICS = {rcode: mnemonic for mnemonic, rcode in RCODES.items()}  # of two spellings, the latter


def mnemonic(rcode: int) -> str:
    """Return the mnemonic, or the bare number of an RCODE that has none."""
    return _MNEMONICS.get(rcode, str(rcode))
