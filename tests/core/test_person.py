"""The id of a person: drawn by lot, found in any text, and never forged by a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.person import (
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
    assert len(plain("x" * 9_000)) == LONGEST


@pytest.mark.parametrize(
    "other", ["ANA@x.example", " ana@x.example\n", "arn:aws:sts::1:assumed-role/ops/Ana@x.example"]
)
def test_one_person_has_one_key_by_every_door(other: str) -> None:
    assert key_of(other) == key_of("ana@x.example") != key_of("ben@x.example")
    assert folded(other) == "ana@x.example"
    assert "ana" not in key_of(other)


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
