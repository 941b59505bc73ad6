"""RFC 8785: the numbers of its appendix, and whatever a package by others writes, byte by byte."""

import json
import struct

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.canonical_json import MOST, ascii_json, canonical, digest

APPENDIX_B = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}
"""The bits of a double in hex, and its text (RFC 8785, appendix B)."""


@pytest.mark.parametrize("bits", APPENDIX_B)
def test_the_numbers_of_the_appendix(bits: str) -> None:
    assert canonical(struct.unpack(">d", bytes.fromhex(bits))[0]) == APPENDIX_B[bits]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = (
    st.none() | st.booleans() | TEXT | st.integers(-MOST, MOST)
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=1500, deadline=None)
@given(VALUES)
def test_the_bytes_are_those_of_another_implementation(value: object) -> None:
    assert canonical(value).encode() == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_keys_are_sorted_by_their_utf_16_code_units() -> None:
    keys = ["€", "\r", "\ufb33", "1", "\U0001f600", "\x80", "ö"]
    expected = ["\r", "1", "\x80", "ö", "€", "\U0001f600", "\ufb33"]
    text = canonical(dict.fromkeys(keys, 0))
    assert text == "{" + ",".join(f"{canonical(key)}:0" for key in expected) + "}"


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), MOST + 2, -MOST - 2, 10**400, {1: "a"}, {None: 1}, "\ud800",
     {"\udc00": 1}, b"x", {"a"}, object(), [[[object()]]]],
)  # fmt: skip
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


def test_the_older_spelling_stays_what_it_was() -> None:
    assert ascii_json({"b": 1.0, "a": "é"}) == '{"a":"\\u00e9","b":1.0}'
    assert canonical({"b": 1.0, "a": "é"}) == '{"a":"é","b":1}'
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("value", [1e20, -1e20, 2.0**60, 1e21, 1.7976931348623157e308])
def test_a_great_number_read_again_is_spelled_the_same(value: float) -> None:
    assert canonical(json.loads(canonical([value]))) == canonical([value])
