import errno
import socket
from socket import AF_INET6, SO_REUSEADDR, SO_REUSEPORT, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET

import pytest

from kdns.servers import binding
from kdns.servers.addresses import ListenAddress, parse_listen
from kdns.servers.binding import ListenError, bind_all
from tests.servers.script import need_ipv6


@pytest.fixture
def bound():  # type: ignore[no-untyped-def]
    opened: list[socket.socket] = []

    def bind(text: str, **options: bool) -> list[socket.socket]:
        sockets = bind_all(parse_listen(text), **options)
        opened.extend(sockets)
        return sockets

    yield bind
    for sock in opened:
        sock.close()


def test_udp_and_tcp_share_a_free_port(bound) -> None:  # type: ignore[no-untyped-def]
    udp, tcp = bound("127.0.0.1:0")
    assert (udp.type, tcp.type) == (SOCK_DGRAM, SOCK_STREAM)
    assert udp.getsockname() == tcp.getsockname()
    assert udp.getsockname()[1] != 0


def test_both_families_share_a_free_port(bound) -> None:  # type: ignore[no-untyped-def]
    need_ipv6()
    sockets = bound(":0")
    assert [sock.getsockname()[0] for sock in sockets] == ["0.0.0.0", "0.0.0.0", "::", "::"]
    assert len({sock.getsockname()[1] for sock in sockets}) == 1


def test_another_free_port_is_tried_when_tcp_has_the_one_that_udp_got(bound, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    real, refused = binding._bind, []

    def bind(family, kind, host, port, reuse_port):  # type: ignore[no-untyped-def]
        if kind == SOCK_STREAM and len(refused) < 3:
            refused.append(port)
            raise OSError(errno.EADDRINUSE, "in use")
        return real(family, kind, host, port, reuse_port)

    monkeypatch.setattr(binding, "_bind", bind)
    udp, tcp = bound("127.0.0.1:0")
    assert len(refused) == 3
    assert udp.getsockname() == tcp.getsockname()


def test_a_machine_without_ipv6_serves_the_wildcard_over_ipv4(bound, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    real = binding._bind

    def bind(family, *rest):  # type: ignore[no-untyped-def]
        if family == AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "not supported")
        return real(family, *rest)

    monkeypatch.setattr(binding, "_bind", bind)
    assert [sock.getsockname()[0] for sock in bound(":0")] == ["0.0.0.0", "0.0.0.0"]
    with pytest.raises(ListenError, match="no IPv6"):
        bind_all(parse_listen("[::1]:0"))


def test_a_port_in_use_is_named_and_nothing_stays_open(bound) -> None:  # type: ignore[no-untyped-def]
    udp, tcp = bound("127.0.0.1:0")
    port = udp.getsockname()[1]
    udp.close()  # TCP still has the port, so that the new UDP socket has to go again
    with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port} \(TCP\): another program") as caught:
        bind_all(ListenAddress("127.0.0.1", port))
    assert caught.value.errno == errno.EADDRINUSE
    with socket.socket(type=SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))
    tcp.close()


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(ListenError, match=r"192\.0\.2\.1:0 \(UDP\): this machine has no such address"):
        bind_all(parse_listen("192.0.2.1:0"))


def test_a_privileged_port_says_which_capability_it_needs() -> None:
    denied = OSError(errno.EACCES, "Permission denied")
    low = str(ListenError(ListenAddress("", 53), SOCK_DGRAM, denied))
    assert low.startswith("cannot listen on :53 (UDP): port 53 needs CAP_NET_BIND_SERVICE")
    high = str(ListenError(ListenAddress("", 5353), SOCK_STREAM, denied))
    assert high == "cannot listen on :5353 (TCP): Permission denied"


def test_a_udp_port_can_never_be_taken_over_and_is_shared_only_on_request(bound) -> None:  # type: ignore[no-untyped-def]
    udp, tcp = bound("127.0.0.1:0")
    assert not udp.getsockopt(SOL_SOCKET, SO_REUSEADDR)
    assert not udp.getsockopt(SOL_SOCKET, SO_REUSEPORT)
    assert tcp.getsockopt(SOL_SOCKET, SO_REUSEADDR)


def test_two_servers_share_a_port_when_both_ask_for_it(bound) -> None:  # type: ignore[no-untyped-def]
    udp, _ = bound("127.0.0.1:0", reuse_port=True)
    port = udp.getsockname()[1]
    assert len(bound(f"127.0.0.1:{port}", reuse_port=True)) == 2


def test_an_ipv6_socket_hears_ipv6_only(bound) -> None:  # type: ignore[no-untyped-def]
    need_ipv6()
    for sock in bound("[::]:0"):
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
