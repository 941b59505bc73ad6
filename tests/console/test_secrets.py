"""A6: the task token is in nothing that a whole run shows, logs, sends or keeps; planted ones are found."""

import base64
import html
import json
from collections.abc import Callable
from hashlib import sha512
from urllib.parse import quote

import pytest
from markupsafe import escape

from controller.aws.dynamodb.approvals import DynamoApprovals
from controller.core.journal.kind import Kind
from controller.steps.operator.commands import mute
from tests.console.crawler import crawl
from tests.console.secret_places import Tap, places
from tests.support.console_world import GATE, Desk, asked_desk
from tests.support.policy_scene import EAST
from tests.support.secret_search import dresses, found_in
from tests.support.task_tokens import everything, tokens
from tests.support.world import failing

TOKEN = 'AQ/C+EA"AAK\\gAé=='
DRESSES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda token: json.dumps({"detail": json.dumps({"token": token})}),
    "slashes": lambda token: json.dumps({"token": token}).replace("/", "\\/"),
    "url": lambda token: f"/signed-in?to={quote(token, safe='')}&x=1",
    "base64": lambda token: base64.b64encode(json.dumps({"taskToken": token}).encode()).decode(),
    "base64url": lambda token: base64.urlsafe_b64encode(f"Bearer {token}".encode()).decode(),
}
SHOWN_AT = {
    "notices",
    "the bus",
    "tidegate-journal",
    "story",
    "journal export",
    "audit bundle",
    "history page",
}
"""Where a reason that people give is seen, once it was journalled."""


def whole_run() -> tuple[Desk, Tap, str]:
    """Asked, looked at by a robot, approved, moved, settled; and what the robot saw before and after."""
    w = failing(evacuate=GATE)
    tap = Tap(w)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2.0)
    desk = Desk(w, w.hand)
    ana, request = desk.browser("u-ana"), desk.request
    pages = list(crawl(ana).items())
    ana.answer(request, "approve", "seen")
    assert w.until(w.has(Kind.SETTLED), 120)
    pages += [
        (path, ana.get(path))
        for path in ("/", f"/approve/{request}", f"/incidents/{w.events[-1].draft.incident}")
    ]
    shown = (f"{url}{r.body.decode('utf-8', 'replace')}{r.headers}{r.cookies}" for url, r in pages)
    return desk, tap, "".join(shown)


def test_nothing_that_a_whole_run_shows_logs_sends_or_keeps_holds_the_task_token() -> None:
    desk, tap, shown = whole_run()
    (secret,) = tokens(desk.w)
    clean = places(desk, tap) | {"console's pages": shown}
    for where, text in clean.items():
        assert len(text) > 1, where
        assert found_in(text, secret) == [], where
        for name, dress in dresses(secret).items():
            assert name in found_in(text[:99] + dress + text[99:199], secret), (where, name)
    others = {name: base64.b64encode(sha512(name.encode()).digest()).decode() for name in DRESSES}
    for name, dress in DRESSES.items():
        leaked(desk, dress(others[name]))
    leaky = places(desk, tap)
    for name, other in others.items():
        assert {where for where, text in leaky.items() if found_in(text, other)} >= SHOWN_AT, name


def leaked(desk: Desk, text: str) -> None:
    """What code of ours would do that lets a secret slip: into a notice, the bus and the journal."""
    desk.w.hand.notices.send("a notice", text)
    desk.w.hand.notices.publish("tidegate.decision/v1", {"reason": text})
    assert mute(desk.w.hand, EAST, seconds=60, who="ana", reason=text).done


def test_a6_without_encryption_the_search_finds_the_token_in_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DynamoApprovals, "_encrypted", lambda _self, approval: approval.token.encode())
    w = asked_desk().w
    secret = next(iter(tokens(w)))
    assert found_in(everything(w)["tidegate-journal"], secret)


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_a_secret_is_found_in_the_dress_of_each_encoder(before: str) -> None:
    text = f"{before}{TOKEN} and more"
    for dressed in (
        text,
        json.dumps({"a": text}),
        json.dumps({"a": json.dumps({"b": text})}),
        quote(text, safe=""),
        base64.b64encode(text.encode()).decode(),
        base64.urlsafe_b64encode(text.encode()).decode(),
        text.encode().hex(),
        html.escape(text),
        str(escape(text)),
    ):
        assert found_in(dressed, TOKEN), dressed
    assert found_in("nothing of the kind", TOKEN) == []
