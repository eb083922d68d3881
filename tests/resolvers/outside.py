"""The rest of the world: a server that knows a handful of names, and remembers whatever it was asked."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

from tests.resolvers.places import Place

BROKEN = b"broken"
"""A name with this label is answered with SERVFAIL."""

ZONE = """\
$ORIGIN .
$TTL 300
@ SOA ns.example.com. hostmaster.example.com. 1 7200 1800 86400 60
@ NS  ns.example.com.
ns.example.com.        A     192.0.2.53
www.example.com.       A     192.0.2.80
www.example.com.       AAAA  2001:db8::80
api.example.com.       CNAME www.example.com.
api.example.net.       CNAME www.example.com.
api.example.org.       CNAME www.example.com.
six.example.com.       AAAA  2001:db8::6
text.example.com.      TXT   "hello"
example.com.           MX    10 mail.example.com.
mail.example.com.      A     192.0.2.25
_sip._tcp.example.com. SRV   0 5 5060 mail.example.com.

; the company's names, which the nodes find by their search domain
intranet.corp.example.net.                      A    198.51.100.1
db.corp.example.net.                            A    198.51.100.2
postgres-9.postgres-headless.corp.example.net.  A    198.51.100.3
kube-system.corp.example.net.                   A    198.51.100.4
notes.corp.example.net.                         TXT  "a note"
post.corp.example.net.                          MX   10 mail.example.com.
_http._tcp.web.corp.example.net.                SRV  0 5 8080 www.example.com.
alias.corp.example.net.                         CNAME www.example.com.

; nothing of a kind, or half of it, on the way to where there is more
default.svc.corp.example.net.       A    198.51.100.6
note.example.org.corp.example.net.  TXT  "a note"
note.example.org.                   A    198.51.100.7
half.example.org.corp.example.net.  A    198.51.100.8
half.example.org.                   A    198.51.100.9
half.example.org.                   AAAA 2001:db8::9

; names that only one Pod finds, by its dnsConfig
wiki.extra.example.net.  A 198.51.100.5
*.wild.example.net.      A 198.51.100.99
"""


class Outside:
    """Answers over UDP in a thread. `asked` has each question's name and type, in order."""

    def __init__(self, where: Place, address: str) -> None:
        zone = dns.zone.from_text(ZONE, origin=dns.name.root, relativize=False)
        self._nodes = dict(zone.nodes)
        self._socket = where.within(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.bind((address, 53))
        self.asked: list[tuple[str, str]] = []

    def serve(self) -> None:
        """Answer until `close`."""
        while True:
            packet, client = self._socket.recvfrom(4096)
            if not packet:
                return
            self._socket.sendto(self.respond(dns.message.from_wire(packet)).to_wire(), client)

    def close(self) -> None:
        """End `serve`, by an empty datagram to itself."""
        self._socket.sendto(b"", self._socket.getsockname())

    def respond(self, query: dns.message.Message) -> dns.message.Message:
        """Return what there is, as a recursive server says it."""
        question = query.question[0]
        self.asked.append((question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)))
        response = dns.message.make_response(query, recursion_available=True)
        if BROKEN in question.name.canonicalize().labels:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        self._answer(response, question.name, question.rdtype)
        if not response.answer or response.answer[-1].rdtype == dns.rdatatype.CNAME != question.rdtype:
            response.authority.append(_rrset(dns.name.root, self._nodes[dns.name.root], dns.rdatatype.SOA))
        return response

    def _answer(self, response: dns.message.Message, name: dns.name.Name, rdtype: int) -> None:
        node = self._node(name)
        if node is None:
            if not any(each.is_subdomain(name) for each in self._nodes):
                response.set_rcode(dns.rcode.NXDOMAIN)
            return
        for each in (rdtype, dns.rdatatype.CNAME):
            rrset = _rrset(name, node, each)
            if rrset is not None:
                response.answer.append(rrset)
                if each != rdtype:
                    self._answer(response, rrset[0].target, rdtype)
                return

    def _node(self, name: dns.name.Name) -> dns.node.Node | None:
        """Return what is at a name, or at the wildcard above it; nothing here stands between the two."""
        labels = name.labels
        wildcards = (dns.name.Name((b"*", *labels[n:])) for n in range(1, len(labels)))
        return next((self._nodes[each] for each in (name, *wildcards) if each in self._nodes), None)


def _rrset(name: dns.name.Name, node: dns.node.Node, rdtype: int) -> dns.rrset.RRset | None:
    rdataset = node.get_rdataset(dns.rdataclass.IN, rdtype)
    return None if rdataset is None else dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))


@contextlib.contextmanager
def outside(where: Place, address: str) -> Iterator[Outside]:
    """Serve in a thread of the process that tests."""
    server = Outside(where, address)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
