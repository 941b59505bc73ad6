"""A bundle holds the whole record of a period, the same each time, and no secret."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from controller.audit.bundle.manifest import FLEET, JOURNAL, KEY, MANIFEST, SEAL, SIGNATURE
from controller.audit.bundle.signature import holds, public_key
from controller.audit.bundle.write import Period, TooLarge, export, period_of
from controller.core.journal.event import event_of
from controller.core.journal.kind import Kind
from controller.ports.errors import OutsideUnreachable
from tests.support.audit_bundle import Forger, checked, exported, opened, record_of, told
from tests.support.secret_search import dresses, found_in
from tests.support.task_tokens import tokens
from tests.support.world import world

LOG = "assessments/us-east-2/2030-01-01.jsonl.gz"


def test_the_same_record_gives_the_same_bundle_but_for_the_signature() -> None:
    here = told()
    assert exported(here.record, here.period, here.signer) == here.bundle
    forged = opened(exported(here.record, here.period, Forger()))
    ours = opened(here.bundle)
    assert list(forged) == list(ours)
    assert {name for name in ours if forged[name] != ours[name]} == {SEAL, SIGNATURE, KEY}


def test_any_tar_reads_it_and_its_names_and_times_are_fixed() -> None:
    with tarfile.open(fileobj=io.BytesIO(told().bundle)) as tar:
        members = tar.getmembers()
    assert {(m.mtime, m.mode, m.uid, m.type) for m in members} == {(0, 0o644, 0, tarfile.REGTYPE)}
    names = [m.name for m in members]
    assert names[:4] == [SEAL, SIGNATURE, KEY, MANIFEST]
    assert names[4:] == sorted(names[4:])


def test_it_holds_what_was_known_decided_and_done_by_which_policy_and_by_whom() -> None:
    here = told()
    files = opened(here.bundle)
    events = [event_of(line) for line in files[JOURNAL].decode().splitlines()]
    assert events == list(here.record.events)
    assert [event_of(line).kind for line in files[FLEET].decode().splitlines()] == [Kind.REGION_COUNTED]
    digest = here.world.stage.policy.digest
    assert hashlib.sha256(files[f"policies/{digest}.json"]).hexdigest() == digest
    answered = json.loads(files["approvals.json"])[0]
    assert (answered["outcome"], answered["answers"][0]["by"]) == ("given", "ana")
    incident = json.loads(files["incidents.json"])[0]
    assert [each["kind"] for each in incident["journal"]][-1] == "Settled"
    records = [json.loads(line)["record"] for line in gzip.decompress(files[LOG]).splitlines()]
    decisions = [decision for record in records for decision in record.get("decisions", ())]
    quiet = [decision for decision in decisions if decision["action"] == "none"]
    assert quiet
    assert all(decision["tree"]["children"] for decision in quiet)
    assert json.loads(files["gaps.json"])["nobody"]["seconds"] == 0


def test_its_signature_is_checked_with_the_public_key_alone_and_is_of_the_whole() -> None:
    here = told()
    files, key = opened(here.bundle), here.signer.public_key()
    assert holds(public_key(key.pem.encode()), "ECDSA_SHA_256", files[SIGNATURE], files[SEAL])
    assert json.loads(files[SEAL])["manifest"] == hashlib.sha256(files[MANIFEST]).hexdigest()
    found = checked(here.bundle, key.pem.encode())
    assert (found.wrong, found.own_key) == (None, False)
    assert checked(here.bundle).own_key


def test_a6_no_task_token_is_in_it_and_planted_ones_are_found() -> None:
    here = told()
    files = opened(here.bundle)
    every = {name: gzip.decompress(body) if name.endswith(".gz") else body for name, body in files.items()}
    text = "\n".join(body.decode("latin-1") for body in every.values()) + here.bundle.decode("latin-1")
    secrets = tokens(here.world)
    assert secrets
    for secret in secrets:
        assert found_in(text, secret) == []
        for name, dress in dresses(secret).items():
            assert name in found_in(text[:5000] + dress + text[5000:], secret), name


def test_a_region_that_does_not_answer_is_named_and_holds_up_nothing() -> None:
    here = told()
    logs = {**here.record.logs, "us-west-2": here.record.logs["us-east-2"]}
    here.world.stage.faults.apis_dark.add("us-east-2")
    try:
        found = exported(replace(here.record, logs=logs), here.period, Forger())
    finally:
        here.world.stage.faults.apis_dark.discard("us-east-2")
    manifest = checked(found).manifest
    assert manifest is not None
    assert manifest.assessments == {}
    assert [each.partition(":")[0] for each in manifest.unread] == [
        "assessments of us-east-2", "assessments of us-west-2"]  # fmt: skip
    assert checked(found).wrong is None


def test_a_policy_whose_text_is_not_at_hand_is_named() -> None:
    here = told()
    found = checked(exported(replace(here.record, policies={}), here.period, Forger()))
    assert found.wrong is None
    assert found.manifest is not None
    assert [policy.file for policy in found.manifest.policies] == [None]


def test_an_incidents_bundle_spans_it_and_speaks_of_no_other() -> None:
    here = told()
    events = here.record.events
    about = next(event for event in events if event.kind is Kind.INCIDENT_OPENED).draft.incident
    now = here.world.stage.kernel.now()
    period = period_of(events, str(about), now)
    assert period is not None
    assert period.begin <= events[1].at - 900
    assert period.end == min(now, events[-1].at + 150)
    files = opened(exported(here.record, period, Forger()))
    assert [each["id"] for each in json.loads(files["incidents.json"])] == [about]
    assert period_of(events, "storefront-mars-1", now) is None


def test_a_period_that_ended_earlier_holds_the_journal_up_to_its_end() -> None:
    here = told()
    third = here.record.events[2]
    found = checked(exported(here.record, Period(here.period.begin, third.at), Forger()))
    assert found.wrong is None
    assert found.manifest is not None
    assert (found.manifest.journal.last, found.manifest.journal.hash) == (3, third.hash)


def test_more_than_a_bundle_may_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    here = told()
    monkeypatch.setattr("controller.audit.bundle.write.MOST_LINES", 5)
    with pytest.raises(TooLarge):
        exported(here.record, here.period, Forger())


def test_an_empty_journal_makes_a_bundle_too() -> None:
    w = world()
    record = record_of(w, events=(), fleet=())
    now = w.stage.kernel.now()
    found = checked(exported(record, Period(now - 60, now), Forger()))
    assert found.wrong is None


class Silent(Forger):
    def sign(self, message: bytes) -> bytes:
        raise OutsideUnreachable("the key does not answer")


def test_a_key_that_does_not_answer_leaves_no_file_behind(tmp_path: Path) -> None:
    here = told()
    with pytest.raises(OutsideUnreachable):
        export(here.record, here.period, Silent(), tmp_path / "record.tar")
    assert list(tmp_path.iterdir()) == []
    export(here.record, here.period, Forger(), tmp_path / "record.tar")
    assert [file.name for file in tmp_path.iterdir()] == ["record.tar"]
    assert (tmp_path / "record.tar").stat().st_mode & 0o777 == 0o600


def test_a_period_begins_with_the_record_that_follows_one_from_before_it() -> None:
    here = told()
    links = list(here.record.logs["us-east-2"].links("storefront", here.period.begin, here.period.end))
    found = checked(exported(here.record, Period(links[3].at, here.period.end), Forger()))
    assert found.wrong is None
    assert found.manifest is not None
    log = found.manifest.assessments["us-east-2"]
    assert (log.records, log.before, log.unlinked) == (len(links) - 3, (), ())
    assert (log.first, log.last, log.hash) == (4, len(links), links[-1].hash)
