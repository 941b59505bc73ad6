"""All the places of a run in which a secret could be found, as text."""

import gzip
from collections import defaultdict
from dataclasses import dataclass, field

from controller.audit.report.period_html import review
from controller.audit.report.run_html import page
from controller.audit.statistics import account
from controller.console.app import log_line
from controller.console.pages.timeline import story_of
from controller.console.view_data import Controls, look
from controller.core.explanation import format_time
from controller.lab.simulate.world.outputs import with_packed
from controller.readmodel.run import sentence
from controller.rehearsal.service import Request, Response, Scope
from tests.support.audit_bundle import Period, exported, opened, record_of
from tests.support.console_world import Desk
from tests.support.task_tokens import everything
from tests.support.world import World

ANSWERS = b"SendTask"
"""Calls that carry the token to its Region, as they must."""


@dataclass
class Tap:
    """On the wire of a world from now on: service -> all that is sent to it and answered by it.

    Not of KMS, whose matter the token is, and not of the calls that answer it.
    """

    w: World
    heard: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        handle = self.w.stage.cloud.wire.handle

        def tapped(request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
            answer = handle(request, endpoint, scope)
            service = scope.service if scope else ""
            target = request.headers.get("x-amz-target", "").encode()
            if service != "kms" and ANSWERS not in target:
                self.heard[service] += [target, request.body, answer.body]
            return answer

        vars(self.w.stage.cloud.wire)["handle"] = tapped

    def text(self, service: str) -> str:
        return b"\n".join(map(with_packed, self.heard[service])).decode("utf-8", "replace")


def places(desk: Desk, tap: Tap) -> dict[str, str]:
    """Where -> all that is there."""
    w, deps = desk.w, desk.w.hand
    events = w.events
    last = next(e.draft.incident for e in reversed(events) if e.draft.incident)
    seen = look(deps, Controls(deps))
    story = story_of(w.stage.policy, seen.state.incidents[last], seen, ())
    now, record = w.stage.kernel.now(), record_of(w)
    bundle = opened(exported(record, Period(now - 3600, now), None))
    told = account("storefront", record.events, record.fleet, tuple(w.every), now - 3600, now)
    return everything(w) | {
        "notices": tap.text("sns"),
        "the bus": tap.text("events"),
        "calls to tables": tap.text("dynamodb"),
        "calls to workflows": tap.text("states"),
        "calls to ARC": tap.text("route53-recovery-cluster"),
        "console's log": "\n".join(log_line(line) for line in desk.log),
        "console": repr(desk.console.__dict__) + repr(desk.deps),
        "story": "\n".join(f"{format_time(e.at)} {sentence(e)} {e.text}" for e in events),
        "history page": desk.browser("u-ana").get("/history").body.decode(),
        "journal export": "\n".join(e.text for e in events),
        "audit bundle": "".join(map(_unpacked, bundle.items())),
        "audit report": review(told),
        "report of a run": page(story),
    }


def _unpacked(file: tuple[str, bytes]) -> str:
    name, content = file
    return name + (gzip.decompress(content) if name.endswith(".gz") else content).decode()
