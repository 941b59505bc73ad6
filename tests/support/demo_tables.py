"""The tables of a demo that is over, held still: nothing runs, and whoever looks has a clock of their own."""

import random
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from controller import wiring
from controller.audit.bundle.manifest import FLEET as FLEET_FILE
from controller.audit.bundle.manifest import JOURNAL
from controller.audit.bundle.write import Period, Record
from controller.aws.dynamodb.stored_records import DynamoAssessmentLog
from controller.core.journal.event import Event
from controller.entry.audit_sources import text_of
from controller.entry.break_glass import MachineUser, signed
from controller.entry.context import Context
from controller.entry.local_record import LocalRecord
from controller.lab.environment.environment import Stage
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import rehearse
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.steps.context.deps import Deps
from controller.steps.context.situation import FLEET
from controller.steps.operator.commands import arm_fleet
from controller.steps.operator.local_records import journal_records
from tests.support.audit_bundle import ONCE, Forger, exported
from tests.support.drill_run import operators, set_up
from tests.support.journal_places import Rows, lay, rows
from tests.support.policy_scene import EAST, WEST

FILES = {"storefront": JOURNAL, FLEET: FLEET_FILE}
LINES = 5
"""Lines of break-glass that the demo of `region-dark` has journalled."""


@dataclass
class Tables:
    """events: journal -> what it is. there: what its table holds. record: of break-glass, on a machine."""

    stage: Stage
    events: dict[str, tuple[Event, ...]]
    there: dict[str, Rows]
    record: LocalRecord
    _folder: TemporaryDirectory[str]
    _numbers: dict[str, int] = field(default_factory=lambda: {"built": 0})

    def hold(self, journal: str, wanted: Rows | None = None) -> None:
        """Make a journal's table hold `wanted`; by default all as it was."""
        wanted = rows(self.events[journal]) if wanted is None else wanted
        lay(self.stage.cloud, journal, self.there[journal], wanted)
        self.there[journal] = wanted

    def fresh(self, region: str, kernel: Kernel | None = None) -> Deps:
        """A controller's process that begins now."""
        self._numbers["built"] += 1
        runtime = VirtualRuntime(kernel or Kernel(VirtualClock(self.now)))
        clients = virtual_clients(self.stage.cloud.wire, runtime, self.stage.faults, home=region)
        rng = random.Random(self._numbers["built"])
        return wiring.build(self.stage.deployments[region], clients=clients, runtime=runtime, rng=rng)

    @property
    def now(self) -> float:
        return self.stage.kernel.now()

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(self.stage.deployments)

    @cached_property
    def period(self) -> Period:
        return Period(self.now - 7200.0, self.now)

    def seen(self, journal: str) -> set[int]:
        """The numbers of the events that assessments of any Region name."""
        member = "head" if journal == "storefront" else "fleet"
        every = (self.fresh(region).assessments.between("storefront", 0.0, 1e11) for region in self.regions)
        found = [record for records in every for _, record in records]
        return {record[member]["seq"] for record in found if member in record}

    def exportable(self, *, as_it_stands: bool = False) -> Record:
        """What the command exports. Raises `JournalUnreadable`."""
        deps, policy = self.fresh(self.regions[0]), self.stage.policy
        runtime = deps.runtime
        clients = virtual_clients(self.stage.cloud.wire, runtime, self.stage.faults)
        logs = {
            region: DynamoAssessmentLog(
                client=clients("dynamodb", region, None, ONCE), table="tidegate-assessments"
            )
            for region in self.regions
        }
        return Record(
            "storefront", deps.journal.read("storefront"), FLEET, deps.journal.read(FLEET), logs,
            {policy.digest: text_of(policy)}, "0.1.0", as_it_stands=as_it_stands,
            again=lambda name: deps.journal.read(next(j for j, file in FILES.items() if file == name)),
        )  # fmt: skip

    def exported(self, *, as_it_stands: bool = False) -> bytes:
        """A bundle, as the command writes it. Raises `JournalUnreadable`."""
        return exported(self.exportable(as_it_stands=as_it_stands), self.period, Forger())


@cache
def tables(scenario: str) -> Tables:
    """A demo with three controllers; then the fleet is turned off and on, and break-glass is journalled.

    Put back what you change.
    """
    play = SCENARIOS[scenario]
    stage, hand = set_up(overlay=play.policy)
    hands = operators(stage)
    rehearse(stage, hand, play, region=EAST, approve="auto", beat=lambda _run: None, others=hands)
    for on in (False, True, False, True):
        assert arm_fleet(hand, on=on, who="ana", reason="a drill").done
        stage.advance(0.0 if on else 130.0)
    folder = TemporaryDirectory()
    record = LocalRecord(Path(folder.name))
    if scenario == "region-dark":
        written(record, stage, LINES)
        assert journal_records(hand, record.read().entries).added == LINES
    stage.advance(130.0)
    for _ in range(5):  # until each controller saw the last event
        stage.advance(60.0)
    events = {journal: hand.journal.read(journal) for journal in FILES}
    there = {journal: rows(every) for journal, every in events.items()}
    return Tables(stage, events, there, record, folder)


def written(record: LocalRecord, stage: Stage, count: int) -> None:
    """So many lines of break-glass: moves that somebody intended, and applied."""
    about, last = Context("storefront", stage.deployment), ""
    for number in range(count):
        said = {"stage": "applied" if number % 2 else "intended", "region": EAST, "to": WEST}
        more = {"of": last} if number % 2 else {}
        base = signed(about, "storefront", MachineUser("ana@host", "AKID"), "dark", stage.kernel.now())
        last = record.append({**base, **said, **more}).id
