"""What comes from outside and may be hostile: texts that people type, and what nobody may make of them."""

import random
import re
from urllib.parse import parse_qs

from controller.core.text import plain

MARK = "~forged~"
HOSTILE = f"so it is\n{MARK}\r{MARK} \x1b[2J <script>{MARK}</script> \u202e{MARK}\u2028{MARK}"
"""A reason that tries to begin a line of its own, to steer a terminal, and to run in a page."""
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
OWN_LINE = re.compile(f"^[^\\S\n]*{MARK}", re.MULTILINE)
HOSTS = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com|rehearsal\.invalid|arc\.rehearsal\.invalid)(:443)?")
"""Whom a controller may call: AWS, and what stands for it here."""


def reason(rng: random.Random) -> str:
    """What a person types as the reason."""
    return HOSTILE if rng.random() < 0.3 else "simulated"


def at_terminal(rng: random.Random) -> str:
    """The same, as `tidegate` hands it on."""
    return plain(reason(rng), 500)


def forged(text: str) -> str | None:
    """How a text that people read was forged, if it was. Tabs and line ends are its own."""
    found = CONTROL.search(text)
    if found is not None:
        return f"a control character {ord(found[0]):#06x}"
    return "a line of its own" if OWN_LINE.search(text) else None


def forged_log(text: str) -> str | None:
    """The same of what is written to a log at once: it is one line."""
    return "a second line" if "\n" in text.rstrip("\n") else forged(text)


def forged_page(html: str) -> str | None:
    """The same of a page: what runs in it is not what somebody typed."""
    return "a script" if f"<script>{MARK}" in html else forged(html)


def notice(body: bytes) -> str:
    """Subject and text of a message to people, as it was sent."""
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return "\n".join((*fields.get("Subject", ()), *fields.get("Message", ())))
