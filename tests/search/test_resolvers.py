"""kdns.search.resolvers: what a resolv.conf says to each resolver, and which names it asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.search.resolvconf import ResolvConf
from kdns.search.resolvers import WALKS, Outcome, Resolver, questions, read
from kdns.wire.names import MAX_NAME, labels, to_text

GLIBC, MUSL, GO, C_ARES, BUSYBOX = Resolver
POD = ResolvConf(
    ("10.96.0.10",), ("default.svc.cluster.local", "svc.cluster.local", "cluster.local"), ("ndots:5",)
)
WEB = (
    "web.default.svc.cluster.local.",
    "web.svc.cluster.local.",
    "web.cluster.local.",
)


def asked(name: str, conf: ResolvConf, resolver: Resolver = GLIBC) -> list[str]:
    return [to_text(each) for each in questions(name, conf, resolver)]


def searching(*domains: str, options: str = "") -> ResolvConf:
    return ResolvConf((), domains, tuple(options.split()))


@pytest.mark.parametrize("resolver", [GLIBC, MUSL, GO, C_ARES])
def test_a_pod_searches_for_a_name_with_few_dots_and_then_asks_for_it_as_it_is(resolver: Resolver) -> None:
    assert asked("web", POD, resolver) == [*WEB, "web."]
    assert asked("Web.shop.svc", POD, resolver)[1] == "Web.shop.svc.svc.cluster.local."
    assert len(asked("a.b.c.d.e", POD, resolver)) == 4


def test_nslookup_of_busybox_searches_for_single_labels_only() -> None:
    assert asked("web", POD, BUSYBOX) == [*WEB]
    assert asked("web.shop", POD, BUSYBOX) == ["web.shop."]
    assert asked("web", searching(), BUSYBOX) == asked("web", searching("."), BUSYBOX) == ["web."]


@pytest.mark.parametrize("resolver", Resolver)
def test_a_final_dot_ends_all_searching(resolver: Resolver) -> None:
    assert asked("web.shop.", POD, resolver) == ["web.shop."]


def test_a_name_with_enough_dots_is_asked_first_and_for_musl_alone() -> None:
    name = "a.b.c.d.e.f"
    for resolver in (GLIBC, GO, C_ARES):
        assert asked(name, POD, resolver) == [f"{name}.", *(f"{name}.{each}." for each in POD.searches)]
    assert asked(name, POD, MUSL) == [f"{name}."]


@pytest.mark.parametrize(
    ("options", "dots"),
    [
        ("", (1, 1, 1, 1)),
        ("ndots:0", (0, 0, 0, 0)),
        ("ndots:3 ndots:2", (2, 2, 2, 2)),
        ("ndots:20", (15, 15, 15, 20)),
        ("ndots:", (0, 1, 0, 0)),
        ("ndots:2x", (2, 2, 2, 1)),
        ("ndots:-1", (15, 1, 0, 1)),
        ("ndots", (1, 1, 1, 0)),
        ("rotate", (1, 1, 1, 1)),
    ],
)
def test_ndots_is_read_differently(options: str, dots: tuple[int, ...]) -> None:
    conf = searching("a.test", options=options)
    for resolver, expected in zip((GLIBC, MUSL, GO, C_ARES), dots, strict=True):
        names = ["w" + ".w" * number for number in range(25)]
        as_is_first = [asked(name, conf, resolver)[0] == f"{name}." for name in names]
        assert as_is_first.index(True) == expected, resolver


def test_the_root_as_a_domain_is_the_name_itself() -> None:
    conf = searching("a.test", ".", "b.test")
    assert asked("w", conf) == ["w.a.test.", "w.", "w.b.test."], "not once more at the end"
    assert asked("w", conf, C_ARES) == ["w.a.test.", "w.", "w.b.test.", "w."]
    assert asked("w", conf, MUSL) == asked("w", conf, GO) == ["w.a.test.", "w.b.test.", "w."]
    assert asked("w", conf, BUSYBOX) == ["w.a.test."], "it stumbles there"


def test_only_glibc_knows_no_tld_query() -> None:
    conf = searching("a.test", options="no-tld-query")
    assert asked("w", conf) == ["w.a.test."]
    assert asked("w", conf, GO) == ["w.a.test.", "w."]
    assert asked("w.w", searching("a.test", options="no_tld_query ndots:2")) == ["w.w.a.test.", "w.w."]
    assert asked("w", searching(options="no-tld-query")) == ["w."]


def test_what_becomes_too_long_is_left_out_or_ends_the_walk() -> None:
    conf = searching("a.test", ".".join(["x" * 60] * 4), "b.test", options="ndots:2")
    name = "y" * 20
    for resolver in (MUSL, GO):
        assert asked(name, conf, resolver) == [f"{name}.a.test.", f"{name}.b.test.", f"{name}."]
    assert asked(name, conf) == [f"{name}.a.test.", f"{name}."]
    assert asked(name, conf, C_ARES) == asked(name, conf, BUSYBOX) == [f"{name}.a.test."]


@pytest.mark.parametrize("resolver", Resolver)
@pytest.mark.parametrize(
    "name", ["", "..", "w..", "a..b", ".a", "x" * 64, "x." * 130, "10.0.0.1", "::1", "fe80::1%eth0"]
)
def test_an_address_and_what_can_be_no_name_are_not_asked_for(name: str, resolver: Resolver) -> None:
    assert asked(name, POD, resolver) == []


def test_the_c_libraries_know_more_forms_of_addresses() -> None:
    for name in ("1", "10.1", "0x7f.1", "017.1", "1.2.3"):
        assert asked(name, searching()) == asked(name, searching(), MUSL) == []
        assert asked(name, searching(), C_ARES) == [f"{name}."]
    for name in ("1.2.3.4.", "256.1.1.1", "08", "1.2.3.4.5"):
        assert asked(name, searching(), MUSL) == [f"{name.removesuffix('.')}."]


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("_http._tcp", {GLIBC, MUSL, GO, C_ARES, BUSYBOX}),
        ("-w", {MUSL, C_ARES, BUSYBOX}),
        ("w.-w", {GLIBC, MUSL, C_ARES, BUSYBOX}),
        ("w-.w", {GLIBC, MUSL, C_ARES, BUSYBOX}),
        ("w*w", {MUSL, C_ARES, BUSYBOX}),
        ("w w", {MUSL, BUSYBOX}),
        ("wé", {MUSL, BUSYBOX}),
        ("9.9.9.9.9", {GLIBC, MUSL, C_ARES, BUSYBOX}),
        ("localhost", {GLIBC, MUSL, GO, BUSYBOX}),
        ("w.LOCALHOST", {GLIBC, MUSL, GO, BUSYBOX}),
        ("w.onion", {GLIBC, MUSL, BUSYBOX}),
    ],
)
def test_some_names_are_not_asked_for_by_everybody(name: str, by: set[Resolver]) -> None:
    assert {resolver for resolver in Resolver if asked(name, searching(), resolver)} == by


def test_escapes_are_read_by_glibc_and_c_ares() -> None:
    for resolver in (GLIBC, C_ARES):
        assert questions(r"w\119w", searching(), resolver) == (b"\3www\0",)
    assert questions(r"w\119w", searching(), MUSL) == (b"\6w\\119w\0",)
    assert questions(r"w\119w", searching(), GO) == ()


TEXT = """\
# written by kubelet
nameserver 10.96.0.10
search default.svc.cluster.local svc.cluster.local cluster.local.
options ndots:5 timeout:1
options edns0
"""


@pytest.mark.parametrize("resolver", Resolver)
def test_a_pods_file_says_the_same_to_everybody(resolver: Resolver) -> None:
    options = () if resolver is BUSYBOX else ("ndots:5", "timeout:1", "edns0")
    assert read(TEXT, resolver) == ResolvConf(POD.nameservers, POD.searches, options)


def searches(text: str) -> dict[Resolver, list[str]]:
    return {resolver: [*read(text, resolver).searches] for resolver in Resolver}


@pytest.mark.parametrize(
    ("text", "usual", "others"),
    [
        ("search a\ndomain b c\n", ["b"], {MUSL: ["b", "c"], C_ARES: ["a"], BUSYBOX: ["a"]}),
        ("domain b c\nsearch a\n", ["a"], {}),
        ("search a b\nsearch c\n", ["c"], {}),
        ("search a\nsearch\n", ["a"], {MUSL: [], GO: []}),
        ("search a # b\n", ["a", "#", "b"], {C_ARES: ["a"]}),
        ("# search a\n; search b\n#search c\n", [], {}),
        (" search a\n", [], {GO: ["a"], C_ARES: ["a"], BUSYBOX: ["a"]}),
        ("search a,b\n", ["a,b"], {C_ARES: ["a", "b"]}),
        ("search\ta\tb\n", ["a", "b"], {C_ARES: []}),
        ("search a B b a\n", ["a", "B", "b", "a"], {C_ARES: ["a", "B"]}),
        ("search . a.\n", [".", "a"], {GO: ["a"]}),
        ("search a", ["a"], {}),
        ("searching a\nsearch\n", [], {}),
        ("search " + "a " * 130, ["a"] * 130, {MUSL: [], C_ARES: ["a"]}),
        ("search " + "a " * 300, ["a"] * 300, {MUSL: [], C_ARES: [], BUSYBOX: ["a"] * 252}),
    ],
)
def test_search_domains_are_read_differently(
    text: str, usual: list[str], others: dict[Resolver, list[str]]
) -> None:
    assert searches(text) == dict.fromkeys(Resolver, usual) | others


def test_three_nameservers_are_used_and_by_c_ares_and_busybox_all() -> None:
    given = ["10.0.0.1", "fd00::1", "fe80::1%eth0", "10.0.0.4"]
    text = "".join(f"nameserver {each}\n" for each in ["nonsense", *given, ""])
    for resolver in Resolver:
        expected = given if resolver in (C_ARES, BUSYBOX) else given[:3]
        assert [*read(text, resolver).nameservers] == expected


def test_without_nameservers_it_is_this_host() -> None:
    for resolver in (GLIBC, MUSL, C_ARES, BUSYBOX):
        assert read("", resolver) == ResolvConf(("127.0.0.1",))
    assert read("", GO).nameservers == ("127.0.0.1", "::1")


def test_c_ares_takes_ports_of_nameservers() -> None:
    text = "nameserver 10.0.0.1:53\nnameserver [fd00::1]:5353\nnameserver [fd00::2]\nnameserver a:1\n"
    assert read(text, C_ARES).nameservers == ("10.0.0.1:53", "[fd00::1]:5353", "[fd00::2]")


@pytest.mark.parametrize("resolver", Resolver)
@given(text=st.text(alphabet="search domainopt:5.#;,\\\t\n\0é") | st.text(), name=st.text())
def test_whatever_is_read_and_asked_is_no_error_but_a_name(text: str, name: str, resolver: Resolver) -> None:
    assert questions("\ud800", read(f"{text}\ud800", resolver), resolver) == ()
    for found in questions(name, read(text, resolver), resolver):
        assert len(found) <= MAX_NAME and all(len(label) <= 63 for label in labels(found))


def test_every_resolver_does_something_about_every_outcome() -> None:
    assert {resolver: {*steps} for resolver, steps in WALKS.items()} == {key: {*Outcome} for key in Resolver}
