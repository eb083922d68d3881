"""kdns.search.resolvers against the resolvers themselves: what each asks for is read off the wire."""

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kdns.search.resolvers import WALKS, Outcome, Resolver, Then, questions, read
from tests.search.recording import (
    Build,
    Laboratory,
    Lookup,
    build_busybox,
    build_c,
    build_c_ares,
    build_go,
    build_pycares,
)

BUILDS: dict[Resolver, Build] = {
    Resolver.GLIBC: build_c("gcc", "lookup.c"),
    Resolver.MUSL: build_c("musl-gcc", "lookup.c"),
    Resolver.GO: build_go,
    Resolver.C_ARES: build_pycares,
    Resolver.BUSYBOX: build_busybox,
}


class Asker(NamedTuple):
    resolver: Resolver
    laboratory: Laboratory


@pytest.fixture(scope="module", params=list(BUILDS), ids=str)
def asker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Asker:
    """A resolver that can be asked; skips where it is not installed."""
    folder = tmp_path_factory.mktemp(str(request.param))
    return Asker(request.param, Laboratory(BUILDS[request.param](folder), folder))


def agree(asker: Asker, lookups: list[Lookup]) -> None:
    """Fail unless the names that are asked for are those foretold, for each lookup."""
    for lookup, recorded in zip(lookups, asker.laboratory.look_up(lookups), strict=True):
        conf = read(lookup.text, asker.resolver)
        assert recorded.names == [*questions(lookup.name, conf, asker.resolver)], (lookup, conf, recorded)


SEARCH = "search default.svc.cluster.local svc.cluster.local cluster.local"
KUBERNETES = (
    f"{SEARCH}\noptions ndots:5\n",
    f"{SEARCH} corp.example.com\noptions ndots:2 edns0\n",
    f"{SEARCH}\n",
)
NAMES = (
    "web",
    "web.shop",
    "web.shop.svc",
    "web.shop.svc.cluster.local",
    "web.shop.svc.cluster.local.",
    "Web.Shop",
    "web.",
    "_http._tcp.web",
    "www.example.com",
    "a.b.c.d.e.f",
)
PLAIN = [Lookup(text, name) for text in KUBERNETES for name in NAMES]


def test_a_pods_names_are_asked_for_as_foretold(asker: Asker) -> None:
    agree(asker, PLAIN)


def test_an_old_c_ares_asks_for_a_pods_names_as_the_new_one_does(tmp_path: Path) -> None:
    agree(Asker(Resolver.C_ARES, Laboratory(build_c_ares(tmp_path), tmp_path)), PLAIN)


LONG = ".".join(["x" * 60] * 3)
MANY = "search " + " ".join(f"{'d' * 40}.d{number}.test" for number in range(9)) + "\n"
"""More domains and octets than old versions take, longer than a line of musl's."""

DOTS = ("ndots:0", "ndots:16", "ndots:", "ndots:2x", "ndots:-1", "ndots:3 ndots:1", "no-tld-query")
DOTTED = [
    Lookup(f"search a.test\noptions {options}\n", name)
    for options in DOTS
    for name in ("w", "w.w", "w" + ".w" * 15, "w" + ".w" * 16)
]
FILES = (
    "",
    "search a.test",
    "search a.test\ndomain b.test c.test\n",
    "domain a.test\nsearch b.test\ndomain c.test\n",
    "search a.test\nsearch\n",
    "search a.test\n search b.test\n",
    "#search a.test\n;search b.test\nsearch c.test # no.test\n",
    "search\ta.test b.test\n",
    "search a.test\tb.test\n",
    "search a.test,b.test\n",
    "search a.test. A.test b.test a.test\n",
    "search a.onion b.test\n",
    "options ndots:2\nsearch a.test\noptions rotate\n",
    "options ndots:2\noptions ndots:0\nsearch a.test\n",
    MANY,
)
GIVEN = ["", ".", "..", "w..", ".w", "w..w", "w_w", "w-.w", "x" * 63, "x" * 64, "localhost", "localhost."]
GIVEN += ["w.localhost", "w.onion", "w.Onion.", "1", "10.1", "0x7f.1", "1.2.3.4", "1.2.3.4.", "::1", "1.2.3"]
GIVEN += ["w/w", "w*w", "w w", "w+w", "w\u00e9", "w@w"]
ODD = [
    *DOTTED,
    *(Lookup(text, "w") for text in FILES),
    *(Lookup("search a.test b.test\noptions ndots:3\n", name) for name in GIVEN),
]
ROOT = [Lookup(text, name) for text in ("search .\n", "search a.test .\n") for name in ("w", "w.w")]
ESCAPED = [Lookup("search a.test\n", name) for name in (r"w\.w", r"w\119.w", r"w\-w.w", r"w\w\w", "w\\")]
TOO_LONG = [Lookup(f"search a.test {LONG} b.test\n", name) for name in ("x" * 60, "w", "x" * 60 + ".w")]


def test_odd_files_and_names_are_understood_as_foretold(asker: Asker) -> None:
    agree(asker, ODD)


def test_the_root_as_a_domain_is_searched_as_foretold(asker: Asker) -> None:
    if asker.resolver is Resolver.MUSL:
        pytest.skip("until 1.2.3 the query is broken, and Debian 12 has that one")
    agree(asker, ROOT)


def test_escapes_are_understood_as_foretold(asker: Asker) -> None:
    if asker.resolver is Resolver.BUSYBOX:
        pytest.skip("which library busybox is linked with is not known")
    agree(asker, ESCAPED)


def test_a_name_that_becomes_too_long_is_left_out_or_ends_the_walk(asker: Asker) -> None:
    if asker.resolver is Resolver.MUSL:
        pytest.skip("until 1.2.3 it ends the walk, and Debian 12 has that one")
    agree(asker, TOO_LONG)


_label = st.sampled_from(["w", "a-b", "_tcp", "UP", "9", "x1", "local"])
_domain = st.lists(_label, min_size=1, max_size=3).map(".".join)
_option = st.sampled_from(
    [*(f"ndots:{dots}" for dots in range(17)), "rotate", "edns0", "no-tld-query", "ndots"]
)
_line = st.one_of(
    st.lists(_domain, max_size=6).map(lambda domains: " ".join(["search", *domains])),
    _domain.map("domain {}".format),
    st.lists(_option, min_size=1, max_size=3).map(lambda options: " ".join(["options", *options])),
    st.sampled_from(
        ["", "# search no.test", "; options ndots:9", "nameserver 127.0.0.1", "sortlist 10.0.0.0"]
    ),
)
_name = st.tuples(st.lists(_label, min_size=1, max_size=6).map(".".join), st.sampled_from(["", "", "."])).map(
    "".join
)
_text = st.lists(_line, max_size=5).map(lambda lines: "".join(f"{line}\n" for line in lines))
lookups = st.tuples(_text, _name).map(lambda made: Lookup(*made))


@settings(max_examples=3, phases=[Phase.generate])
@given(made=st.lists(lookups, min_size=20, max_size=20))
def test_any_file_and_name_are_understood_as_foretold(asker: Asker, made: list[Lookup]) -> None:
    agree(asker, made)


SAID = {
    "Name or service not known": "EAI_NONAME",
    "Name does not resolve": "EAI_NONAME",
    "No address associated with hostname": "EAI_NODATA",
    "Name has no usable address": "EAI_NODATA",
    "Temporary failure in name resolution": "EAI_AGAIN",
    "Try again": "EAI_AGAIN",
    "Domain name not found": "ARES_ENOTFOUND",
    "DNS server returned answer with no data": "ARES_ENODATA",
    "DNS server returned general failure": "ARES_ESERVFAIL",
    "DNS server refused query": "ARES_EREFUSED",
    "Timeout while contacting DNS servers": "ARES_ETIMEOUT",
}
WALK = "search one.test two.test\noptions timeout:1 attempts:1 ndots:{}\n"
LISTED, AS_IS = WALK.format(2), WALK.format(1)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_walk_goes_on_or_ends_as_foretold(asker: Asker, outcome: Outcome) -> None:
    made = [Lookup(text, "a.b", outcome) for text in (LISTED, AS_IS)]
    if asker.resolver is Resolver.BUSYBOX:
        made = [made[0]._replace(name="a")]
    step = WALKS[asker.resolver][outcome]
    for lookup, recorded, then in zip(
        made, asker.laboratory.look_up(made), (step.listed, step.as_is), strict=False
    ):
        first, *rest = questions(lookup.name, read(lookup.text, asker.resolver), asker.resolver)
        following = {Then.NEXT: rest, Then.AS_IS: rest[-1:], Then.END: []}[then]
        assert [*dict.fromkeys(recorded.names)] == [first, *following], recorded


@pytest.mark.parametrize("outcome", Outcome)
def test_a_walk_of_one_outcome_ends_with_its_error(asker: Asker, outcome: Outcome) -> None:
    (recorded,) = asker.laboratory.look_up([Lookup(LISTED, "a.b", outcome, outcome)])
    error = WALKS[asker.resolver][outcome].error
    if asker.resolver is Resolver.MUSL and outcome is Outcome.NODATA:
        assert SAID[recorded.output] in (error, "EAI_NONAME"), "that of 1.2.3"
    elif asker.resolver is Resolver.BUSYBOX:
        assert error in recorded.output or outcome in (Outcome.NODATA, Outcome.TIMEOUT)
    else:
        assert error in (SAID.get(recorded.output), recorded.output.rpartition(": ")[2])
