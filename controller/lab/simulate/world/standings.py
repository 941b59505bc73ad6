"""The standing of each Region: how it is, for how long, and what people know of it.

It goes by the evidence as delivered, the controls as they are, the journal's own record and the pages that
arrived; never by what a controller says of itself. It looks every few seconds, and at each fact of weight.
```
 delivered evidence ─┐
 controls            ├─ look ─> bad, carrying, free to leave: since when ─> L8 L9 L11 L12 L13
 pages that arrived  ┘
```
"""

from dataclasses import dataclass, field
from math import inf

from controller.core.journal.event import Event
from controller.core.journal.moves import (
    Acknowledged,
    ApprovalDenied,
    Opening,
    Settled,
    ShiftIntended,
    StoodDown,
)
from controller.core.journal.notes import Untold
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.hindrances import Seen, capable, hearing, hindrances, in_window, lost
from controller.lab.simulate.world.journal_record import Asked, Life, person

LOOKS = frozenset({"look", "fault", "heal", "moved", "append", "page"})
"""Kinds of facts at which it looks."""
FLAPS = 900.0
"""Seconds within which a Region that is bad anew is in the episode that people were told of."""
MOVING = 300.0
"""Seconds after an intent in which traffic counts as moving."""
FIRES = 220.0
"""Seconds that an alarm takes longer to fire than a canary, where a policy asks for both."""
SURE = 60.0
"""Seconds beyond a policy's own, until it must be plain that a Region is bad."""
UNSURE = frozenset({"muted", "doubtful", "lost"})
"""Hindrances with which it is not plain to a controller that a Region is bad."""


@dataclass
class Standing:
    """Holds since when something is so of one Region, in true time; None where it is not so now.

    ill: it carries traffic, and is bad or unknown to every controller. bad: bad to every controller. free:
    nothing but the controllers keeps its traffic there. askable: the same, but for a cooldown. relapsed: it
    is coming home, and is bad again. failing: bad to every controller, whatever it carries. moved: when its
    controls last changed. told: when people last heard of it. warned: the same, of it and of no incident.
    written: when the journal last said that nobody could be told. excused: until when it needs no page.
    seen_ill: when it was ill last. episode: since when it is ill, or was within `FLAPS`.
    """

    ill: float | None = None
    seen_ill: float = -inf
    episode: float = inf
    bad: float | None = None
    free: float | None = None
    askable: float | None = None
    relapsed: float | None = None
    failing: float | None = None
    moved: float = -inf
    told: float = -inf
    written: float = -inf
    warned: float = -inf
    excused: float = -inf
    unheard: dict[str, float] = field(default_factory=dict)
    """Controller -> since when it hears of the Region from fewer than a quorum."""

    def heard(self, told: float) -> float | None:
        """Return when people last heard of this episode; None where they did not.

        told: the last page or note that counts.
        """
        if self.ill is not None and told >= self.ill:
            return told
        return self.warned if self.warned >= self.episode - FLAPS else None


@dataclass
class Trip:
    """The way out and back: the controls as they stood before its first move.

    since: true time of its first intent; None while nothing is under way. disturbed: somebody else turned
    controls, or a call landed late.
    """

    before: dict[str, bool] = field(default_factory=dict)
    since: float | None = None
    disturbed: bool = False


@dataclass
class Standings:
    """Keeps the standing of every Region, and what has arrived at people."""

    world: Seen
    regions: dict[str, Standing] = field(default_factory=dict)
    able: dict[str, float] = field(default_factory=dict)
    """Controllers that nothing keeps from seeing, writing and paging -> since when."""
    mouthless: dict[str, float] = field(default_factory=dict)
    """The same for those that only cannot page."""
    heard_of: dict[tuple[str, float], float] = field(default_factory=dict)
    """(request, when its stage was put) -> when people first heard of it."""
    names: dict[str, float] = field(default_factory=dict)
    """Incident -> when a page last named it."""
    pages: list[tuple[float, str, str]] = field(default_factory=list)
    """When each page arrived, its subject, and the controller that sent it."""
    trip: Trip = field(default_factory=Trip)
    sent: set[tuple[str, bool]] = field(default_factory=set)
    """All that controllers ever asked of the controls."""
    lost: float | None = None
    """Since when something is gone that every decision needs."""

    def take(self, fact: Fact) -> None:
        """Look, if the fact is of a kind at which something may have become so."""
        if fact.kind == "send":
            self.sent.update(fact.data["changes"].items())
        self.trip.disturbed |= fact.kind == "echo" or "policy-changes" in self.world.used
        if fact.kind not in LOOKS:
            return
        if fact.kind == "page" and fact.data["ok"]:
            self._told(fact)
        elif fact.kind == "append":
            self._said(fact.data["event"], fact.at)
        elif fact.kind == "moved":
            self._moved(str(fact.data.get("name")), fact.data.get("on") is True, fact.at)
        elif fact.kind == "look":
            self._rest()
        self._look(fact.at)

    def _moved(self, name: str, on: bool, at: float) -> None:
        for region, entry in self.world.policy.regions.items():
            if name in entry.controls:
                self.of(region).moved = at
        self.trip.disturbed |= (name, on) not in self.sent

    def _rest(self) -> None:
        """Note that a trip has ended: nothing is open, and every control stands as before it."""
        trip, switch = self.trip, self.world.cloud.switch
        rests = trip.since is not None and not self.world.watch.record.open
        if rests and all(switch.is_on(name) is on for name, on in trip.before.items()):
            self.trip = Trip()

    def of(self, region: str) -> Standing:
        return self.regions.setdefault(region, Standing())

    def able_since(self) -> float:
        """Return since when one controller can do all; infinity where none can."""
        return min(self.able.values(), default=inf)

    def carries(self, region: str) -> bool:
        return any(self.world.cloud.switch.is_on(c) for c in self.world.policy.regions[region].controls)

    def knows_of(self, request: Asked) -> bool:
        """Return True where a page with this stage of a request arrived."""
        return (request.id, request.at) in self.heard_of

    def _told(self, fact: Fact) -> None:
        """Note whom and what an arrived page names; a question is told as long as it waits."""
        subject, text = str(fact.data["subject"]), str(fact.data["text"])
        self.pages.append((fact.at, subject, fact.where))
        record = self.world.watch.record
        questions = [asked for name, asked in record.requests.items() if name in text]
        for asked in questions:
            self.heard_of.setdefault((asked.id, asked.at), fact.at)
        for name in record.lives:
            if name in subject or name in text:
                self.names[name] = fact.at
        named = [region for region in self.world.regions if region in subject]
        inside = [region for region in self.world.regions if region in text]
        if not questions:
            warns = not any(name in subject for name in record.lives)
            for region in named or inside or self.world.regions:
                self.of(region).told = fact.at
                self.of(region).warned = fact.at if warns else self.of(region).warned

    def _said(self, event: Event, at: float) -> None:
        """Note what a person did: whoever did it knows."""
        record, switch = self.world.watch.record, self.world.cloud.switch
        life = record.lives.get(event.draft.incident or "")
        said = event.body
        if isinstance(said, ShiftIntended) and self.trip.since is None:
            controls = [c for entry in self.world.policy.regions.values() for c in entry.controls]
            self.trip = Trip({name: switch.is_on(name) for name in controls}, at)
        asks = isinstance(said, Opening) and said.requested_by
        ends = isinstance(said, StoodDown | Settled | Acknowledged | ApprovalDenied)
        if life is not None and (asks or (ends and person(event))):
            self.of(life.source).told = at
        if isinstance(said, Untold):
            about = " ".join(said.about)
            named = [region for region in self.world.regions if region in about]
            for region in named or self.world.regions:
                self.of(region).written = at

    def _look(self, now: float) -> None:
        world = self.world
        for home in world.homes:
            _since(self.able, home, capable(world, home), now)
            _since(self.mouthless, home, capable(world, home, page=False), now)
        self.lost = _kept(self.lost, lost(world) is not None, now)
        awake = [home for home in world.homes if not world.cloud.faults.stopped(home)]
        for region in world.regions:
            hearings = {home: hearing(world, home, region).standing for home in awake}
            standing, carries = self.of(region), self.carries(region)
            ill = bool(hearings) and ("well" not in hearings.values() or self.lost is not None)
            bad = bool(hearings) and {*hearings.values()} == {"bad"}
            standing.ill = _kept(standing.ill, ill and carries, now)
            if standing.ill is not None:
                begins = now - standing.seen_ill > FLAPS
                standing.episode, standing.seen_ill = now if begins else standing.episode, now
            standing.bad = _kept(standing.bad, bad and carries, now)
            against = hindrances(world, region) if bad else {"well"}
            standing.failing = _kept(standing.failing, bad and not against & UNSURE, now)
            for home in world.homes:
                _since(standing.unheard, home, hearings.get(home) == "unknown", now)
            self._weigh(region, standing, against, now)
            if self._excused(region, now):
                standing.excused = now

    def plain_after(self) -> float:
        """Return after how many seconds it must be plain to a controller that a Region is bad."""
        length = self.world.length
        return length.held + (FIRES if length.name == "long" else 0.0) + SURE

    def _weigh(self, region: str, standing: Standing, against: set[str], now: float) -> None:
        """Note whether all that a move out of a Region needs is so.

        against: what hinders it.
        """
        world = self.world
        plain = standing.bad is not None and now - standing.bad >= self.plain_after()
        standing.free = _kept(standing.free, plain and not against, now)
        standing.askable = _kept(standing.askable, plain and against <= {"cooldown"}, now)
        returns = any(_comes_home(life, region) for life in world.watch.record.open)
        mine = {"in-progress", "cooldown", "velocity"}
        standing.relapsed = _kept(standing.relapsed, returns and plain and against <= mine, now)

    def _excused(self, region: str, now: float) -> bool:
        """Return True where people know already, or need not know yet."""
        world, record = self.world, self.world.watch.record
        if record.muted.get(region, 0.0) > now or in_window(world.policy, now):
            return True
        for life in record.open:
            asked = life.asked
            waits = asked is not None and not asked.answer and now < asked.at + asked.within
            if life.source == region and waits and asked is not None and self.knows_of(asked):
                return True
            if life.source == region and now - life.moved < MOVING:
                return True
        return False


def _comes_home(life: Life, region: str) -> bool:
    began = life.intent == "restore" and life.applied > 0 and life.leg == "out"
    return began and life.source == region and not life.despite


def _kept(since: float | None, so: bool, now: float) -> float | None:
    """Return since when something is so, given what it was before."""
    if not so:
        return None
    return now if since is None else since


def _since(times: dict[str, float], name: str, so: bool, now: float) -> None:
    if so:
        times.setdefault(name, now)
    else:
        times.pop(name, None)
