"""The first page: the most pressing problem, then Regions, evidence and readiness.

For each Region it says, before anybody needs it: the Region can be left now or not, the target, and what
would hold the move.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from controller.console.http.messages import Response
from controller.console.pages.traffic import traffic_now, traffic_of
from controller.console.pages.visit import Visit
from controller.console.view_data import Seen
from controller.core.decision.guards import TO_OPEN, GuardInput, choose_target, ready_answers
from controller.core.decision.plan import last_on, serving
from controller.core.decision.recurrence import FLAPPING
from controller.core.decision.restore import homeless
from controller.core.evidence.evaluation import Track
from controller.core.incident.state import Incident
from controller.core.model import Answer, Check, Truth, Verdict
from controller.core.policy.schema import Policy
from controller.steps.context.deps import Deps
from controller.steps.context.situation import read_snapshots


@dataclass(frozen=True, slots=True)
class Able:
    """The answer whether one Region can be left now.

    target: the Region that traffic would go to; None: there is none, and `held` says why.
    answers: the readiness answers about the target. held: checks that would keep it from moving by itself.
    away: the evacuation that the Region has not come back from, if it is left already.
    home: how it comes back then. last: why one person alone may not leave it, or "".
    """

    region: str
    target: str | None
    answers: tuple[Answer, ...]
    held: tuple[Check, ...]
    away: Incident | None
    home: str = ""
    last: str = ""


def able(deps: Deps, seen: Seen) -> list[Able]:
    """Return one answer for each Region; none where the evidence cannot be read.

    Readiness is as it was last kept.
    """
    if seen.evidence is None:
        return []
    readings = read_snapshots(deps.policy, deps.snapshots)
    found = []
    for region in deps.policy.regions:
        policy, away = deps.policy.about(region), seen.state.away(region)
        open_ = seen.state.open
        incident = open_ if open_ is not None and open_.source == region else None
        at_hand = GuardInput(
            policy, region, seen.now, deps.here, seen.state, incident, seen.evidence, seen.controls,
            readings=readings,
        )  # fmt: skip
        target, checks = choose_target(at_hand)
        answers = ready_answers(at_hand, target) if target is not None else ()
        held = [check for guard in TO_OPEN if (check := guard(at_hand)).value is not Truth.TRUE]
        if target is None:
            held += [check for check in checks if check.value is not Truth.TRUE]
        last = last_on(policy, region, seen.controls) if seen.controls is not None else None
        home = _home(policy, away)
        found.append(Able(region, target, answers, tuple(held), away, home, last or ""))
    return found


def _home(policy: Policy, away: Incident | None) -> str:
    if away is None:
        return ""
    if policy.restore is None:
        return f"{homeless(away)[0].upper()}{homeless(away)[1:]}."
    return f"It comes home when its policy says so, or by `tidegate restore {away.source}`."


LEFT = ("already-left", "away")
"""Decision codes about a Region that was left already."""
WORST = (Verdict.BREACHING, Verdict.SILENT, Verdict.UNKNOWN, Verdict.HEALTHY)


@dataclass(frozen=True, slots=True)
class Headline:
    """The first sentence of the page.

    tone: calm, wait, bad.
    """

    tone: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """The worst verdict of one observer's signals of a family about a Region.

    since: the start of that verdict.
    """

    verdict: Verdict
    since: float | None
    told: str


def show(visit: Visit) -> Response:
    seen = visit.look()
    about = seen.state.open  # asked once: it looks through all incidents
    request = about.request if about else None
    asks = request is not None and request.status == "waiting" and seen.now < request.expires
    waiting = request if asks else None
    deps, controls = visit.deps, seen.controls
    own = [e for e in seen.events if about and e.draft.incident == about.id]
    moved = traffic_of(visit, about, own, seen.now) if about else None
    return visit.page(
        "now",
        seen=seen,
        headline=headline(visit.deps.policy, seen),
        waiting=waiting,
        observers=observers(seen),
        matrix=matrix(visit.deps.policy, seen),
        drills=visit.instruments.drills(deps.policy, seen.state, seen.now),
        serving={}
        if controls is None
        else {r: serving(deps.policy, r, controls) for r in deps.policy.regions},
        away={region: seen.state.away(region) for region in deps.policy.regions},
        ways=able(deps, seen),
        traffic=moved.later if moved else traffic_now(visit, seen.now),
        moved=moved,
    )


def headline(policy: Policy, seen: Seen) -> Headline:
    """Return the most pressing fact as one sentence, and its consequence."""
    incident = seen.state.open
    if seen.state.stopped and (incident is not None or seen.watching):
        return _stopped(seen)
    if incident is not None:
        return _of(incident, seen)
    if not seen.watching:
        text = "No decision was made in the last minutes: nothing reaches the controller, or it does not run."
        return Headline("bad", "Nobody is watching", text)
    codes = {region: str(record["code"]) for region, (_, record) in seen.decided.items()}
    calm = ("healthy", "not-confirmed", "unknown", *LEFT)
    ill = [region for region, code in codes.items() if code not in calm]
    doubted = [region for region, code in codes.items() if code in ("not-confirmed", "unknown")]
    if ill:
        record = seen.decided[ill[0]][1]
        return Headline("bad", f"{ill[0]}: {record['code']}", f"{record['reason']}.")
    gone = {region: left for region in policy.regions if (left := seen.state.away(region)) is not None}
    if gone:
        return _left(gone, doubted, seen)
    if doubted:
        record = seen.decided[doubted[0]][1]
        return Headline("wait", f"Something speaks against {doubted[0]}, not enough to leave it",
                        f"{record['reason']}.")  # fmt: skip
    if policy.enforcement == "shadow":
        return Headline(
            "calm", "All is well", "It runs in shadow: it decides and records, and moves nothing."
        )
    return Headline("calm", "All is well", "Every signal about every Region is healthy, and it is armed.")


def _stopped(seen: Seen) -> Headline:
    """Return the headline while nothing may move, whatever is open."""
    state = seen.state
    restored = state.review or state.fleet_review
    title = "The journal was restored, and nobody has armed since" if restored else "It will not act"
    still = f" {state.open.id} is open, and nothing of it moves." if state.open else ""
    return Headline("wait", title, f"{state.stopped}.{still} It decides and records all the same.")


_SAYS = {
    "open": "It looks whether this is confirmed.",
    "confirmed": "It is confirmed. It looks whether the target is ready.",
    "asked": "People are asked. Nothing moves until enough of them approve.",
    "approved": "It is approved. Traffic moves next.",
    "shifting": "Traffic is being moved now.",
    "shifted": "The controls are moved. It watches whether customers are well.",
    "verified": "A wave is done. It watches, and goes on.",
}


def _left(gone: Mapping[str, Incident], doubted: Sequence[str], seen: Seen) -> Headline:
    """Return the headline for Regions that were left before.

    Nothing must be done at once, but this state should not stay.
    """
    region, left = next(iter(gone.items()))
    others = f", and {len(gone) - 1} more" if len(gone) > 1 else ""
    told = [each for each in (region, *doubted) if each in seen.decided]
    reasons = [str(seen.decided[each][1]["reason"]) for each in told]
    text = " ".join(f"{reason}." for reason in reasons if not reason.endswith("carries no traffic already"))
    return Headline("wait", f"{region} was left for {left.target}{others}",
                    f"{left.target} carries its traffic. {text}".strip())  # fmt: skip


def _of(incident: Incident, seen: Seen) -> Headline:
    record = seen.decided.get(incident.source, (0.0, {}))[1]
    if record.get("code") == FLAPPING:
        reason = str(record["reason"])
        title = f"{incident.source} flaps, and is well just now"
        return Headline("wait", title, f"{reason[:1].upper()}{reason[1:]}.")
    if incident.by_person and incident.intent == "evacuate":
        title = f"{incident.by_person} asks to leave {incident.source}"
        return Headline("wait", title, _SAYS.get(str(incident.phase), str(incident.phase)))
    verb = {"restore": "is coming home", "drill": "is being drilled"}.get(incident.intent, "is failing")
    return Headline("bad" if incident.intent == "evacuate" else "wait", f"{incident.source} {verb}",
                    _SAYS.get(str(incident.phase), str(incident.phase)))  # fmt: skip


def observers(seen: Seen) -> list[str]:
    return sorted({t.signal.observer for t in seen.evidence.tracks}) if seen.evidence else []


def matrix(policy: Policy, seen: Seen) -> list[tuple[str, str, dict[str, Cell]]]:
    """Return (Region, family, observer -> cell), in the policy's order of Regions."""
    rows = []
    for region in policy.regions:
        for family in policy.signals:
            tracks = [t for t in seen.tracks(region) if t.signal.family == family]
            by: dict[str, list[Track]] = {}
            for track in tracks:
                by.setdefault(track.signal.observer, []).append(track)
            rows.append((region, family, {observer: _cell(those) for observer, those in by.items()}))
    return rows


def _cell(tracks: list[Track]) -> Cell:
    worst = min(tracks, key=lambda t: (WORST.index(t.state.verdict), -(t.state.since or inf)))
    same = [t for t in tracks if t.state.verdict is worst.state.verdict]
    since = min((t.state.since for t in same if t.state.since is not None), default=None)
    told = "; ".join(f"{t.signal.name}: {t.state.verdict}" for t in tracks)
    return Cell(worst.state.verdict, since, told)
