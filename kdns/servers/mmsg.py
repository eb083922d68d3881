"""recvmmsg and sendmmsg of the C library, and the memory of one batch of datagrams.

All memory is laid out once per socket; what is received where never moves. No policy and no asyncio.
"""

import ctypes
import mmap
import socket
from array import array
from socket import AF_INET, AF_INET6, MSG_DONTWAIT
from typing import Any

from kdns.servers.clients import SlotClient
from kdns.servers.pktinfo import LINK_LOCAL_OCTET, PKTINFO, Control

SLOTS = 64
QUERY_OCTETS = 4096
"""What is kept of a datagram that comes in; no DNS query needs more."""
RESPONSE_OCTETS = 1232
"""The longest response that goes out with its batch (DNS flag day 2020); rarer ones go alone."""

# Not a multiple of a page: slots a page apart would all compete for the same few sets of the CPU's cache.
_QUERY_STRIDE = QUERY_OCTETS + 64
_SOCKADDR_OCTETS = {AF_INET: 16, AF_INET6: 28}
_CMSG_HEADER = socket.CMSG_LEN(0)


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _MsgHdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _MMsgHdr(ctypes.Structure):
    _fields_ = (("header", _MsgHdr), ("length", ctypes.c_uint))


# PyDLL keeps the interpreter's lock during the call. Neither call waits, and giving the lock away could cost
# a full switch interval (5 ms) before a thread that computes hands it back.
_libc = ctypes.PyDLL(None, use_errno=True)
# Without argtypes: every argument is a ctypes value that was made once, which halves the price of a call.
recvmmsg: Any = getattr(_libc, "recvmmsg", None)
sendmmsg: Any = getattr(_libc, "sendmmsg", None)


def is_available() -> bool:
    """Tell whether both calls exist and the kernel (or a sandbox in its place) takes them."""
    if recvmmsg is None or sendmmsg is None:
        return False
    with socket.socket(AF_INET, socket.SOCK_DGRAM) as probe:
        nothing = (ctypes.c_int(probe.fileno()), None, ctypes.c_uint(0), ctypes.c_int(MSG_DONTWAIT))
        return bool(recvmmsg(*nothing, None) == 0 and sendmmsg(*nothing) == 0)


class Batch:
    """The headers and buffers of SLOTS datagrams in and their responses out, for one socket.

    Slot i of what goes out has the address and control memory of slot i of what came in: a response placed in
    it needs nothing but its octets and their number. `slots` holds for each its number, the offset of its
    query in `queries`, its client and the buffer of its response.
    The kernel writes the lengths of names and control data back, but they fill their buffers exactly, so that
    they never change and are never reset.
    """

    def __init__(self, sock: socket.socket, with_pktinfo: bool) -> None:
        self._family = sock.family
        self._layout = PKTINFO[sock.family] if with_pktinfo else None
        self._control_stride = socket.CMSG_SPACE(self._layout.octets) if self._layout else 0
        name_octets = _SOCKADDR_OCTETS[self._family]
        self.queries = _memory(SLOTS * _QUERY_STRIDE)
        self._responses = _memory(SLOTS * RESPONSE_OCTETS)
        self._names = _memory(SLOTS * name_octets)
        self._controls = _memory(SLOTS * max(self._control_stride, 1))
        self._vectors_in, self._vectors_out = (_IoVec * SLOTS)(), (_IoVec * SLOTS)()
        self._headers_in, self._headers_out = (_MMsgHdr * SLOTS)(), (_MMsgHdr * SLOTS)()
        _point(self._vectors_in, self.queries, _QUERY_STRIDE, QUERY_OCTETS)
        _point(self._vectors_out, self._responses, RESPONSE_OCTETS, 0)
        self._join(self._headers_in, self._vectors_in, name_octets)
        self._join(self._headers_out, self._vectors_out, name_octets)
        self._views()
        self._arguments(sock.fileno())
        names = _cut(self._names, name_octets)
        responses = _cut(self._responses, RESPONSE_OCTETS)
        self.slots = [
            (slot, slot * _QUERY_STRIDE, SlotClient(self._family, names[slot]), responses[slot])
            for slot in range(SLOTS)
        ]

    def _join(self, headers: Any, vectors: Any, name_octets: int) -> None:
        """Point every header to its name, its vector and, if there is one, its control buffer."""
        for slot in range(SLOTS):
            header = headers[slot].header
            header.name = _address(self._names) + slot * name_octets
            header.name_length = name_octets
            header.vectors = ctypes.addressof(vectors[slot])
            header.vector_count = 1
            if self._layout:
                header.control = _address(self._controls) + slot * self._control_stride
                header.control_length = self._control_stride

    def _views(self) -> None:
        """Make the views through which a batch is read and written without touching a ctypes object."""
        header_words = ctypes.sizeof(_MMsgHdr) // 4
        self.query_lengths = (
            memoryview(self._headers_in).cast("B").cast("I")[_MMsgHdr.length.offset // 4 :: header_words]
        )
        self.response_lengths = memoryview(self._vectors_out).cast("B").cast("L")[1::2]
        if self._layout:
            interface_at = _CMSG_HEADER + self._layout.interface_at
            words = memoryview(self._controls).cast("I")
            self._interfaces = words[interface_at // 4 :: self._control_stride // 4]
            self._first_octets = memoryview(self._controls)[_CMSG_HEADER :: self._control_stride]

    def _arguments(self, descriptor: int) -> None:
        """Make the arguments of every call that can occur: `sendmmsg` takes a first slot and a number."""
        fd, flags = ctypes.c_int(descriptor), ctypes.c_int(MSG_DONTWAIT)
        self.receive_arguments = (
            fd,
            ctypes.c_void_p(ctypes.addressof(self._headers_in)),
            ctypes.c_uint(SLOTS),
            flags,
            ctypes.c_void_p(None),
        )
        firsts = [ctypes.c_void_p(ctypes.addressof(self._headers_out[slot])) for slot in range(SLOTS)]
        counts = [ctypes.c_uint(count) for count in range(SLOTS + 1)]
        self._send_parts = fd, firsts, counts, flags

    def send(self, first: int, count: int) -> int:
        """Send the responses of `count` slots from `first` on; return how many went, -1 if none did."""
        fd, firsts, counts, flags = self._send_parts
        sent: int = sendmmsg(fd, firsts[first], counts[count], flags)
        return sent

    def unpin(self, count: int) -> None:
        """Clear the interface in the control data of the first `count` slots, except for IPv6 link-local."""
        interfaces = self._interfaces
        kept: dict[int, int] = {}
        if self._family == AF_INET6:
            octets = self._first_octets[:count].tobytes()
            if LINK_LOCAL_OCTET in octets:
                kept = {slot: interfaces[slot] for slot in range(count) if octets[slot] == LINK_LOCAL_OCTET}
        interfaces[:count] = _NO_INTERFACES[:count]
        for slot, interface in kept.items():
            interfaces[slot] = interface

    def control(self, slot: int) -> Control:
        """Return the control data of one slot in the form that `socket.sendmsg` takes."""
        if self._layout is None:
            return []
        at = slot * self._control_stride + _CMSG_HEADER
        data = self._controls[at : at + self._layout.octets]
        return [(self._layout.level, self._layout.kind, data)]


_NO_INTERFACES = array("I", bytes(4 * SLOTS))


def _memory(octets: int) -> mmap.mmap:
    """Reserve memory that never moves; slicing an mmap gives bytes with one copy."""
    return mmap.mmap(-1, octets, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _cut(memory: mmap.mmap, stride: int) -> list[memoryview]:
    whole = memoryview(memory)
    return [whole[slot * stride : (slot + 1) * stride] for slot in range(SLOTS)]


def _point(vectors: Any, memory: mmap.mmap, stride: int, length: int) -> None:
    for slot in range(SLOTS):
        vectors[slot].base = _address(memory) + slot * stride
        vectors[slot].length = length
