import pytest

from kdns.records.owners import Owner, read_owner, relative_labels
from kdns.wire.names import from_text

ZONE = from_text("cluster.local.")


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("svc", Owner("svc")),
        ("ns.svc", Owner("svc", "ns")),
        ("web.ns.svc", Owner("svc", "ns", "web")),
        ("web-0.web.ns.svc", Owner("svc", "ns", "web", "web-0")),
        ("_tcp.web.ns.svc", Owner("svc", "ns", "web", "_tcp")),
        ("_http._tcp.web.ns.svc", Owner("svc", "ns", "web", protocol="tcp", port="http", has_port=True)),
        ("http.tcp.web.ns.svc", Owner("svc", "ns", "web", protocol="tcp", port="http", has_port=True)),
        ("__http._tcp.web.ns.svc", Owner("svc", "ns", "web", protocol="tcp", port="_http", has_port=True)),
        ("_._.web.ns.svc", Owner("svc", "ns", "web", has_port=True)),
        ("a.b.c.web.ns.svc", Owner("svc", "ns", "web", extra=True)),
        ("a.b.c.d.e.web.ns.svc", Owner("svc", "ns", "web", extra=True)),
        ("10-1-2-3.ns.pod", Owner("pod", "ns", "10-1-2-3")),
        (r"a\.b.ns.svc", Owner("svc", "ns", "a.b")),
        (r"\255.ns.svc", Owner("svc", "ns", "\xff")),
    ],
)
def test_labels_are_told_apart_by_their_number(name: str, owner: Owner) -> None:
    assert read_owner(relative_labels(from_text(name, ZONE), ZONE)) == owner


def test_the_zone_itself_has_no_parts() -> None:
    assert relative_labels(ZONE, ZONE) == []
    with pytest.raises(ValueError, match="zone itself"):
        read_owner([])
