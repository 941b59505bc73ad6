"""The id of a person, drawn by lot, which by itself says nothing.

```
 a page's claim ┐             key of the name
 an STS session ┴─ folded ─> ───────────────── table of names ──> person-k3vqz…: journal, notices, pages
                                                     ^                               │
                             what people read  <─────┴────────── replaced ───────────┘
```
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from typing import Literal

from controller.core.text import sanitize

NAMELESS = "(no name is kept)"
"""Stands behind an id whose name was deleted, has expired, or never was written down."""
LONGEST = 200
"""Characters of a name: the ARN of a session is long, and its end is what tells people apart."""
SPELT = 2_048
"""Characters of a name whose letters are brought into one spelling. No name is as long."""
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
"""Of base32, five bits each: none is taken for another by a person who reads them out."""
ARN = "arn:"
DIGITS = 4
"""A subject by lot has more: names seldom have as many."""
UNSEEN = "…"
"""Stands for a name in which nothing can be seen."""
_CONTROLLER = re.compile(r"\b(tidegate@)[a-z]{2,}(?:-[a-z]+)+-[0-9]+", re.IGNORECASE)
"""The signature of a controller in the journal."""
_ID = re.compile(rf"(?<![a-z0-9-])(person-[a-z2-7]{{16}})(?![a-z0-9-])(?: {re.escape(NAMELESS)})?")


def person_id(random: str) -> str:
    """Return an id of 80 random bits.

    random: hexadecimal digits of chance, 20 at least.
    """
    bits = int(random[:20], 16)
    return "person-" + "".join(LETTERS[bits >> 5 * place & 31] for place in reversed(range(16)))


def is_id(text: str) -> bool:
    """Return True where `text` is the id of a person, and nothing else."""
    found = _ID.fullmatch(text)
    return found is not None and found[1] == text


def ids_in(text: str) -> set[str]:
    """Return the ids of people that a text names."""
    return {found[1] for found in _ID.finditer(text)}


def opaque(subject: str, name: str) -> bool:
    """Return True where an issuer's subject says nothing of the person named `name`.

    Issuers are free in what they take: a number by lot, or an address. What may be a name counts as one.
    """
    own = folded(name).partition("@")[0]
    by_lot = re.fullmatch(r"[A-Za-z0-9_|=+.:-]{16,}", subject) and sum(map(str.isdigit, subject)) >= DIGITS
    return bool(by_lot) and not (own and own in subject.casefold())


def folded(identity: str) -> str:
    """Return the part of an identity that is the same by every door.

    A terminal's identity is the ARN of an STS session, whose last part is the name of the person's session
    (IAM Identity Center puts the user's name there); a page's is a claim of the sign-in. What is shown alike
    is the same: letters have one spelling, and what cannot be seen is left out, as by `plain`.
    """
    seen = _seen(identity)
    last = " ".join((seen.rpartition("/")[2] if seen.startswith(ARN) else seen).split())
    return _spelt("NFC", _spelt("NFD", last).casefold())


def _seen(identity: str) -> str:
    """Return what can be seen of an identity, in one spelling (NFC)."""
    return _spelt("NFC", sanitize(identity, len(identity) + 1))


def _spelt(form: Literal["NFC", "NFD"], text: str) -> str:
    """Return `text` in a form of Unicode.

    The cost grows with the square of accents in a row.
    """
    return unicodedata.normalize(form, text[:SPELT]) + text[SPELT:]


def key_of(identity: str) -> str:
    """Return the key of a person in the table of names.

    It is the SHA-256 of the folded identity, for AWS shows keys of items where it shows no attributes:
    in CloudTrail's data events, and in Contributor Insights.
    """
    return hashlib.sha256(f"tidegate.person/{folded(identity)}".encode("utf-8", "replace")).hexdigest()


def replaced(text: str, shown: Callable[[str], str]) -> str:
    """Return `text` with each id of a person replaced by `shown` of it.

    Applied to its own result it changes nothing, as long as no name looks like an id: see `plain`.
    """
    return _ID.sub(lambda found: shown(found[1]), text) if "person-" in text else text


def plain(name: str) -> str:
    """Return a name as it may be shown, in one line.

    Names come from outside: somebody may call themselves by another's id, by a controller's signature, or
    by nothing that can be seen.
    """
    return _CONTROLLER.sub(r"\1…", _ID.sub("person-…", sanitize(_seen(name), LONGEST))) or UNSEEN
