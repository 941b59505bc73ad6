"""A6: the task token is in nothing that a whole run shows, logs, sends or keeps; planted ones are found."""

import base64
import json
from urllib.parse import quote

import pytest

from controller.aws.approvals import DynamoApprovals
from controller.console.app import log_line
from controller.core.journal import Kind
from controller.core.report import stamp
from controller.core.story import sentence
from tests.console.desk import asked_desk
from tests.console.secrets import dresses, found_in
from tests.console.test_looking import crawl
from tests.steps.test_token import everything, tokens

TOKEN = 'AQ/C+EA"AAK\\gAé=='


def test_no_page_header_log_notice_event_table_or_history_of_a_run_holds_the_task_token() -> None:
    desk = asked_desk()
    ana, shown = desk.browser("u-ana"), ""
    waiting = desk.w.hand.approvals.get(desk.request)
    assert waiting is not None
    for said in (None, "approve"):
        if said:
            ana.answer(desk.request, said, "seen")
            assert desk.w.until(desk.w.has(Kind.SETTLED), 120)
        for url, response in crawl(ana).items() if desk.w.memory.open else ():
            shown += (
                url + response.body.decode("utf-8", "replace") + str(response.headers) + str(response.cookies)
            )
    secrets = tokens(desk.w)
    last = desk.w.events[-1].draft.incident
    shown += ana.get(f"/incidents/{last}").body.decode()
    places = everything(desk.w) | {
        "console's pages": shown,
        "console's log": "\n".join(log_line(line) for line in desk.log),
        "console": repr(desk.console.__dict__) + repr(desk.deps),
        "story": "\n".join(f"{stamp(e.at)} {sentence(e)} {e.data}" for e in desk.w.events),
    }
    assert waiting.token in secrets
    for where, text in places.items():
        assert len(text) > 1, where
        for secret in secrets:
            assert found_in(text, secret) == [], where
            for name, dress in dresses(secret).items():
                middle = len(text) // 2
                assert name in found_in(text[:middle] + dress + text[middle:], secret), (where, name)


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
    ):
        assert found_in(dressed, TOKEN), dressed
    assert found_in("nothing of the kind", TOKEN) == []
