"""A run that is over, as its trace holds it."""

from functools import cache

from controller.core.journal.kind import Kind
from controller.readmodel.trace import Traced, read_trace, trace_lines
from tests.support.console_world import GATE, asked_desk
from tests.support.request_counts import RULE, counting


@cache
def run() -> Traced:
    """us-east-1 was left in two waves, by one approval, and customers were seen to move."""
    desk = asked_desk(traffic=RULE, evacuate=GATE | {"waves": [2], "settle": "30s"})
    counting(desk.w, 0.0)
    desk.w.advance(130)
    desk.browser("u-ana").answer(desk.request, reason="seen")
    assert desk.w.until(desk.w.has(Kind.SETTLED), 600)
    desk.w.advance(100)
    deps, now = desk.w.hand, desk.w.stage.kernel.now()
    lines = trace_lines(
        Traced(
            "seed 7", deps.policy, deps.account, deps.here, now, desk.w.controls, desk.w.events,
            assessments=deps.assessments.between("storefront", 0.0, now),
            evidence=deps.evidence.read("storefront"),
            requests={r: deps.requests.count(r, since=now - 1000, until=now) for r in deps.policy.regions},
        ),
        desk.w.stage.deployment.policy,
    )  # fmt: skip
    return read_trace(lines)
