"""Asks dnspython, with its search list. Arguments and output are those of resolve.c."""

import sys

import dns.rdatatype
import dns.resolver

FAILURES = {
    dns.resolver.NXDOMAIN: "missing",
    dns.resolver.NoAnswer: "empty",
    dns.resolver.NoNameservers: "failing",
    dns.resolver.LifetimeTimeout: "timeout",
}


def main() -> None:
    """Print a line for each argument."""
    for each in sys.argv[1:]:
        kind, name = each.split("=", 1)
        print(each, ask(name, ["A", "AAAA"] if kind == "ADDR" else [kind]))


def ask(name: str, types: list[str]) -> str:
    """Return what there is of any of the types, else the first thing that went wrong."""
    found: list[str] = []
    failures: list[str] = []
    for each in types:
        try:
            answer = dns.resolver.resolve(name, each, search=True)
        except tuple(FAILURES) as failure:
            failures.append(FAILURES[type(failure)])
        else:
            found += [text(rdata) for rdata in answer]
    return ",".join(sorted(found)) or failures[0]


def text(rdata: dns.rdata.Rdata) -> str:
    """Return what matters of a record."""
    match rdata.rdtype:
        case dns.rdatatype.SRV:
            return f"{rdata.port}:{rdata.target.to_text(omit_final_dot=True)}"
        case dns.rdatatype.MX:
            return f"{rdata.preference}:{rdata.exchange.to_text(omit_final_dot=True)}"
        case dns.rdatatype.TXT:
            return b"".join(rdata.strings).decode()
        case dns.rdatatype.CNAME | dns.rdatatype.PTR:
            return rdata.target.to_text(omit_final_dot=True)
    return rdata.to_text()


main()
