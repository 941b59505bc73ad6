"""The journal's table is lost and put back from a backup: what is missing is said, and it goes on as ever."""

from controller.core.incident.fold import fold
from controller.core.journal.event import Draft, Event, seal
from controller.core.journal.kind import Kind
from controller.core.journal.notes import JournalRestored, Muted
from controller.entry.demo.log import RunEvents
from controller.lab.environment.approvers import by_operator
from controller.lab.environment.observer import RunObserver
from controller.lab.scenarios.lost_journal import COPY, WHY
from controller.rehearsal.cloud import JOURNAL
from controller.steps.operator.journal_restore import look
from tests.drills.drill import MINUTE, Drill, drill, moves
from tests.support.drill_run import play
from tests.support.policy_scene import EAST, OTHER


def pages(played: Drill) -> list[tuple[float, str]]:
    return [(n.at - played.run.began, n.subject) for n in played.stage.cloud.outbox.notices]


def decisions(played: Drill, since: float, until: float) -> set[tuple[str, str]]:
    began = played.run.began
    records = played.deps.assessments.between("storefront", began + since, began + until)
    return {(d["code"], d["reason"]) for _, record in records for d in record.get("decisions", ())}


def test_it_is_told_restored_said_armed_and_a_region_that_then_goes_dark_is_left_as_ever() -> None:
    played = drill("journal-lost")
    moves(played, EAST, within=500 + 8 * MINUTE, not_before=500 + 3 * MINUTE)
    events = played.deps.journal.read("storefront")
    (restored,) = [event for event in events if event.kind is Kind.JOURNAL_RESTORED]
    said = restored.body
    assert isinstance(said, JournalRestored)
    assert restored.draft.by == by_operator(played.deps)
    assert (said.table, said.witness, said.reason) == (COPY, OTHER, WHY)
    assert (said.first, said.last) == (restored.seq, restored.seq + 1)  # the two mutes
    assert Kind.MUTED not in played.kinds


def test_people_are_told_at_once_and_it_stays_disarmed_until_somebody_arms() -> None:
    played = drill("journal-lost")
    lost = [at for at, subject in pages(played) if subject == "storefront: the journal cannot be read"]
    back = [at for at, subject in pages(played) if subject == "storefront: the journal was restored"]
    assert 120 <= lost[0] <= 120 + 1.5 * MINUTE
    assert 360 <= back[0] <= 360 + 1.5 * MINUTE
    assert {code for code, _ in decisions(played, 140, 355)} == {"journal-unreadable"}
    events = played.deps.journal.read("storefront")
    armed = next(event for event in events if event.kind is Kind.ARMED)
    assert 480 <= armed.at - played.run.began <= 490
    before = fold("storefront", events[: armed.seq - 1])
    assert "events 2 to 3 are missing (us-east-2 saw event 3)" in str(before.stopped)
    assert fold("storefront", events[: armed.seq]).stopped is None


def test_a_terminal_shows_the_restoration_what_is_missing_and_that_it_is_armed() -> None:
    played = drill("journal-lost")
    watch = RunObserver(played.stage, played.deps, every=1.0)
    lines = RunEvents(played.stage, watch)
    watch.journal = play_until_lost(played)
    lines.new(played.run)
    watch.journal = played.deps.journal.read("storefront")
    said = [each.text for each in lines.new(played.run)]
    assert any(text.startswith("JournalRestored: ") and "events 2 to 3 are missing" in text for text in said)
    answers = [text for _, text in played.run.said if text.startswith("the operator is ")]
    assert any("events 2 to 3 are missing" in text for text in answers)
    assert answers[-1] == "the operator is told: storefront is armed"


def play_until_lost(played: Drill) -> tuple[Event, ...]:
    """The journal as it was when it was emptied: the first event, and two that the backup lacks."""
    first = played.deps.journal.read("storefront")[0]
    who = by_operator(played.deps)
    events = [first]
    for number in (2, 3):
        said = Muted(what=EAST, until=0.0, for_=60.0, reason="noise")
        events.append(seal("storefront", Draft(f"id{number}", said, 0.0, who), events[-1]))
    return tuple(events)


def test_a_backup_that_was_changed_is_refused_and_the_region_that_goes_dark_is_left_to_people() -> None:
    played = Drill(*play("journal-forged"))
    assert played.judged.ok, played.judged.findings
    assert played.run.shifts == []
    scan = {"TableName": JOURNAL}
    assert played.stage.cloud.call("dynamodb", "Scan", OTHER, scan)["Items"] == []
    refusal = look(played.deps, played.deps.recovery.backup(COPY, OTHER), reason=WHY).refusal
    assert f"{OTHER} saw another event 1 of storefront" in str(refusal)
    assert {code for code, _ in decisions(played, 360, 1500)} == {"journal-unreadable"}
