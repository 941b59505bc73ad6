"""A small story for the report's tests, with whatever text and numbers a test wants in it."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, get_args

from controller.core.journal.body import Changes, Document, States
from controller.core.journal.event import Body, Event, seal
from controller.core.journal.kind import Kind
from controller.core.journal.whole_plan import WholePlan
from controller.readmodel.run import Bucket, Judgement, Lane, Milestones, Said, Shift, Story, Stretch
from tests.support.journal_events import drafted

BROKE = 1_893_484_800.0

TREE = {
    "path": "when",
    "op": "leaf",
    "value": "false",
    "sentence": "1 of 2 observers say customer of us-east-1 is breaching (needs 2 for 3m00s)",
    "signals": [
        {"name": "storefront-us-east-1-checkout", "observer": "us-east-2", "verdict": "breaching",
         "since": "2030-01-01T08:00:38Z", "age_s": 12.0},
        {"name": "storefront-us-east-1-checkout", "observer": "us-west-2", "verdict": "unknown",
         "since": None, "age_s": None},
    ],
}  # fmt: skip
RECORD = {
    "region": "us-east-1",
    "code": "not-confirmed",
    "action": "none",
    "reason": "the evidence against us-east-1 does not meet the policy's condition",
    "target": None,
    "checks": [{"guard": "armed", "code": "disarmed", "value": "true", "sentence": "armed"}],
    "tree": TREE,
    "kept_by": [{"path": "when", "value": "false", "sentence": TREE["sentence"]}],
}


def events(*drafts: tuple[float, Kind, dict[str, Any]]) -> tuple[Event, ...]:
    sealed: list[Event] = []
    for number, (at, kind, data) in enumerate(drafts):
        draft = drafted(
            f"id{number}", kind, BROKE + at, "tidegate@us-east-2", 1, "storefront-us-east-1-2", data
        )
        sealed.append(seal("storefront", draft, sealed[-1] if sealed else None))
    return tuple(sealed)


QUESTION = {"approval": "q1", "digest": "cd" * 32, "expires": BROKE + 1282}
JOURNAL = events(
    (-300, Kind.POLICY_LOADED, {"digest": "ab" * 32, "deployed": BROKE - 300, "enforcement": "live"}),
    (380, Kind.INCIDENT_OPENED, {"source": "us-east-1", "reason": "2 of 2 observers say so"}),
    (381, Kind.CONFIRMED, {"target": "us-west-2", "reason": "somebody must approve", "decision": RECORD}),
    (382, Kind.APPROVAL_REQUESTED, QUESTION | {"ask": ["group:sre-oncall"], "changes": [["use1-a", False]]}),
    (384, Kind.APPROVAL_GIVEN, {"approval": "q1", "reason": "go"}),
    (
        385,
        Kind.SHIFT_INTENDED,
        {"source": "us-east-1", "target": "us-west-2", "changes": [["use1-a", False]]},
    ),
    (386, Kind.SHIFT_APPLIED, {"states": {"usw2-a": True, "use1-a": False}}),
    (417, Kind.SETTLED, {"target": "us-west-2"}),
)


def every_kind(text: str) -> tuple[Event, ...]:
    """One event of each kind; each text, name and list of them in it is `text`."""
    members: dict[Any, Any] = {
        str: text, str | None: text, float: 1.0, float | None: 1.0, int: 2, bool: True,
        tuple[str, ...]: [text], Changes: [[text, True]], States: {text: False}, States | None: {text: False},
        Mapping[str, tuple[bool, bool]]: {text: [True, False]}, Document: {}, Document | None: RECORD,
        WholePlan | None: {"source": text, "target": text, "waves": [{"on": [text], "off": [text]}]},
    }  # fmt: skip
    return events(
        *((1, Kind(said.__name__), {each.name.rstrip("_"): members[each.type] for each in fields(said)})
          for said in get_args(Body))
    )  # fmt: skip


def story(**changes: Any) -> Story:
    """us-east-1 goes dark and its one routing control is turned off."""
    told = Story(
        scenario="region-dark",
        says="a Region is dead",
        must="move",
        region="us-east-1",
        application="storefront",
        approve="auto",
        speed=60.0,
        ok=True,
        findings=((True, "0 of them failed"),),
        broke=BROKE,
        lasted=560.0,
        milestones=Milestones(37.3, 381.0, 385.5, 433.5),
        served=1208,
        failed=695,
        bucket=10.0,
        traffic={
            "us-east-1": tuple(Bucket(at * 10.0, 0, 16) for at in range(-6, 56)),
            "us-west-2": tuple(Bucket(at * 10.0, 16, 0) for at in range(-6, 56)),
        },
        lanes=(
            Lane("storefront-us-east-1-checkout", "customer", "canary", "us-east-1", "us-east-2",
                 (Stretch(-60, 38, "healthy"), Stretch(38, 500, "breaching"), Stretch(500, 560, "silent"))),
            Lane("storefront-us-east-1-5xx", "service", "alarm", "us-east-1", "us-east-1",
                 (Stretch(-60, 200, "unknown"),)),
        ),
        decisions=(Said(20, "all is well", "healthy"), Said(380, "people must approve", "approval")),
        judgements=(Judgement("Soon after the break", 79.6, RECORD),),
        why_not="80 s after the break: not yet",
        shifts=(Shift(385.5, "use1-a", on=False),),
        regions={"us-east-1": ("use1-a",), "us-west-2": ("usw2-a",)},
        before={"use1-a": True, "usw2-a": True},
        after={"use1-a": False, "usw2-a": True},
        steps=(Said(0, "us-east-1 goes dark"),),
        pages=(Said(382, "Leave us-east-1 for us-west-2?\nSilence is a denial.", "storefront: leave?"),),
        journal=JOURNAL,
    )  # fmt: skip
    return replace(told, **changes)
