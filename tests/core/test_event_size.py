"""No event of a policy that is let in is too large, whatever people and the outside say."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.canonical_json import ascii_json
from controller.core.decision.drift import drift_seen, first_found
from controller.core.event_size import LARGEST, MOST_RULES, bounded_decision, clipped, fitted
from controller.core.explanation import decision_data, decision_record
from controller.core.incident.fold import fold
from controller.core.incident.state import State
from controller.core.journal.body import body_of, members
from controller.core.journal.event import Draft, Event, event_of, seal
from controller.core.journal.kind import Kind
from controller.core.journal.notes import Armed
from controller.core.model import Answer, Check, Decision, Node, Signal, SignalState, Truth, Verdict
from controller.core.policy.bounds import CONTROLS
from controller.core.policy.review_record import MOST_BYTES, Cases, Review, Reviewer, review_data
from controller.core.policy.validation import PolicyError, parse_policy
from controller.core.text import NOTICE
from tests.support.journal_events import drafted
from tests.support.largest_policy import control_bytes, control_names, largest, regions
from tests.support.policy_scene import EAST, WEST, policy_data

APPLICATION, REGION, FAR = "a" * 63, "aaaa-bbbb-southeast-1", 10**9
INCIDENT = f"{APPLICATION}-{REGION}-{FAR}"
FIRE = "\N{FIRE}"
WORDS = FIRE * 2000
"""What somebody may write as a reason: each character is twelve bytes in the journal."""
ARN = "arn:aws-" + "x" * 20 + ":route53-recovery-control::123456789012:controlpanel/" + "f" * 64
RULES = [f"{ARN}/safetyrule/{number:064x}" for number in range(MOST_RULES)]
NAMES = control_names(150)
ALL_ON = dict.fromkeys(NAMES, True)
GROUPS = ["group:" + "g" * 64] * 20


def tree(depth: int = 6, words: str = WORDS[:200]) -> Node:
    """A tree with as many nodes as a condition may have leaves, and signals below each leaf."""
    if not depth:
        signal = Signal("id", "service", "alarm", "n" * 255, REGION, REGION, 180.0)
        states = tuple(SignalState(signal, Verdict.BREACHING, 1.0, 2.0) for _ in range(20))
        return Node("when", "leaf", Truth.TRUE, words, (), states)
    children = tuple(tree(depth - 1, words) for _ in range(3 if depth > 1 else 2))
    return Node("when.all", "all", Truth.TRUE, words, children)


def decision(words: str = WORDS) -> Decision:
    checks = tuple(Check(f"guard {n}", "target-not-ready", Truth.UNKNOWN, words) for n in range(14))
    answers = tuple(Answer(f"ready.{n}", Truth.UNKNOWN, words, 1.0, 2.0, "g" * 63) for n in range(25))
    return Decision(1.0, REGION, "target-not-ready", "ask", words, tree(), checks, REGION, None,
                    gate="g" * 63, answers=answers)  # fmt: skip


WORST: dict[Kind, dict[str, Any]] = {
    Kind.POLICY_LOADED: {"digest": "f" * 64, "deployed": 1.8e9, "enforcement": "shadow", "controls": ALL_ON},
    Kind.INCIDENT_OPENED: {"source": REGION, "driver": REGION, "requested_by": FIRE * 120,
                           "policy": "f" * 64, "reason": WORDS,
                           "despite": ["shared-cause", "target-not-ready"]},
    Kind.RESTORE_OPENED: {"source": REGION, "driver": REGION, "policy": "f" * 64, "reason": WORDS,
                          "of": INCIDENT, "target": REGION},
    Kind.DRILL_OPENED: {"source": REGION, "driver": REGION, "policy": "f" * 64, "reason": WORDS,
                        "scheduled": 1.8e9},
    Kind.DRILL_SKIPPED: {"source": REGION, "scheduled": 1.8e9, "outcome": "blocked", "code": "x" * 30,
                         "reason": WORDS},
    Kind.TURNED_BACK: {"outcome": "succeeded", "reason": WORDS},
    Kind.ROLLED_BACK: {"target": REGION, "outcome": "failed"},
    Kind.CONFIRMED: {"target": REGION, "reason": WORDS},
    Kind.READINESS_CONFIRMED: {"target": REGION, "sentence": WORDS, "doubts": ["g" * 63] * 40},
    Kind.READINESS_DENIED: {"code": "target-not-ready", "reason": WORDS},
    Kind.APPROVAL_REQUESTED: {"approval": "0" * 32, "digest": "f" * 16, "expires": 1.8e9, "gate": "g" * 63,
                              "ask": GROUPS, "people": 5, "stage": 5, "of": 5, "unanswered": 999,
                              "override": RULES[:3]},
    Kind.APPROVAL_GIVEN: {"approval": "0" * 32, "digest": "f" * 16, "reason": WORDS, "stage": 5, "needed": 4},
    Kind.APPROVAL_DENIED: {"approval": "0" * 32, "digest": "f" * 16, "reason": WORDS, "stage": 5},
    Kind.APPROVAL_EXPIRED: {"approval": "0" * 32},
    Kind.ANSWER_REFUSED: {"approval": "0" * 32, "approve": True, "reason": WORDS, "door": "console",
                          "issuer": "i" * 200, "subject": "s" * 200, "groups": ["g" * 63] * 20,
                          "signed_in": 1.8e9},
    Kind.JOURNAL_RESTORED: {"first": 1, "last": FAR, "head": "f" * 64, "witness": REGION, "reason": WORDS},
    Kind.SHIFT_INTENDED: {"plan": "f" * 16, "source": REGION, "target": REGION, "policy": "f" * 64,
                          "in_force": "f" * 64, "wave": 50, "left": 50, "override": RULES,
                          "changes": [[name, False] for name in NAMES], "before": ALL_ON},
    Kind.SHIFT_APPLIED: {"plan": "f" * 16, "wave": 50, "states": ALL_ON, "confirmed_by": REGION},
    Kind.SHIFT_VERIFIED: {"sentence": WORDS, "wave": 50, "share": 0.123456789},
    Kind.SHIFT_REFUSED: {"reason": WORDS, "rule": RULES[0], "code": "handed-to-people"},
    Kind.HANDED_OVER: {"from": "e" * 80, "to": "e" * 80, "driver": REGION, "code": "untold", "reason": WORDS},
    Kind.TAKEN_OVER: {"from": REGION, "to": "e" * 80, "driver": REGION, "reason": WORDS},
    Kind.ECHO_SEEN: {"intent": FAR, "changes": [[name, False] for name in NAMES], "reason": WORDS},
    Kind.BLINDED: {"from": 1.8e9, "to": 1.8e9, "who": REGION},
    Kind.ESCALATED: {"key": WORDS[:16], "about": [f"{REGION}/{'c' * 30}"] * 60, "code": "c" * 30,
                     "region": ", ".join([REGION] * 20), "reason": WORDS, "quiet": True},
    Kind.STOOD_DOWN: {"code": "healthy", "reason": WORDS, "outcome": "blocked"},
    Kind.SETTLED: {"target": REGION, "drift": NAMES, "outcome": "interrupted", "reason": WORDS},
    Kind.DISARMED: {"reason": WORDS},
    Kind.ARMED: {"reason": WORDS},
    Kind.MUTED: {"what": "n" * 300, "until": 1.8e9, "for": 1e6, "reason": WORDS},
    Kind.ACKNOWLEDGED: {"reason": WORDS},
    Kind.REMINDED: {"approval": "0" * 32, "stage": 5},
    Kind.REFUSED: {"command": WORDS, "reason": WORDS},
    Kind.BROKE_GLASS: {"stage": "unconfirmed", "who": FIRE * 120, "credential": "c" * 300, "at": 1.8e9,
                       "region": REGION, "to": REGION, "before": dict.fromkeys(NAMES[:100], True),
                       "after": dict.fromkeys(NAMES[:100], True), "reason": WORDS, "plan": "f" * 16,
                       "of": "0" * 32, "record": "0" * 32, "record_hash": "f" * 64, "sentence": WORDS},
    Kind.RECOVERED: {"region": REGION, "since": 1.8e9, "reason": WORDS},
    Kind.DRIFT_SEEN: {},
    Kind.REGION_COUNTED: {"application": APPLICATION, "region": REGION, "incident": INCIDENT},
    Kind.UNTOLD: {"id": "k" * 200, "controller": REGION, "key": "k" * 200, "path": "/approve/" + "0" * 32,
                  "subject": FIRE * 200, "text": FIRE * (NOTICE // 4), "request": "0" * 32,
                  "about": [f"{REGION}/{'c' * 30}"] * 60},
    Kind.TOLD: {"id": "k" * 200, "controller": REGION, "sent": True, "subject": FIRE * 200},
    Kind.NOTICE_DEFERRED: {"id": "k" * 200, "controller": REGION, "key": "k" * 200, "due": 1.8e9,
                           "subject": FIRE * 200, "text": FIRE * (NOTICE // 4), "request": "0" * 32,
                           "path": "/approve/" + "0" * 32},
}  # fmt: skip
DECIDED = {Kind.INCIDENT_OPENED, Kind.RESTORE_OPENED, Kind.DRILL_OPENED, Kind.CONFIRMED, Kind.STOOD_DOWN,
           Kind.READINESS_DENIED, Kind.APPROVAL_REQUESTED}  # fmt: skip
READ = ("source", "target", "digest", "changes", "before", "states", "controls", "ask", "code", "about",
        "key", "approval", "expires", "people", "intent", "drift", "policy", "plan", "in_force",
        "doubts")  # fmt: skip
"""Members that the fold and the steps read: never shortened. `override` of a request is read too."""


def last() -> Event:
    draft = Draft("0" * 32, Armed(), 1.8e9, "x")
    return replace(seal(APPLICATION, draft, None), seq=FAR)


def worst(kind: Kind) -> Draft:
    data = WORST[kind] | ({"decision": decision_record(decision())} if kind in DECIDED else {})
    if kind is Kind.DRIFT_SEEN:
        data = members(drift_seen(State(APPLICATION, stand=ALL_ON), first_found(dict.fromkeys(NAMES, False))))
    if kind is Kind.POLICY_LOADED:
        data |= {"review": review_data(review().data(), "f" * 64)}
    by = FIRE * 120 if "requested_by" in data else f"tidegate@{REGION}"
    return Draft("0" * 32, body_of(kind, data), 1_800_000_000.123456, by, FAR, INCIDENT)


def review() -> Review:
    people = tuple(Reviewer(by=FIRE * 200, at=1.8e9, where=FIRE * 300) for _ in range(10))
    never = {FIRE * 190 + f"{number:03d}": ("true", "false", "unknown") for number in range(20)}
    cases = Cases(passed=999, idle=999, percent=99.9, never=never)  # type: ignore[arg-type]
    return Review(schema="tidegate.review/v1", digest="f" * 64, reviewed=people, cases=cases)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_fits_at_its_worst_and_keeps_what_is_read(kind: Kind) -> None:
    draft, before = worst(kind), last()
    fits = fitted(APPLICATION, draft, before)
    text = seal(APPLICATION, fits, before).text
    assert len(text.encode()) <= LARGEST
    assert event_of(text).draft == fits
    kept, said = members(fits.body), members(draft.body)
    for name in READ:
        assert kept.get(name) == said.get(name)
    for name in ("reason", "sentence", "text"):
        assert bool(kept.get(name)) is bool(said.get(name))
    assert fitted(APPLICATION, fits, before) == fits


def test_what_fits_is_left_as_it_is() -> None:
    draft = drafted("i", Kind.CONFIRMED, 1.0, "x", 1, "a-b-2", {"target": WEST, "reason": "well"})
    assert fitted("a", draft, None) is draft


def test_a_control_too_many_for_an_intent_is_not_made_to_fit() -> None:
    """So it must not be let in: what is read is never shortened."""
    names = control_names(150, CONTROLS + 1000)
    more = {"changes": [[name, False] for name in names], "before": dict.fromkeys(names, True)}
    body = body_of(Kind.SHIFT_INTENDED, WORST[Kind.SHIFT_INTENDED] | more)
    fits = fitted(APPLICATION, replace(worst(Kind.SHIFT_INTENDED), body=body), last())
    assert len(seal(APPLICATION, fits, last()).text) > LARGEST


@pytest.mark.parametrize("limit", [6000, 3000, 1500, 700])
def test_a_decision_of_any_size_fits_and_says_what_is_left_out(limit: int) -> None:
    data = decision_data(decision())
    assert len(ascii_json(data)) > 100_000
    less = bounded_decision(data, limit)
    assert len(ascii_json(less)) <= limit
    assert (less["code"], less["action"], less["region"]) == ("target-not-ready", "ask", REGION)
    assert less["checks"][0]["code"] == "target-not-ready"
    assert "left out, since an event takes 16384 bytes; the assessments hold it" in ascii_json(less)


def test_of_a_tree_that_is_too_large_the_top_stays_and_says_how_much_is_below() -> None:
    made = replace(decision("short"), tree=tree(words="needs 2 for 3m"), answers=())
    less = decision_record(made)
    assert "cut" not in less
    assert less["tree"]["sentence"] == "needs 2 for 3m"
    below = [node["left_out"] for node in _nodes(less["tree"]) if "left_out" in node]
    assert below
    assert all(each.endswith("the assessments hold it") for each in below)
    assert "nodes below it" in below[0]


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(each for child in node.get("children", ()) for each in _nodes(child))]


@pytest.mark.parametrize("text", ["plain", WORDS, "\n" * 500, '"' * 400, "é" * 300, "", "\ud800" * 90])
@pytest.mark.parametrize("limit", [6, 60, 300])
def test_words_are_cut_by_their_bytes_in_the_journal(text: str, limit: int) -> None:
    cut = clipped(text, limit)
    assert len(ascii_json(cut)) - 2 <= max(limit, 6)
    assert cut == text or cut.endswith("…")
    assert cut.rstrip("…") == text[: len(cut.rstrip("…"))]


def test_a_review_of_any_size_stays_beside_the_controls_and_is_read_back() -> None:
    whole = review()
    kept = review_data(whole.data(), "f" * 64)
    assert kept is not None
    assert len(ascii_json(kept)) <= MOST_BYTES
    assert kept["reviewed"][0]["by"].startswith(FIRE)
    assert kept["further"] == 9
    assert kept["cases"]["more"] == 20
    assert review_data(kept, "f" * 64) == kept
    small = Review(schema="tidegate.review/v1", digest="f" * 64, reviewed=(Reviewer(by="ann", at=1.0),))
    assert review_data(small.data(), "f" * 64) == small.data()
    assert "further" not in small.data()


def test_controls_that_differ_beyond_one_event_are_found_by_the_next_look() -> None:
    stand, found = {**ALL_ON}, dict.fromkeys(NAMES, False)
    first = first_found(found)
    assert 100 < len(first) < 150
    rest = {name: on for name, on in found.items() if name not in first}
    assert first_found(rest) == rest
    seen = drift_seen(State("storefront", stand=stand), first)
    state = fold("storefront", [seal("storefront", Draft("d", seen, 1.0, "x"), None)])
    assert set(state.stand) == set(first)


# What is let in.


def refused(**changes: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(policy_data() | largest(**changes))
    (problem,) = caught.value.problems
    return f"{'.'.join(map(str, problem.where))}: {problem.message}"


def test_three_regions_of_fifty_slices_are_let_in_up_to_the_bound_and_not_one_letter_beyond() -> None:
    policy = parse_policy(policy_data() | largest())
    names = [name for entry in policy.regions.values() for name in entry.controls]
    assert (len(names), len(max(names, key=len))) == (150, 39)
    assert control_bytes(names) in (CONTROLS, CONTROLS - 1)
    assert refused(regions=regions(CONTROLS + 2)) == (
        f"regions: 150 controls with names of 39 characters take {control_bytes(names) + 2} bytes of an "
        f"event, in which each stands twice; at most {CONTROLS} fit: use shorter names, or fewer slices"
    )


@pytest.mark.parametrize(("places", "slices", "size"), [(2, 50, 12_000), (20, 15, CONTROLS)])
def test_the_bound_counts_bytes_so_that_many_controls_with_short_names_are_let_in(
    places: int, slices: int, size: int
) -> None:
    sides = ("east", "west", "south", "north", "central")
    names = tuple(f"us-{side}-{number}" for side in sides for number in range(1, 5))[:places]
    target = {"prefer": list(names), "ready": policy_data()["target"]["ready"]}
    made = {"regions": regions(size, names, slices), "target": target}
    policy = parse_policy(policy_data() | made)
    assert sum(len(entry.controls) for entry in policy.regions.values()) == places * slices


def test_what_was_in_force_before_the_bound_is_read_all_the_same() -> None:
    data = policy_data() | largest(regions=regions(CONTROLS + 4000))
    assert parse_policy(data, in_force=True).regions[EAST].controls


def test_of_two_hundred_leaves_that_keep_it_from_being_true_the_first_stay() -> None:
    leaves = tuple(Node(f"when.any.{n}", "leaf", Truth.FALSE, "n" * 100) for n in range(200))
    made = replace(decision("short"), tree=Node("when", "all", Truth.FALSE, "all of 200", leaves), answers=())
    less = decision_record(made)
    assert [leaf["path"] for leaf in less["kept_by"]] == [f"when.any.{n}" for n in range(5)]
    assert less["kept_by_more"] == 195
    assert len(ascii_json(less)) <= 6000
