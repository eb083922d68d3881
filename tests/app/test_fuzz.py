"""Every Corefile that `check` finds fine can be served: whatever is asked, each answer is a valid one, is the
same the second time, and nothing panics.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import dns.flags
import dns.message
import pytest

from kdns.app import check
from kdns.cluster.state import ClusterState
from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile
from tests.answering import universe
from tests.app.generations import answer, defects, generation
from tests.builders import TCP, UDP, build_query, endpoints, headless, namespace, state_of
from tests.plugins.drawn import ENVIRONMENT, UPSTREAM, corefile, make_files
from tests.upstreams.dummies import both_dummies
from tests.upstreams.evil import script


def said(response: bytes | None) -> object:
    """Return what must not change from one time to the next: not TTL, order, AA, nor what was cut off."""
    if response is None:
        return None
    message = dns.message.from_wire(response, one_rr_per_rrset=True)
    flags = message.flags & ~(dns.flags.AA | dns.flags.AD)
    if message.flags & dns.flags.TC:
        return message.rcode(), flags, message.edns
    sections = [
        sorted(f"{each.name} {each.rdtype} {each[0]}" for each in part) for part in message.sections[1:]
    ]
    return message.rcode(), flags, message.edns, sections


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    make_files(tmp_path)
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def accepted(dice: Random) -> str:
    """Return a Corefile that `check` finds fine."""
    while True:
        text = corefile(dice, dice.choice((0.0, 0.0, 0.1)))
        try:
            if not check(parse_corefile(text, "Corefile", ENVIRONMENT)):
                return text
        except CorefileError:
            pass


def cluster_of(dice: Random) -> ClusterState:
    state = ClusterState(lambda: 1_700_000_000)
    for _ in range(40):
        state.apply(universe.event(dice))
    state.mark_synced()
    return state


@pytest.mark.parametrize("seed", range(25))
async def test_every_corefile_that_is_fine_answers_every_question(
    seed: int, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dice = Random(seed)
    async with both_dummies(script(dice), script(dice)) as (upstream, _):
        text = accepted(dice).replace(UPSTREAM, str(upstream.address))
        async with generation(text, cluster_of(dice)) as made:
            for responder in made.responders.values():
                for _ in range(200 // len(made.responders)):
                    packet, client = universe.packet(dice), dice.choice((UDP, UDP, TCP))
                    first = await answer(responder, packet, client)
                    again = await answer(responder, packet, client)
                    assert said(first) == said(again), f"{packet.hex()} with\n{text}"
    assert not defects(caplog)


async def test_names_that_get_too_long_below_the_cluster_domain_are_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    zone, own = ".".join(["z" * 30] * 3) + ".", "s" * 63
    state = state_of(
        namespace(own),
        headless(f"{own}/{own}"),
        endpoints(f"{own}/{own}", f"10.0.0.1 hostname={own}", "10.0.0.2"),
    )
    async with generation(f"{zone} in-addr.arpa {{\n kubernetes {zone} in-addr.arpa\n}}", state) as made:
        (responder,) = made.responders.values()
        for name in (f"{own}.{own}.svc.{zone}", "1.0.0.10.in-addr.arpa."):
            for qtype in ("A", "SRV", "PTR"):
                assert await answer(responder, build_query(name, qtype).to_wire(), UDP)
    assert not defects(caplog)
