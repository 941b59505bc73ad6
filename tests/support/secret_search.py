"""A search for a secret in whatever dress it may have got into a text."""

import base64
import html
import json
from urllib.parse import quote, quote_plus, unquote

from markupsafe import escape


def dresses(secret: str) -> dict[str, str]:
    """Name -> what to look for. Base64 has three, by where in the encoded text the secret begins."""
    raw, escaped = secret.encode(), json.dumps(secret)[1:-1]
    found = {
        "plain": secret,
        "json": escaped,
        "json in json": json.dumps(escaped)[1:-1],
        "slashes": secret.replace("/", "\\/"),
        "html": html.escape(secret),
        "markup": str(escape(secret)),
        "url": quote(secret, safe=""),
        "form": quote_plus(secret),
        "hex": raw.hex(),
    }
    for shift in range(3):
        # Whole groups of three bytes only: what stands before and after is not ours to know.
        core = raw[(3 - shift) % 3 :]
        core = core[: len(core) // 3 * 3]
        found[f"base64 {shift}"] = base64.b64encode(core).decode()
        found[f"base64url {shift}"] = base64.urlsafe_b64encode(core).decode()
    return found


def found_in(text: str, secret: str) -> list[str]:
    """The dresses in which `secret` is in `text`, however often that was escaped for URLs, JSON or HTML."""
    once = unquote(text)
    faces = [face.replace("\\", "") for face in (text, once, unquote(once), html.unescape(text))]
    return [
        name for name, dress in dresses(secret).items() if any(dress.replace("\\", "") in f for f in faces)
    ]
