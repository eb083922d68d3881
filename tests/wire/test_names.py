import dns.exception
import dns.name
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kdns.wire import names
from kdns.wire.names import ROOT, BadName, Name, from_labels, from_text, to_text

AWKWARD = [b"a", b"A", b"www", b"*", b"_tcp", b"a.b", b"\\", b'"', b"@", b"\0", b"\1a"]
labels = st.sampled_from(AWKWARD) | st.binary(min_size=1, max_size=63)
all_names = st.lists(labels, max_size=3).map(from_labels)


@given(all_names)
def test_presentation_form_is_read_back(name: Name) -> None:
    assert from_text(to_text(name)) == name


@given(all_names, all_names)
def test_different_names_have_different_presentation_forms(one: Name, other: Name) -> None:
    assert (to_text(one) == to_text(other)) == (one == other)


@given(all_names)
def test_presentation_form_is_what_dnspython_reads(name: Name) -> None:
    read = dns.name.from_text(to_text(name))
    assert read.to_wire() == name
    assert from_text(read.to_text()) == name


@given(st.text(alphabet="aA.\\@019-_ é", max_size=12))
@example("\\")
@example("a.\\")
@example("\\25")
@example("\\256")
@example("a..")
@example("\\.")
@example("\\..")
@example("\\..b")
@example(".a")
@example("..")
@example("\\²11")
def test_any_text_is_a_name_as_dnspython_reads_it_or_a_bad_name(text: str) -> None:
    if text == "":
        return  # the origin here, and for dnspython the name without labels
    try:
        name = from_text(text)
    except BadName:
        name = None
    try:
        expected = dns.name.from_text(text).to_wire() if text.isascii() else None
    except dns.exception.DNSException:
        expected = None
    assert name == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", b"\3org\0"),
        ("@", b"\3org\0"),
        (".", b"\0"),
        ("www", b"\3www\3org\0"),
        ("www.", b"\3www\0"),
        ("a.b", b"\1a\1b\3org\0"),
        (r"a\.b", b"\3a.b\3org\0"),
        (r"a\.", b"\2a.\3org\0"),
        (r"a\..", b"\2a.\0"),
        (r"\@", b"\1@\3org\0"),
        (r"\000.", b"\1\0\0"),
        (r"\065b.", b"\2Ab\0"),
        ("WWW.", b"\3WWW\0"),
    ],
)
def test_relative_names_are_completed_with_the_origin(text: str, name: bytes) -> None:
    assert from_text(text, Name(b"\3org\0")) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a..b", "empty label"),
        (".a", "empty label"),
        ("a" * 64, "longer than 63"),
        (".".join(["a" * 63] * 4), "longer than 255"),
        ("é", "xn--"),
        ("a\\", "backslash"),
        (r"\25", "three digits"),
        (r"\256", "three digits"),
        ("\\é", "backslash"),
    ],
)
def test_a_bad_name_says_why(text: str, reason: str) -> None:
    with pytest.raises(BadName, match=reason):
        from_text(text)


def test_the_longest_names_are_255_octets() -> None:
    assert len(from_labels([b"a" * 63] * 3 + [b"b" * 61])) == 255
    with pytest.raises(BadName):
        from_labels([b"a" * 63] * 3 + [b"b" * 62])
    with pytest.raises(BadName):
        from_labels([b"a"], from_labels([b"a" * 63] * 3 + [b"b" * 61]))


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [
        ("a.example.", "example.", True),
        ("example.", "example.", True),
        ("a.b.example.", "example.", True),
        ("example.", ".", True),
        (".", ".", True),
        (".", "example.", False),
        ("example.", "a.example.", False),
        ("anexample.", "example.", False),
        (r"a\.example.", "example.", False),
        (r"a\007example.", "example.", False),
        (r"x\007example.org.", "example.org.", False),
        ("a.EXAMPLE.", "example.", False),
    ],
)
def test_a_zone_begins_at_a_label(name: str, zone: str, expected: bool) -> None:
    assert names.is_at_or_below(from_text(name), from_text(zone)) == expected


@given(all_names, all_names)
def test_is_at_or_below_is_what_dnspython_says(name: Name, zone: Name) -> None:
    one, other = (dns.name.from_wire(n.lower(), 0)[0] for n in (name, zone))
    assert names.is_at_or_below(names.fold(name), names.fold(zone)) == one.is_subdomain(other)
    below = Name(name[:-1] + zone)
    if len(below) <= 255:
        assert names.is_at_or_below(below, zone)


TABLE = {from_text(text): text for text in ("example.", "a.example.", "b.a.example.", r"c\.example.")}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("example.", "example."),
        ("x.example.", "example."),
        ("a.example.", "a.example."),
        ("x.y.a.example.", "a.example."),
        ("x.b.a.example.", "b.a.example."),
        ("aa.example.", "example."),
        ("anexample.", None),
        (r"c\.example.", r"c\.example."),
        (r"b\.example.", None),
        (r"a\007example.", None),
        (".", None),
        ("EXAMPLE.", None),
    ],
)
def test_longest_suffix_is_the_nearest_name_at_or_above(name: str, found: str | None) -> None:
    assert names.longest_suffix(from_text(name), TABLE) == found
    with_root = {**TABLE, ROOT: "."}
    assert names.longest_suffix(from_text(name), with_root) == (found or ".")


@given(all_names)
def test_labels_offsets_and_parents_agree(name: Name) -> None:
    parts, starts = names.labels(name), list(names.offsets(name))
    assert from_labels(parts) == name
    assert [name[at:] for at in starts] == [from_labels(parts[n:]) for n in range(len(parts) + 1)]
    if name != ROOT:
        assert names.parent(name) == name[starts[1] :]


def test_the_root_has_no_parent() -> None:
    with pytest.raises(ValueError, match="no parent"):
        names.parent(ROOT)


def test_folding_touches_letters_of_ascii_only() -> None:
    every = [bytes([octet]) for octet in range(256)]
    folded = [names.fold(from_labels([octet]))[1:2] for octet in every]
    assert [one for one, other in zip(every, folded, strict=True) if one != other] == [
        bytes([octet]) for octet in range(ord("A"), ord("Z") + 1)
    ]
    longest = from_labels([b"A" * 63])
    assert names.fold(longest)[0] == 63, "lengths are no letters"
