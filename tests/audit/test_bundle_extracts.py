"""The extracts of a bundle are derived anew: whoever edits one and signs again is found, by its name."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.audit.bundle.manifest import (
    APPROVALS,
    FIRST,
    FIRST_SCHEMA,
    FORMS,
    GAPS,
    INCIDENTS,
    JOURNAL,
    MANIFEST,
    README,
    SEAL,
    SIGNATURE,
    FirstManifest,
    Seal,
)
from controller.audit.bundle.manifest import KEY as PEM
from controller.audit.bundle.verify import Verified
from controller.audit.bundle.write import Period, Record, export, whole_beginning
from controller.core.canonical_json import ascii_digest, canonical, digest
from controller.core.journal.event import Draft, hash_of, seal
from controller.core.journal.moves import Settled
from controller.core.journal.notes import Armed, PolicyLoaded
from controller.ports.errors import JournalUnreadable
from tests.support.audit_bundle import Forger, checked, exported, framed, listed, opened, resealed, told
from tests.support.journal_events import rewritten

SIGNER = Forger(5)
KEY = SIGNER.public_key().pem.encode()


def forged(changes: Mapping[str, bytes], **claims: Any) -> Verified:
    """A sound bundle in which these files were changed, listed and signed again by its exporter."""
    files = opened(told().bundle) | changes
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = [listed(e["name"], files[e["name"]]) for e in manifest["files"]]
    return checked(resealed(files, manifest | claims, SIGNER), KEY)


def wrong(found: Verified) -> tuple[str, str]:
    assert found.wrong is not None
    return found.wrong.file, found.wrong.sentence


def changed(name: str) -> bytes:
    """An extract in which one word is another."""
    content = opened(told().bundle)[name]
    swaps = {
        APPROVALS: (b'"ana"', b'"eve"'),
        GAPS: (b'"seconds": 0', b'"seconds": 1'),
        INCIDENTS: (b'"says": "', b'"says": "not '),
        README: (b"checks all of it", b"is not needed"),
    }
    after = content.replace(*swaps[name], 1)
    assert after != content
    return after


def test_signed_again_without_a_change_it_is_whole() -> None:
    assert forged({}).verdict == "whole"


@pytest.mark.parametrize("name", sorted(FORMS))
def test_an_extract_that_its_exporter_edited_is_found(name: str) -> None:
    """Found: approvals.json, incidents.json and gaps.json could say anything, and the bundle was whole."""
    assert wrong(forged({name: changed(name)})) == (
        name,
        "it is not what the journal and the assessments give",
    )


def test_of_several_the_first_is_named() -> None:
    assert wrong(forged({name: changed(name) for name in (INCIDENTS, GAPS)}))[0] == GAPS


def test_an_extract_with_the_same_content_in_other_bytes_is_another() -> None:
    bare = json.dumps(json.loads(opened(told().bundle)[GAPS])).encode()
    assert wrong(forged({GAPS: bare}))[0] == GAPS


@pytest.mark.parametrize(
    ("forms", "name", "sentence"),
    [
        (
            FORMS | {INCIDENTS: 2},
            INCIDENTS,
            "not checked: it is of form 2, which this version does not derive",
        ),
        (FORMS | {"zeal.json": 1}, "zeal.json", "not checked: it is of form 1"),
        ({k: v for k, v in FORMS.items() if k != GAPS}, GAPS, "not checked: it is of no form"),
    ],
)
def test_a_form_that_this_version_does_not_know_is_not_checked_and_that_is_not_whole(
    forms: Any, name: str, sentence: str
) -> None:
    """A later version may derive other bytes, and rightly so: nobody can tell."""
    file, said = wrong(forged({}, forms=forms))
    assert file == name
    assert said.startswith(sentence)


def test_a_journal_of_a_later_version_leaves_the_extracts_unchecked() -> None:
    here = told()
    last = here.record.events[-1]
    line = json.loads(seal("storefront", Draft("z", Armed(), last.at, "eve"), last).text)
    line["kind"] = "Teleported"
    files = opened(here.bundle)
    journal = files[JOURNAL] + canonical(line).encode() + b"\n"
    chain = {"application": "storefront", "last": last.seq + 1, "hash": digest(line)}
    file, said = wrong(forged({JOURNAL: journal}, journal=chain))
    assert file == APPROVALS
    assert "not checked, nor is any other extract" in said
    assert "Teleported" in said


def test_a_journal_of_which_memory_would_be_full_leaves_them_unchecked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = len(opened(told().bundle)[JOURNAL].replace(b"\n", b""))
    monkeypatch.setattr("controller.audit.bundle.contents.MOST_READ", size)
    assert forged({}).verdict == "whole"
    monkeypatch.setattr("controller.audit.bundle.contents.MOST_READ", size - 1)
    assert "more than" in wrong(forged({}))[1]


@pytest.mark.parametrize("data", [{"digest": 1}, {}, {"digest": "x", "deployed": "soon"}])
def test_events_that_nobody_wrote_end_the_check_in_a_sentence(data: Any) -> None:
    here = told()
    last = here.record.events[-1]
    loaded = PolicyLoaded(digest="x", deployed=1.0)
    event = seal("storefront", Draft("z", loaded, last.at, "tidegate@x"), last)
    line = rewritten(event, data=data)
    journal = opened(here.bundle)[JOURNAL] + (line + "\n").encode()
    chain = {"application": "storefront", "last": event.seq, "hash": hash_of(line)}
    found = forged({JOURNAL: journal}, journal=chain)
    assert found.wrong is not None
    assert found.verdict == "not whole"


def test_what_the_manifest_says_of_policies_is_derived_too() -> None:
    here = told()
    assert wrong(forged({}, policies=[])) == (MANIFEST, "its policies are not those that the journal names")
    bare = json.loads(opened(exported(replace(here.record, policies={}), here.period, SIGNER))[MANIFEST])
    found = forged({}, policies=bare["policies"])  # it says that the text is not at hand, and brings one
    assert wrong(found) == (MANIFEST, "its policies are not those that are in it")


def test_a_region_that_wrote_events_and_of_which_nothing_is_said_is_missed() -> None:
    """An exporter who leaves out a Region's assessments must say so."""
    here = told()
    files = {k: v for k, v in opened(here.bundle).items() if not k.startswith("assessments/")}
    bare = opened(exported(replace(here.record, logs={}), here.period, SIGNER))
    manifest = json.loads(bare[MANIFEST])
    assert manifest["unread"] == ["assessments of us-east-2: they are not at hand"]
    assert checked(resealed(bare, manifest, SIGNER), KEY).verdict == "whole"
    found = checked(resealed(files | bare, manifest | {"unread": []}, SIGNER), KEY)
    assert wrong(found) == (MANIFEST, "nothing is said of assessments of us-east-2")


def without(region: str) -> dict[str, bytes]:
    return {name: content for name, content in opened(told().bundle).items() if region not in name}


def claimed(files: Mapping[str, bytes], **claims: Any) -> tuple[str, str]:
    """What is wrong with a bundle that says so of itself, signed by its exporter."""
    manifest = json.loads(opened(told().bundle)[MANIFEST]) | claims
    manifest["files"] = [listed(e["name"], files[e["name"]]) for e in manifest["files"] if e["name"] in files]
    return wrong(checked(resealed(files, manifest, SIGNER), KEY))


def test_what_a_manifest_claims_is_held_against_the_journal() -> None:
    """Found: an incident of no such name gave an empty `incidents.json`, and a period could run backwards."""
    files = opened(told().bundle)
    says = (MANIFEST, "the journal knows no incident nothing-of-that-name")
    assert wrong(forged({INCIDENTS: b"[]\n"}, incident="nothing-of-that-name")) in (
        says, (INCIDENTS, "it is not what the journal and the assessments give")
    )  # fmt: skip
    file, sentence = claimed(files, to="2000-01-01T00:00:00Z")
    assert file == MANIFEST
    assert "before it begins" in sentence or "another period" in sentence


def test_who_leaves_out_what_came_last_must_say_so() -> None:
    """Found: all assessments gone, `following` null, and gaps.json blamed the controllers."""
    logs = json.loads(opened(told().bundle)[MANIFEST])["assessments"]
    open_ended = {region: log | {"following": None, "followed": 0.0} for region, log in logs.items()}
    file, sentence = wrong(forged({}, assessments=open_ended))
    assert file == MANIFEST
    assert sentence.startswith("nothing is said of the head of the assessments of us-east-2: whether")


def test_a_region_that_has_a_controller_and_wrote_no_event_is_missed_too() -> None:
    here = told()
    first = here.record.events[0]
    assert isinstance(first.body, PolicyLoaded)
    assert first.body.controllers == ("us-east-2",)
    more = replace(first.draft, body=replace(first.body, controllers=("us-east-2", "us-west-2")))
    events = [seal("storefront", more, None)]
    for event in here.record.events[1:]:
        events.append(seal("storefront", event.draft, events[-1]))
    bundle = exported(replace(here.record, events=events, logs={}), here.period, SIGNER)
    files, manifest = opened(bundle), json.loads(opened(bundle)[MANIFEST])
    assert "assessments of us-west-2: they are not at hand" in manifest["unread"]
    silent = manifest | {"unread": [each for each in manifest["unread"] if "us-west-2" not in each]}
    assert wrong(checked(resealed(files, silent, SIGNER), KEY)) == (
        MANIFEST,
        "nothing is said of assessments of us-west-2",
    )


def in_first_form(files: dict[str, bytes]) -> bytes:
    """The same, spelled as the versions before the chain of assessments spelled bundles."""
    said = json.loads(files[MANIFEST])
    kept = ("records", "before", "unlinked")
    logs = {r: {key: log[key] for key in kept} for r, log in said["assessments"].items()}
    said = {key: value for key, value in said.items() if key not in ("forms", "broken")}
    said |= {"schema": FIRST_SCHEMA, "assessments": logs}
    text = FirstManifest.model_validate(said).text()
    key = SIGNER.public_key()
    seal_ = Seal.model_validate(
        {"schema": FIRST_SCHEMA, "application": said["application"], "from": said["from"], "to": said["to"],
         "key": key.name, "manifest": hashlib.sha256(text).hexdigest(), "algorithm": key.algorithm}
    )  # fmt: skip
    first = {SEAL: seal_.text(), SIGNATURE: SIGNER.sign(seal_.text()), PEM: KEY, MANIFEST: text}
    return framed(first | {name: files[name] for name in sorted(set(files) - set(FIRST))})


def test_what_is_spelled_as_an_older_bundle_holds_nothing_that_older_versions_did_not_write() -> None:
    """Found: an exporter's edits passed as whole, since extracts of older bundles are not derived."""
    file, sentence = wrong(checked(in_first_form(opened(told().bundle)), KEY))
    assert (file, sentence.partition(",")[0]) in (
        ("assessments/us-east-2/2030-01-01.jsonl.gz", "it has a number"), (JOURNAL, "it is of format 2")
    )  # fmt: skip


def test_a_journal_that_ends_before_what_an_assessment_of_it_saw_is_not_whole() -> None:
    """S22. Found: a journal that was cut passed, since only what is there was compared."""
    here = told()
    cut, number = here.record.events[:-2], len(here.record.events)
    with pytest.raises(JournalUnreadable, match=f"an assessment of us-east-2 saw event {number}"):
        exported(replace(here.record, events=cut), here.period, SIGNER)
    chain = {"application": "storefront", "last": cut[-1].seq, "hash": cut[-1].hash}
    lines = "".join(event.text + "\n" for event in cut).encode()
    found = forged({JOURNAL: lines}, journal=chain)
    assert found.wrong is not None
    assert (found.wrong.file, found.wrong.where) == (JOURNAL, f"event {number}")
    assert "an assessment of us-east-2 saw it" in found.wrong.sentence


def test_an_export_refuses_events_that_no_version_wrote(tmp_path: Any) -> None:
    here = told()
    last = here.record.events[-1]
    odd = seal("storefront", Draft("z", Settled(), last.at, "eve", incident="none"), last)
    record = replace(here.record, events=(*here.record.events, odd))
    with pytest.raises(JournalUnreadable, match="cannot be what tidegate wrote"):
        export(record, Period(here.period.begin, here.period.end + 60), SIGNER, tmp_path / "x.tar")
    assert list(tmp_path.iterdir()) == []


def broken_record(change: Any) -> Record:
    """The record of a journal of which somebody changed what is stored."""
    here = told()
    lines = change([event.text for event in here.record.events])
    events = whole_beginning("storefront", lines)
    return replace(here.record, events=events, lines={JOURNAL: tuple(lines)}, broken="somebody was here")


BREAKS = {
    "edited": (lambda ls: [*ls[:4], ls[4].replace("}", " }", 1), *ls[5:]], "event 5"),
    "dropped": (lambda ls: ls[:4] + ls[5:], "event 5"),
    "no json": (lambda ls: [*ls[:4], "", "{\n", *ls[5:]], "event 5"),
    "all of it": (lambda _ls: ["nothing"], "event 1"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_journal_can_be_exported_as_evidence_and_is_never_whole(how: str) -> None:
    change, where = BREAKS[how]
    bundle = exported(broken_record(change), told().period, SIGNER)
    found = checked(bundle, KEY)
    assert found.wrong is None
    assert found.verdict == "broken evidence"
    assert found.broken is not None
    assert (found.broken.file, found.broken.where) == (JOURNAL, where)
    assert checked(bundle).verdict == "broken evidence"
    files = opened(bundle)
    files[GAPS] = b"{}\n"
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = [listed(e["name"], files[e["name"]]) for e in manifest["files"]]
    assert checked(resealed(files, manifest, SIGNER), KEY).verdict == "not whole"
    changed_after = bytearray(bundle)
    changed_after[-2000] ^= 1
    assert checked(bytes(changed_after), KEY).verdict == "not whole"


def test_evidence_whose_chain_holds_says_why_its_exporter_took_it_for_broken() -> None:
    """The journal is of a later version, or shorter than a controller saw it."""
    found = checked(exported(broken_record(lambda lines: lines), told().period, SIGNER), KEY)
    assert (found.verdict, found.wrong) == ("broken evidence", None)
    assert found.broken is not None
    assert found.broken.sentence == "somebody was here"


def test_a_bundle_that_is_marked_as_broken_has_its_own_hashes_and_signature() -> None:
    """Nobody makes a whole bundle of it by taking the mark away."""
    bundle = exported(broken_record(BREAKS["edited"][0]), told().period, SIGNER)
    files = opened(bundle)
    manifest = json.loads(files[MANIFEST]) | {"broken": None}
    found = checked(resealed(files, manifest, SIGNER), KEY)
    assert found.wrong is not None
    assert (found.wrong.file, found.wrong.where) == (JOURNAL, "event 5")


def test_the_assessments_files_are_read_by_any_tool() -> None:
    content = opened(told().bundle)["assessments/us-east-2/2030-01-01.jsonl.gz"]
    lines = [json.loads(line) for line in gzip.decompress(content).splitlines()]
    assert [line["count"] for line in lines] == list(range(1, len(lines) + 1))
    for line in lines:
        assert line["hash"] == ascii_digest({key: value for key, value in line.items() if key != "hash"})
