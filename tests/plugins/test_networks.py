from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from kdns.corefile.values import Position, Word
from kdns.plugins._networks import EVERYWHERE, Networks, network

ADDRESSES = st.ip_addresses()
TEXTS = st.builds(
    lambda address, length: f"{address}/{length % (address.max_prefixlen + 1)}",
    ADDRESSES,
    st.integers(0, 128),
)


def read(text: str) -> Networks:
    return Networks(network(Word(each, Position("Corefile", 1, 1))) for each in text.split())


@given(st.lists(TEXTS, max_size=6), st.lists(ADDRESSES, min_size=1))
def test_an_address_is_found_where_one_of_the_networks_has_it(texts: list[str], addresses: list) -> None:
    networks = [ip_network(text, strict=False) for text in texts]
    inside = [ip_address(int(each.network_address)) for each in networks if each.version == 6]
    for address in (*addresses, *inside):
        expected = any(address in each for each in networks)
        assert (address.packed in read(" ".join(texts))) is expected


def test_everywhere_is_every_address() -> None:
    for text in ("0.0.0.0", "255.255.255.255", "::", "ffff::"):
        assert ip_address(text).packed in Networks(EVERYWHERE)
    assert b"" not in Networks(EVERYWHERE)
