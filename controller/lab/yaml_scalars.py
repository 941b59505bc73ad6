"""What a plain (unquoted) YAML scalar says, by the part of YAML 1.2 on which every tool agrees.

Text, whole numbers, decimals, `true` and `false`. What YAML 1.1 tools read as something else
(`no` as false, `010` as eight, `12:30` as 750, a date) is refused with the advice to quote it: a reviewer
must never see another policy than the one that runs.
"""

import re
from dataclasses import dataclass

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHLIKE = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false"})
_NUMBERLIKE = re.compile(
    r"[-+]?[0-9][0-9_,]*"  # 010, 1_000, +1, a number of more than 18 digits
    r"|[-+]?0[box][0-9a-fA-F_]+"
    r"|[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # sexagesimal
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"  # a date
    r"|="
)
# Control characters, halves of surrogate pairs, foreign line ends, and marks that reorder what a reader sees.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]"
    "|\r(?!\n)"
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a scalar has no meaning here, and what to write instead."""

    message: str
    hint: str | None = None


def plain_scalar(text: str) -> str | int | float | bool | Refused:
    """The value of an unquoted scalar, or why it is refused."""
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if text in _NULL:
        return Refused("nothing is written here; expected a value", "leave the key out, or give it a value")
    if text.lower() in _TRUTHLIKE:
        return Refused(f"{text!r} is a truth value to some YAML tools and text to others", f'write "{text}"')
    if len(text) <= 64 and _NUMBERLIKE.fullmatch(text):
        return Refused(f"{text!r} is read differently by different YAML tools", f'write "{text}"')
    return text
