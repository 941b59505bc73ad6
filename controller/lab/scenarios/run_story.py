"""The story of a run that has ended.

It is told from the customers' ledger, the journal, the assessments and the evidence.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from controller.core.evidence.evaluation import View
from controller.core.explanation import why_sentence
from controller.core.incident.fold import fold
from controller.core.incident.state import Phase
from controller.core.journal.event import Event
from controller.core.journal.head import Head
from controller.core.journal.moves import ApprovalDenied, ApprovalExpired, Confirmed, Decided
from controller.core.journal.restoration import explained, restorations
from controller.core.model import Verdict
from controller.core.policy.validation import expected_signals
from controller.lab.environment.environment import Stage
from controller.lab.environment.observer import RunObserver
from controller.lab.scenarios.play import Judged, Run
from controller.readmodel.run import Bucket, Judgement, Lane, Milestones, Said, Share, Shift, Story, Stretch

LEAD = 60.0
"""Seconds before the beginning that a story shows."""
BUCKET = 10.0
WIDE = 3
"""Buckets over which a share of traffic is taken."""
EARLY = 60.0
"""Seconds after the break at which the controller must not act yet.

It must then say why it does not.
"""


@dataclass(frozen=True, slots=True)
class StoryBuilder:
    """Holds everything that is needed to tell a run.

    speed: scenario seconds in a second.
    """

    stage: Stage
    watch: RunObserver
    run: Run
    account: str
    approve: str
    speed: float

    def tell(self, judged: Judged) -> Story:
        """Return the story of the whole run.

        It takes one last look at journal, assessments and evidence.
        """
        self.watch.look(now=True)
        run, policy = self.run, self.stage.policy
        totals = self.stage.customers.ledger.totals(run.began, run.ended)
        decisions, traffic = self._decisions(), self._traffic()
        return Story(
            scenario=run.scenario.name,
            says=run.scenario.says,
            must=run.scenario.must,
            region=run.region,
            application=policy.application,
            approve=self.approve,
            speed=self.speed,
            ok=judged.ok,
            findings=judged.findings,
            broke=run.broke,
            began=self._since(run.began),
            lasted=run.ended - run.broke,
            milestones=self._milestones(totals.last_failed_at),
            served=totals.served,
            failed=totals.failed,
            bucket=BUCKET,
            traffic=traffic,
            lanes=self._lanes(self.watch.seen),
            decisions=decisions,
            judgements=self._judgements(),
            why_not=why_not([(self._since(at), decision) for at, decision in self._assessed()]),
            shifts=tuple(Shift(self._since(at), name, on) for at, name, on in run.shifts if at >= run.began),
            regions={region: tuple(entry.controls) for region, entry in policy.regions.items()},
            before=self._controls_at(run.began),
            after=self._controls_at(run.ended),
            steps=tuple(Said(self._since(at), text) for at, text in run.said),
            pages=tuple(
                Said(self._since(notice.at), notice.text, notice.subject)
                for notice in tuple(self.stage.cloud.outbox.notices)
                if notice.at >= run.began
            ),
            journal=self.watch.journal,
            amiss=journal_amiss(self.watch.journal, self.watch.witnessed(), self.watch.unread),
            shares=self._shares(traffic),
            people=self.watch.people(),
        )

    def _since(self, at: float) -> float:
        return round(at - self.run.broke, 3)

    def _assessed(self) -> tuple[tuple[float, Mapping[str, Any]], ...]:
        return tuple(pair for pair in self.watch.decisions(self.run.region) if pair[0] >= self.run.broke)

    def _milestones(self, last_failed_at: float | None) -> Milestones:
        run = self.run
        decided = (e.at for e in self.watch.journal if isinstance(e.body, Confirmed) and e.at >= run.broke)
        shifted = (at for at, _, _ in run.shifts if at >= run.broke)
        moments = [self._first_signal(), next(decided, None), next(shifted, None), last_failed_at]
        return Milestones(*(None if at is None else self._since(at) for at in moments))

    def _first_signal(self) -> float | None:
        """Return when the first bad word about the broken Region reached the controller."""
        about = {
            signal.id
            for signal in expected_signals(self.stage.policy, self.account)
            if signal.subject == self.run.region
        }
        heard = [
            seen.received
            for signal, history in self.watch.evidence().items()
            for seen in history
            if signal in about and seen.verdict is Verdict.BREACHING and seen.received >= self.run.broke
        ]
        return min(heard, default=None)

    def _decisions(self) -> tuple[Said, ...]:
        """Return each change of code.

        It comes from what was assessed and what was written to the journal.
        """
        region, since = self.run.region, self.run.began
        assessed = [pair for pair in self.watch.decisions(region) if pair[0] >= since]
        stored = [*assessed, *_journalled(self.watch.journal, region, since)]
        found: list[Said] = []
        for at, decision in sorted(stored, key=lambda pair: pair[0]):
            if not found or found[-1].code != decision["code"]:
                found.append(Said(self._since(at), str(decision["reason"]), str(decision["code"])))
        return tuple(found)

    def _judgements(self) -> tuple[Judgement, ...]:
        assessed = [(at, d) for at, d in self._assessed() if d.get("tree")]
        found: list[Judgement] = []
        early = _nearest(assessed, self.run.broke + EARLY)
        if early:
            title = "Soon after the break: why it did not act yet"
            found.append(Judgement(title, self._since(early[0]), early[1]))
        for event in self.watch.journal:
            said = event.body
            if isinstance(said, Confirmed) and event.at >= self.run.broke and said.decision is not None:
                found.append(Judgement("When it decided to act", self._since(event.at), said.decision))
                break
        else:
            closest = max(assessed, key=lambda pair: (*_count(pair[1]["tree"]), pair[0]), default=None)
            if closest and early and why_sentence(dict(closest[1])) != why_sentence(dict(early[1])):
                title = "The closest it came to acting, and what kept it from it"
                found.append(Judgement(title, self._since(closest[0]), closest[1]))
        return tuple(found)

    def _traffic(self) -> Mapping[str, tuple[Bucket, ...]]:
        run = self.run
        counts: defaultdict[str, defaultdict[int, list[int]]] = defaultdict(
            lambda: defaultdict(lambda: [0, 0])
        )
        for request in self.stage.customers.ledger.requests(run.began - LEAD, run.ended):
            place = floor((request.at - run.broke) / BUCKET)
            counts[request.region or "no answer"][place][0 if request.ok else 1] += 1
        first, last = floor((run.began - run.broke - LEAD) / BUCKET), floor((run.ended - run.broke) / BUCKET)
        regions = [*self.stage.policy.regions, *(r for r in counts if r not in self.stage.policy.regions)]
        return {
            region: tuple(
                Bucket(place * BUCKET, *counts[region].get(place, (0, 0))) for place in range(first, last + 1)
            )
            for region in regions
        }

    def _shares(self, traffic: Mapping[str, tuple[Bucket, ...]]) -> tuple[Share, ...]:
        """Return the Regions' shares of requests, half a minute at a time.

        Requests without a DNS answer went nowhere.
        """
        regions = [region for region in traffic if region in self.stage.policy.regions]
        found = []
        for first in range(0, len(traffic[regions[0]]) - WIDE + 1, WIDE):
            sent = {r: sum(b.served + b.failed for b in traffic[r][first : first + WIDE]) for r in regions}
            start, total = traffic[regions[0]][first].at, sum(sent.values())
            if total:
                parts = {region: count / total for region, count in sent.items()}
                found.append(Share(start, start + WIDE * BUCKET, parts))
        return tuple(found)

    def _lanes(self, seen: View | None) -> tuple[Lane, ...]:
        if seen is None:
            return ()
        first, lasted = self._since(self.run.began) - LEAD, self._since(self.run.ended)
        return tuple(
            Lane(
                track.signal.name,
                track.signal.family,
                track.signal.kind,
                track.signal.subject,
                track.signal.observer,
                tuple(
                    Stretch(
                        max(first, self._since(r.heard)), min(lasted, self._since(r.unheard)), str(r.verdict)
                    )
                    for r in track.runs
                    if r.unheard > self.run.began - LEAD and r.heard < self.run.ended and r.unheard > r.heard
                ),
            )
            for track in seen.tracks
        )

    def _controls_at(self, moment: float) -> Mapping[str, bool]:
        """Return the state of every control at `moment`.

        Every control was On when the stage was set; each change since is known.
        """
        states = {name: True for entry in self.stage.policy.regions.values() for name in entry.controls}
        return states | {name: on for at, name, on in self.run.shifts if at <= moment}


def journal_amiss(events: Sequence[Event], witnessed: Sequence[Head], unread: str) -> str:
    """Return how a journal is not what assessments saw of it; "" where nothing is amiss.

    witnessed: the heads that they saw. unread: why the last look could not read it.
    """
    if unread:
        return f"it could not be read at the end, so this is what was read before: {unread}"
    known = restorations(events)
    for head in sorted(witnessed, key=lambda each: -each.seq):
        if explained(head, known):
            continue
        end = f"ends at event {len(events)}" if events else "holds no event"
        if head.seq > len(events):
            return f"an assessment saw event {head.seq}, and the journal {end}"
        if events[head.seq - 1].hash != head.hash:
            return f"an assessment saw another event {head.seq}"
    return "" if events else "it holds no event, though a policy is written down before anything else"


def why_not(assessed: Iterable[tuple[float, Mapping[str, Any]]]) -> str:
    """Return the sentence of a moment when the controller did not act yet.

    It is the moment nearest to a minute after the break. assessed: (seconds since the break, decision as
    stored).
    """
    found = _nearest(assessed, EARLY)
    if found is None:
        return ""
    return f"{found[0]:.0f} s after the break: {why_sentence(dict(found[1]))}"


def answered_no(events: tuple[Event, ...], application: str) -> bool:
    """Return True where people kept the traffic in place.

    They denied, or were silent.
    """
    state = fold(application, events)
    asked = [i for i in state.incidents.values() if i.request is not None]
    moved = any(i.phase in (Phase.SHIFTED, Phase.VERIFIED, Phase.SETTLED) for i in state.incidents.values())
    return (
        not moved
        and any(isinstance(event.body, ApprovalDenied | ApprovalExpired) for event in events)
        and bool(asked)
    )


def _nearest(
    assessed: Iterable[tuple[float, Mapping[str, Any]]], moment: float
) -> tuple[float, Mapping[str, Any]] | None:
    return min(assessed, key=lambda pair: abs(pair[0] - moment), default=None)


def _journalled(events: Iterable[Event], region: str, since: float) -> list[tuple[float, Mapping[str, Any]]]:
    """Return the decisions about `region` that journal events carry."""
    carried = ((e.at, e.body.decision) for e in events if e.at >= since and isinstance(e.body, Decided))
    return [(at, found) for at, found in carried if found is not None and found.get("region") == region]


def _count(tree: Mapping[str, Any]) -> tuple[int, int]:
    """Return how near a tree is to acting.

    It counts the tree's true leaves, and the signals in it that are breaching.
    """
    counts = [_count(child) for child in tree.get("children", ())]
    if counts:
        return sum(leaves for leaves, _ in counts), sum(red for _, red in counts)
    red = sum(state["verdict"] == "breaching" for state in tree.get("signals", ()))
    return int(tree["value"] == "true"), red
