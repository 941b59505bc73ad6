"""The id of a person: drawn by lot, found in any text, and never forged by a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.incident.approval import among, same_person
from controller.core.person import (
    ARN,
    LONGEST,
    NAMELESS,
    folded,
    ids_in,
    is_id,
    key_of,
    opaque,
    person_id,
    plain,
    replaced,
)

ANA, BEN = "person-aaaaaaaaaaaaaaaa", "person-bbbbbbbbbbbbbbbb"
NAMES = {ANA: "ana", BEN: "ben"}


def shown(person: str) -> str:
    return NAMES.get(person, f"{person} {NAMELESS}")


@given(st.binary(min_size=10, max_size=32))
def test_an_id_is_eighty_bits_of_chance_and_is_found(chance: bytes) -> None:
    found = person_id(chance.hex())
    assert is_id(found)
    assert len(found) == 23
    assert found == person_id(chance[:10].hex())
    assert ids_in(f"approved by {found}: x, {found}'s") == {found}


OTHERS = ("", "person-", "ana", ANA[:-1], ANA + "a", ANA.upper(), f" {ANA}", f"{ANA} {NAMELESS}",
          ANA.replace("a", "1"), "person-aaaaaaaaaaaaaaa8")  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_nothing_else_is_an_id(other: str) -> None:
    assert not is_id(other)


def test_ids_become_names_wherever_they_stand() -> None:
    assert replaced(f"by {ANA}, {BEN}; ({ANA})", shown) == "by ana, ben; (ana)"
    assert replaced("by tidegate@us-east-2", shown) == "by tidegate@us-east-2"
    for inside in (f"x{ANA}", f"{ANA}-1", f"{ANA}2", f"im{ANA}"):
        assert replaced(inside, shown) == inside


def test_who_has_no_name_is_said_so_once_and_has_one_again_if_it_comes() -> None:
    gone = "person-cccccccccccccccc"
    once = replaced(f"by {gone}: x", shown)
    assert once == f"by {gone} {NAMELESS}: x"
    assert replaced(once, shown) == once
    assert replaced(once, lambda _: "cem") == "by cem: x"


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_name_changes_nothing_but_its_own_place(name: str, around: str) -> None:
    """Read twice, a text is the same: no name leads to another's."""
    told = replaced(f"{around} {ANA} {around}", lambda person: plain(name) if person == ANA else "ben")
    assert replaced(told, lambda person: plain(name) if person == ANA else "ben") == told


@pytest.mark.parametrize("name", [BEN, f"x {BEN} y", f"{BEN} {NAMELESS}", f"\x1b[1m{BEN}", f"{BEN}\u202e"])
def test_nobody_is_shown_as_somebody_else(name: str) -> None:
    assert ids_in(plain(name)) == set()


def test_a_name_is_one_line_of_bounded_length() -> None:
    assert plain("a\nb\x1b[31mc\u202e") == "a bc"
    assert len(plain("x" * 9_000)) == len(plain("\u0958" * 9_000)) == LONGEST


@pytest.mark.parametrize(
    "other", ["ANA@x.example", " ana@x.example\n", "arn:aws:sts::1:assumed-role/ops/Ana@x.example"]
)
def test_one_person_has_one_key_by_every_door(other: str) -> None:
    assert key_of(other) == key_of("ana@x.example") != key_of("ben@x.example")
    assert folded(other) == "ana@x.example"
    assert "ana" not in key_of(other)


ALIKE = ("ana", "ana\u200b", "a\u00adna", "\u202eana", "\x1b[1mana\x1b[0m", "ana\u034f", "a\ufe0fna",
         "ana\ud800", "ana\n", "\ufeffANA", "\u3164ana", "an\x00a")  # fmt: skip


@pytest.mark.parametrize("other", ALIKE)
def test_what_is_shown_alike_is_one_person(other: str) -> None:
    assert plain(other).casefold() == "ana"
    assert key_of(other) == key_of("ana")
    assert key_of(f"arn:aws:sts::1:assumed-role/ops/{other}") == key_of("ana")
    assert same_person(other, "ana")
    assert among("ana", [other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jos\u00e9", "jose\u0301"),
        ("JOS\u00c9", "jose\u200b\u0301"),
        ("\u1e9b\u0323", "\u1e9b\u200d\u0323"),
        ("\u212b", "\u00e5"),
        ("ana  maria", "ana\u00a0maria"),
        ("ana maria", "ana \u2028 maria"),
    ],
)
def test_a_letter_has_one_spelling(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)
    assert folded(one) == folded(folded(other))


DISTINCT = ("ana", "aná", "аna", "ana.b", "ana-b", "ana@x", "an", "a na", "ana1", "ａｎａ", "anа", "", "…")


def test_what_is_shown_otherwise_is_somebody_else() -> None:
    assert len({key_of(name) for name in DISTINCT}) == len(DISTINCT)
    long = ("a" * 3_000, "a" * 3_000 + "b", "a" * 20_000 + "b", "a" * 20_000 + "c")
    assert len({key_of(name) for name in long}) == 4


@given(
    st.text(max_size=40),
    st.sampled_from(("\u200b", "\u00ad", "\u202e", "\x1b[2J", "\x00", "\u2060")),
    st.integers(0, 40),
)
def test_nothing_that_cannot_be_seen_makes_somebody_new(name: str, unseen: str, place: int) -> None:
    if not set("\x1b\x9b\x90\x9d\x98\x9e\x9f") & set(name):  # these take what follows them out too
        assert folded(name[:place] + unseen + name[place:]) == folded(name)
    assert folded(folded(name)) == folded(name) or name.startswith(ARN)


@pytest.mark.parametrize(
    "name", ["tidegate@us-west-2", "TideGate@us-gov-east-1", "tide\u200bgate@eu-central-1"]
)
def test_nobody_is_shown_as_a_controller(name: str) -> None:
    assert plain(name).casefold() == "tidegate@…"
    assert plain(f"x {name}, y").casefold() == "x tidegate@…, y"
    assert plain("tidegate@example.com") == "tidegate@example.com"


@pytest.mark.parametrize("name", ["", "\u200b", " \u2800\n"])
def test_who_calls_themselves_nothing_is_shown_as_something(name: str) -> None:
    assert plain(name) == "…"
    assert key_of(name) == key_of("")


@pytest.mark.parametrize(
    ("subject", "name", "by_lot"),
    [
        ("00u1f96ECLNVOKVMUSEA", "ana@x.example", True),
        ("9a3c1f52-4f0e-4d5b-8a77-0c9be2f4c111", "ana@x.example", True),
        ("auth0|5f7c8ec7c33c6c004bbafe82", "ana@x.example", True),
        ("u-ana", "ana@x.example", False),
        ("ana@x.example", "ana@x.example", False),
        ("ana.maria.schmidt.of.x", "amx", False),
        ("anaschmidt-1987-2020-01", "anaschmidt@x.example", False),
        ("1234567890123 4567890", "ana", False),
    ],
)
def test_a_subject_that_may_be_a_name_counts_as_one(subject: str, name: str, by_lot: bool) -> None:
    assert opaque(subject, name) is by_lot
