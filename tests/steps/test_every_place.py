"""S18, S22: at every place of every journal of a demo, every change is found, and the place is named.

The demos are `region-dark` and `restore` with three controllers; the fleet's kill switch was turned after
each, and break-glass was journalled after the first. Each journal x each place x each change of
`journal_places` is put into the table, and four look: a controller's process that begins, one that lives, the
export, and the check of a bundle whose forger put its lists, sizes and hashes right and signed it.

The place named is the number of the event; `journal_places.named` is the rule, and says where only a witness
can tell. Controllers of all Regions take turns. What is put in behind the last event is no change of a
record: it is what whoever may append could always do.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import pytest

from controller.audit.bundle import write as bundle_write
from controller.audit.bundle.chains import Events
from controller.audit.bundle.manifest import JOURNAL, MANIFEST
from controller.audit.bundle.witnesses import Witnesses
from controller.aws.dynamodb.journal import WHOLE
from controller.core.journal.event import GENESIS, Event, event_of
from controller.ports.errors import JournalUnreadable
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.steps.context.deps import Deps
from controller.steps.context.journal_head import Head, JournalHead
from controller.steps.context.journalling import read_state
from controller.steps.context.situation import FLEET
from tests.support.audit_bundle import Forger, checked, listed, opened, resealed
from tests.support.demo_tables import FILES, Tables, tables
from tests.support.journal_places import (
    CHANGES,
    Change,
    Rows,
    edited,
    edited_and_hashed,
    inserted_and_linked,
    named,
    places,
    rewritten,
    rows,
    truncated,
)

Patch = pytest.MonkeyPatch
OWN = "storefront"
JOURNALS = [("region-dark", OWN), ("region-dark", FLEET), ("restore", OWN), ("restore", FLEET)]
STOPPED = "the fleet's kill switch cannot be read and counts as disarmed: "


class Case(NamedTuple):
    """One change at one place."""

    tables: Tables
    journal: str
    change: Change
    place: int
    number: int

    @property
    def events(self) -> tuple[Event, ...]:
        return self.tables.events[self.journal]

    @property
    def rows(self) -> Rows:
        return self.change(self.events, self.place)

    @property
    def region(self) -> str:
        return self.tables.regions[self.number % len(self.tables.regions)]

    def __str__(self) -> str:
        return f"{self.journal}, event {self.place} {self.change.__name__}"


def cases(scenario: str, journal: str) -> Iterator[Case]:
    here, number = tables(scenario), 0
    for change in CHANGES:
        for place in places(change, len(here.events[journal])):
            yield Case(here, journal, change, place, number)
            number += 1


@contextmanager
def held(case: Case) -> Iterator[None]:
    case.tables.hold(case.journal, case.rows)
    try:
        yield
    finally:
        case.tables.hold(case.journal)


def told(deps: Deps, journal: str) -> str:
    """What a controller says is wrong with a journal; "" where it goes by it.

    Nothing moves in either case: the application's journal is unreadable, the fleet counts as disarmed.
    """
    try:
        state = read_state(deps)
    except JournalUnreadable as error:
        assert journal == OWN
        return str(error)
    if journal == OWN or state.fleet is None:
        return ""
    assert state.fleet_unread
    assert state.fleet.startswith(STOPPED)
    return state.fleet.removeprefix(STOPPED)


def number_in(sentence: str) -> int:
    """The event that a sentence names: the item under whose number another stands, or what somebody saw."""
    for where in (r"^item (\d+) of ", r" saw event (\d+)$", r"\bevent (\d+)\b"):
        found = re.search(where, sentence)
        if found:
            return int(found[1])
    raise AssertionError(f"no event is named: {sentence!r}")


def refusal(here: Tables) -> str:
    """Why nothing was exported; "" where it was."""
    with suppress(JournalUnreadable):
        here.exported()
        return ""
    try:
        here.exported()
    except JournalUnreadable as error:
        return str(error)
    raise AssertionError("it is refused once, and not again")


def forged(whole: bytes, journal: str, wanted: Rows) -> bytes:
    """The bundle with other lines of a journal, and everything else put right and signed."""
    files, name = opened(whole), FILES[journal]
    files[name] = "".join(row.text + "\n" for row in wanted).encode()
    manifest = checked(whole).manifest
    assert manifest is not None
    said = manifest.model_dump(mode="json", by_alias=True)
    last = event_of(wanted[-1].text) if wanted else None
    chain = {"last": last.seq if last else 0, "hash": last.hash if last else GENESIS}
    said["journal" if name == JOURNAL else "fleet"] |= chain
    said["files"] = [listed(name, files[name]) if each["name"] == name else each for each in said["files"]]
    return resealed(files, said, Forger())


def fault(bundle: bytes) -> tuple[str, str]:
    """The file and the place that a check names first; ("", "") for none."""
    wrong = checked(bundle).wrong
    return ("", "") if wrong is None else (wrong.file, wrong.where)


def test_there_are_so_many_cases() -> None:
    """Nine changes at each place but the last of two, and one that has no place."""
    counts = {key: len(list(cases(*key))) for key in JOURNALS}
    lengths = {key: len(tables(key[0]).events[key[1]]) for key in JOURNALS}
    assert lengths == dict(zip(JOURNALS, (16, 5, 28, 5), strict=True))
    assert counts == {key: 9 * length - 2 + 1 for key, length in lengths.items()}
    assert sum(counts.values()) == 482


@pytest.mark.parametrize(("scenario", "journal"), JOURNALS)
def test_s18_a_process_that_begins_finds_every_change_and_names_the_place(
    scenario: str, journal: str
) -> None:
    here, seen = tables(scenario), tables(scenario).seen(journal)
    assert told(here.fresh(here.regions[0]), journal) == ""
    for case in cases(scenario, journal):
        with held(case):
            found = told(case.tables.fresh(case.region), journal)
        wanted = named(case.change, case.place, len(case.events), seen)
        assert number_in(found) == wanted.fresh, (str(case), found)


@pytest.mark.parametrize(("scenario", "journal"), JOURNALS)
def test_s18_a_process_that_lives_finds_a_change_at_the_end_at_once_and_every_other_within_ten_minutes(
    scenario: str, journal: str
) -> None:
    here, seen = tables(scenario), tables(scenario).seen(journal)
    kernel = Kernel(VirtualClock(here.now))
    living = {region: here.fresh(region, kernel) for region in here.regions}
    for case in cases(scenario, journal):
        wanted = named(case.change, case.place, len(case.events), seen)
        deps = living[case.region]
        assert told(deps, journal) == "", case
        with held(case):
            found = told(deps, journal)
            assert (found != "") is (wanted.at_once is not None), (str(case), found)
            if wanted.at_once is None:
                kernel.run(until=kernel.now() + WHOLE)
                found = told(deps, journal)
            assert number_in(found) == (wanted.at_once or wanted.later), (str(case), found)


@pytest.mark.parametrize(("scenario", "journal"), JOURNALS)
def test_s18_an_export_refuses_every_change_and_names_the_place(scenario: str, journal: str) -> None:
    here, seen = tables(scenario), tables(scenario).seen(journal)
    assert refusal(here) == ""
    for case in cases(scenario, journal):
        with held(case):
            found = refusal(here)
        wanted = named(case.change, case.place, len(case.events), seen)
        assert number_in(found) == wanted.export, (str(case), found)
        assert journal == OWN or "fleet" in found


@pytest.mark.parametrize(("scenario", "journal"), JOURNALS)
def test_s18_a_check_of_a_forged_bundle_finds_every_change_and_names_the_place(
    scenario: str, journal: str
) -> None:
    here, seen = tables(scenario), tables(scenario).seen(journal)
    whole = here.exported()
    assert fault(forged(whole, journal, rows(here.events[journal]))) == ("", "")
    for case in cases(scenario, journal):
        wanted = named(case.change, case.place, len(case.events), seen)
        found = fault(forged(whole, journal, case.rows))
        assert found == (FILES[journal], f"event {wanted.check}"), str(case)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("journal", [OWN, FLEET])
def test_what_an_export_refuses_it_exports_as_evidence_whose_check_names_the_same_journal(
    journal: str, change: Change
) -> None:
    """Only where the chain itself holds: of the others the command exports what is stored."""
    here = tables("region-dark")
    case = Case(here, journal, change, 2, 0)
    with held(case):
        try:
            bundle = here.exported(as_it_stands=True)
        except JournalUnreadable:
            assert change not in (inserted_and_linked, rewritten, truncated)
            return
    found = checked(bundle)
    assert (found.verdict, found.wrong) == ("broken evidence", None)
    assert found.broken is not None
    assert found.broken.file == FILES[journal]
    witness = min(seq for seq in here.seen(journal) if seq >= (1 if change.__name__ == "erased" else 2))
    assert found.broken.where == f"event {witness}"


Guard = Callable[[Patch], None]


def no_chain(patch: Patch) -> None:
    patch.setattr("controller.aws.dynamodb.journal.broken_at", lambda *_, **__: None)


def no_witness(journal: str) -> Guard:
    def out(patch: Patch) -> None:
        real = JournalHead.after_reading

        def after(self: JournalHead, seen: Head | None, *read: object, journal: str = "head") -> None:
            real(self, None if journal == unwitnessed else seen, *read, journal=journal)  # type: ignore[arg-type]

        unwitnessed = "head" if journal == OWN else "fleet"
        patch.setattr(JournalHead, "after_reading", after)

    return out


@pytest.mark.parametrize(
    ("guard", "journal", "change"),
    [
        (no_chain, OWN, edited_and_hashed),
        (no_chain, FLEET, edited_and_hashed),
        (no_witness(OWN), OWN, truncated),
        (no_witness(OWN), OWN, rewritten),
        (no_witness(FLEET), FLEET, truncated),
        (no_witness(FLEET), FLEET, inserted_and_linked),
    ],
)
def test_s18_without_one_guard_a_change_is_not_found_by_a_process_that_begins(
    guard: Guard, journal: str, change: Change, monkeypatch: Patch
) -> None:
    here = tables("region-dark")
    with held(Case(here, journal, change, 4, 0)):
        assert told(here.fresh(here.regions[0]), journal) != ""
        guard(monkeypatch)
        assert told(here.fresh(here.regions[0]), journal) == ""


def test_s18_without_the_stored_hash_the_end_that_no_assessment_saw_can_be_edited(monkeypatch: Patch) -> None:
    """And everywhere else the next event is named in place of the one that was edited."""
    here = tables("restore")
    last = len(here.events[OWN])
    monkeypatch.setattr(JournalHead, "before_reading", lambda *_: None)
    for without in (False, True):
        if without:
            unchecked = lambda _application, item: event_of(item["body"]["S"])  # noqa: E731
            monkeypatch.setattr("controller.aws.dynamodb.journal.event_in", unchecked)
        with held(Case(here, OWN, edited, last, 0)):
            assert (told(here.fresh(here.regions[0]), OWN) == "") is without
        with held(Case(here, OWN, edited, 7, 0)):
            assert number_in(told(here.fresh(here.regions[0]), OWN)) == 7 + without


@pytest.mark.parametrize("journal", [OWN, FLEET])
def test_s22_without_its_witnesses_a_journal_that_was_cut_passes_export_and_check(
    journal: str, monkeypatch: Patch
) -> None:
    """Four events, though a hundred assessments in the same bundle name a later one."""
    here = tables("region-dark")
    case = Case(here, journal, truncated, len(here.events[journal]) - 3, 0)
    whole = here.exported()
    bundle = forged(whole, journal, case.rows)
    with held(case):
        assert refusal(here)
        assert fault(bundle)[0] == FILES[journal]
        real = Witnesses.hear
        member = "head" if journal == OWN else "fleet"
        monkeypatch.setattr(
            Witnesses, "hear", lambda self, record, by: real(self, {**record, member: None}, by)
        )
        assert refusal(here) == ""
    # What the extracts say of the events that are gone is found too: here it is only the journal's turn.
    assert fault(bundle)[0] != FILES[journal]
    monkeypatch.undo()
    with held(case):
        monkeypatch.setattr(bundle_write, "missed", lambda _events, _seen: None)
        unlike = here.exported()
    assert fault(unlike)[0] == FILES[journal]
    monkeypatch.setattr(Events, "reach", lambda _self: None)
    assert fault(unlike) == ("", "")
    assert MANIFEST in opened(unlike)
