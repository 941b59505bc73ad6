"""Whatever is changed in a bundle is found, and the first place that is wrong is named."""

import gzip
import hashlib
import io
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from controller.audit.bundle.chains import Wrong
from controller.audit.bundle.earlier_bundle import Earlier
from controller.audit.bundle.manifest import FLEET, JOURNAL, KEY, MANIFEST, SEAL, SIGNATURE
from controller.audit.bundle.signature import ORDERS, holds, low, public_key
from controller.audit.bundle.verify import NotABundle, verify
from controller.audit.bundle.write import Period
from controller.core.canonical_json import ascii_json, canonical, digest
from controller.core.journal.event import GENESIS, Event, seal
from controller.core.journal.kind import Kind
from controller.ports.audit import Link
from controller.ports.errors import JournalUnreadable
from tests.support.audit_bundle import Forger, checked, exported, framed, listed, opened, resealed, told

LOG = "assessments/us-east-2/2030-01-01.jsonl.gz"
Lines = list[bytes]


def fault(bundle: bytes, key: bytes | None = None) -> Wrong | None:
    """What is wrong; that it is no bundle at all counts too."""
    try:
        return checked(bundle, key).wrong
    except NotABundle as error:
        return Wrong("", "", str(error))


def kept(bundle: bytes) -> Earlier:
    """What is known of an earlier bundle."""
    found = verify(io.BytesIO(bundle), keep=True).as_earlier
    assert found is not None
    return found


def ours() -> bytes:
    return told().signer.public_key().pem.encode()


def test_a_bundle_is_whole() -> None:
    assert fault(told().bundle, ours()) is None


def test_any_byte_that_is_changed_anywhere_is_found() -> None:
    """In each member's header, content and padding, and in the end."""
    bundle, rng, at = told().bundle, random.Random(3), 0
    places = set(range(len(bundle) - 1024, len(bundle), 97)) | {len(bundle) - 1}
    for content in opened(bundle).values():
        end = at + 512 + len(content)
        for start, size in ((at, 512), (at + 512, len(content)), (end, -len(content) % 512)):
            places |= {start, start + size - 1} if size else set()
            places |= {rng.randrange(start, start + size) for _ in range(12 if size else 0)}
        at += 512 + len(content) + -len(content) % 512
    assert at == len(bundle) - 1024
    for place in sorted(places):
        changed = bytearray(bundle)
        changed[place] ^= 1 << rng.randrange(8)
        assert fault(bytes(changed)) is not None, place


def test_a_file_that_is_cut_off_anywhere_or_goes_on_is_found() -> None:
    bundle = told().bundle
    for size in [*range(0, len(bundle), 701), len(bundle) - 1]:
        assert fault(bundle[:size]) is not None, size
    assert fault(bundle + b"\0") is not None
    assert fault(bundle + bundle) is not None


def dropped(lines: Lines) -> Lines:
    return lines[:4] + lines[5:]


def added(lines: Lines) -> Lines:
    return [*lines[:5], lines[5].replace(b'"seq":6', b'"seq":7'), *lines[5:]]


def swapped(lines: Lines) -> Lines:
    return [*lines[:4], lines[5], lines[4], *lines[6:]]


def doubled(lines: Lines) -> Lines:
    return [*lines[:5], lines[4], *lines[5:]]


def shortened(lines: Lines) -> Lines:
    return lines[:-1]


def edited(lines: Lines) -> Lines:
    return [line.replace(b'"by":"ana"', b'"by":"eve"') for line in lines]


def respelled(lines: Lines) -> Lines:
    return [*lines[:4], lines[4].replace(b'"at":', b'"at": '), *lines[5:]]


def named(lines: Lines, change: Callable[[Lines], Lines]) -> str:
    """The event at which the change must be seen."""
    first = next((n for n, (a, b) in enumerate(zip(lines, change(lines), strict=False), 1) if a != b), None)
    return f"event {first if first is not None else len(lines)}"


CHANGES = (dropped, added, swapped, doubled, shortened, edited, respelled)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_the_journal_is_named_by_its_event_whatever_else_was_put_right(
    change: Callable[[Lines], Lines],
) -> None:
    """By hand; with the manifest put right; and by somebody with a key of their own."""
    files = opened(told().bundle)
    lines = files[JOURNAL].splitlines()
    where = named(lines, change)
    files[JOURNAL] = b"".join(line + b"\n" for line in change(lines))
    found = fault(framed(files))
    assert found is not None
    assert (found.file, found.where) == (JOURNAL, where), found
    manifest = json.loads(files[MANIFEST])
    for n, each in enumerate(manifest["files"]):
        if each["name"] == JOURNAL:
            manifest["files"][n] = listed(JOURNAL, files[JOURNAL])
    text = (ascii_json(manifest) + "\n").encode()
    found = fault(framed(files | {MANIFEST: text}))
    assert found is not None
    assert found.file == MANIFEST
    forged = resealed(files, manifest, Forger())
    found = fault(forged)
    assert found is not None
    assert (found.file, found.where) == (JOURNAL, where), found
    found = fault(forged, ours())
    assert found is not None
    assert found.file == KEY


def rechained(events: Sequence[Event], by: str) -> tuple[Event, ...]:
    """Somebody rewrites who approved, and every hash after it."""
    fresh: list[Event] = []
    for event in events:
        draft = replace(event.draft, by=by) if event.kind is Kind.APPROVAL_GIVEN else event.draft
        fresh.append(seal(event.application, draft, fresh[-1] if fresh else None))
    return tuple(fresh)


def test_s18_a_journal_rewritten_with_all_its_hashes_is_given_away_by_what_assessments_saw() -> None:
    """The table itself was changed before the export, which signs it as broken evidence alone."""
    here = told()
    forged = replace(here.record, events=rechained(here.record.events, "eve"))
    first = next(event.seq for event in forged.events if event.kind is Kind.APPROVAL_GIVEN)
    with pytest.raises(JournalUnreadable, match="is another than an assessment of us-east-2 saw") as refused:
        exported(forged, here.period, here.signer)
    (seq,) = re.findall(r"event (\d+)", str(refused.value))
    assert int(seq) >= first
    found = checked(exported(replace(forged, as_it_stands=True), here.period, here.signer), ours())
    assert (found.verdict, found.wrong) == ("broken evidence", None)
    assert found.broken is not None
    assert (found.broken.file, found.broken.where) == (JOURNAL, f"event {seq}")
    assert "an assessment of us-east-2 saw" in found.broken.sentence


class Tampered:
    """A log of which somebody changed a record, or took one out."""

    def __init__(self, real: Any, change: Callable[[list[Link]], list[Link]]) -> None:
        self._real, self._change = real, change

    def links(self, application: str, start: float, end: float) -> Any:
        found = list(self._real.links(application, start, end))
        yield from self._change(found) if found else ()

    def following(self, application: str, at: float) -> Any:
        return self._real.following(application, at)

    def end(self, application: str) -> Any:
        return self._real.end(application)


def other(links: list[Link]) -> list[Link]:
    return [*links[:2], replace(links[2], record={**links[2].record, "decisions": []}), *links[3:]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (other, "record 3: it says that its hash is"),
        (
            lambda links: links[:2] + links[3:],
            "record 3: assessment 3 of us-east-2 is missing, between 2030-",
        ),
    ],
    ids=["edited", "taken out"],
)
def test_an_assessment_that_was_changed_in_its_table_is_told(change: Any, sentence: str) -> None:
    here = told()
    logs = {region: Tampered(log, change) for region, log in here.record.logs.items()}
    found = checked(exported(replace(here.record, logs=logs), here.period, Forger())).wrong
    assert found is not None
    assert found.file == LOG
    assert sentence in f"{found.where}: {found.sentence}"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda lines: lines[:2] + lines[3:], "record 3"),
        (lambda lines: lines[:-1], ""),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "record 2"),
    ],
    ids=["dropped", "cut off", "swapped"],
)
def test_a_change_of_the_assessments_in_a_bundle_is_found_by_hand_and_by_a_forger(
    change: Any, where: str
) -> None:
    files = opened(told().bundle)
    lines = gzip.decompress(files[LOG]).splitlines(keepends=True)
    files[LOG] = gzip.compress(b"".join(change(lines)), mtime=0)
    found = fault(framed(files))
    assert found is not None
    assert (found.file, found.where) == (LOG, where), found
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = [listed(e["name"], files[e["name"]]) for e in manifest["files"]]
    found = fault(resealed(files, manifest, Forger()))
    assert found is not None
    assert (found.file, found.where[:6]) == (LOG, "record")


def test_a_file_that_is_missing_renamed_or_one_too_many_is_found() -> None:
    files = opened(told().bundle)
    without = {name: body for name, body in files.items() if name != "gaps.json"}
    more = {**files, "zeal.json": b"{}"}
    policy = next(name for name in files if name.startswith("policies/"))
    for changed, file in ((without, "gaps.json"), (more, ""), (dict(reversed(files.items())), None)):
        found = fault(framed(changed))
        assert found is not None
        assert file is None or found.file == file
    manifest = json.loads(files[MANIFEST])
    other = f"policies/{'0' * 64}.json"
    files[other] = files.pop(policy)
    manifest["files"] = [listed(name, files[name]) for name in sorted(set(files)) if "/" in name or name in
                         {each["name"] for each in manifest["files"]}]  # fmt: skip
    found = fault(resealed(files, manifest, Forger()))
    assert found is not None
    assert "it is named after another policy" in found.sentence


def test_a_bundle_without_a_signature_is_not_whole() -> None:
    here = told()
    found = fault(exported(here.record, here.period, None))
    assert found is not None
    assert (found.file, "not signed" in found.sentence) == (KEY, True)


def test_a_signature_of_another_key_of_another_seal_or_by_another_algorithm_does_not_hold() -> None:
    here, files = told(), opened(told().bundle)
    forger = Forger()
    for changed in (
        {SIGNATURE: forger.sign(files[SEAL])},
        {SIGNATURE: here.signer.sign(b"something else")},
        {SEAL: files[SEAL].replace(b"ECDSA_SHA_256", b"RSASSA_PKCS1_V1_5_SHA_256")},
        {KEY: forger.public_key().pem.encode()},
        {KEY: b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"},
    ):
        assert fault(framed(files | changed)) is not None
        assert fault(framed(files | changed), ours()) is not None


def test_a_signature_has_the_lower_s_whichever_the_key_gave_and_the_other_is_refused() -> None:
    """Anybody can work out the other: the bundle would have two spellings."""
    key = public_key(ours())

    class Other:
        """Gives the other of the two."""

        public_key = staticmethod(told().signer.public_key)

        def sign(self, message: bytes) -> bytes:
            return other_half(told().signer.sign(message))

    here = told()
    assert exported(here.record, here.period, Other()) == here.bundle
    files = opened(here.bundle)
    assert low(key, files[SIGNATURE]) == files[SIGNATURE]
    files[SIGNATURE] = other_half(files[SIGNATURE])
    assert holds(key, "ECDSA_SHA_256", files[SIGNATURE], files[SEAL])
    found = fault(framed(files), ours())
    assert found == Wrong(SIGNATURE, "", "it is not spelled as it was written: its S is not the lower one")


def other_half(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, ORDERS["secp256r1"] - s)


def test_hashes_are_taken_of_what_the_journal_itself_takes_them() -> None:
    event, line = told().record.events[0], opened(told().bundle)[JOURNAL].splitlines()[0]
    assert hashlib.sha256(line).hexdigest() == event.hash == digest(json.loads(line))
    assert json.loads(line)["prev"] == GENESIS


def rehashed(lines: Lines, change: Callable[[int, dict[str, Any]], None]) -> Lines:
    """The lines with a change of each, and every hash after it made anew."""
    fresh: Lines = []
    prev = GENESIS
    for number, line in enumerate(lines, start=1):
        said = json.loads(line)
        sealed = said.pop("hash", None)
        said["prev"] = prev
        change(number, said)
        prev = digest(said)
        fresh.append(canonical(said if sealed is None else said | {"hash": prev}).encode())
    return fresh


@pytest.mark.parametrize(
    ("name", "change", "where"),
    [
        (JOURNAL, lambda n, e: e.update(seq=n + (n > 4)), "event 5"),
        (JOURNAL, lambda n, e: e.update(application="checkout" if n == 3 else "storefront"), "event 3"),
        (JOURNAL, lambda n, e: e.update(prev="0" * 64 if n == 4 else e["prev"]), "event 4"),
        (JOURNAL, lambda n, e: e.update(more=1) if n == 2 else None, "event 2"),
        (LOG, lambda n, r: r.update(application="checkout" if n == 3 else "storefront"), "record 3"),
        (LOG, lambda n, r: r.update(at=1.0 if n == 2 else r["at"]), "record 2"),
        (LOG, lambda n, r: r.update(at="soon" if n == 2 else r["at"]), "record 2"),
        (LOG, lambda n, r: r.update(at=1e12 if n == 2 else r["at"]), "record 2"),
        (LOG, lambda n, r: r.update(prev="1" * 64 if n == 4 else r["prev"]), "record 4"),
        (LOG, lambda n, r: r.update(count=n + (n > 3)), "record 4"),
        (LOG, lambda n, r: r.update(count=2 if n == 3 else n), "record 3"),
        (LOG, lambda n, r: r.update(count=True if n == 1 else n), "record 1"),
        (LOG, lambda n, r: r.update(count="3" if n == 3 else n), "record 3"),
        (LOG, lambda n, r: r.update(after=1.0 if n == 3 else r["after"]), "record 3"),
        (LOG, lambda n, r: r.update(after=None if n == 3 else r["after"]), "record 3"),
        (LOG, lambda n, r: r.update(clock=r["at"] if n == 2 else 1.0), "record 2"),
    ],
)
def test_hashes_made_anew_do_not_hide_what_no_record_has(name: str, change: Any, where: str) -> None:
    """By somebody who signs with a key of their own, and puts the manifest right too."""
    files = opened(told().bundle)
    packed = name == LOG
    lines = rehashed((gzip.decompress(files[name]) if packed else files[name]).splitlines(), change)
    body = b"".join(line + b"\n" for line in lines)
    files[name] = gzip.compress(body, mtime=0) if packed else body
    manifest = json.loads(files[MANIFEST])
    if not packed:
        manifest["journal"]["hash"] = hashlib.sha256(lines[-1]).hexdigest()
    manifest["files"] = [listed(each["name"], files[each["name"]]) for each in manifest["files"]]
    found = fault(resealed(files, manifest, Forger()))
    assert found is not None
    assert (found.file, found.where) == (name, where), found


def test_a_later_bundle_must_go_on_from_an_earlier_one() -> None:
    """Even where somebody rewrote the journal, and every assessment with it."""
    here, key = told(), told().signer.public_key().pem.encode()
    early = kept(exported(here.record, Period(here.period.begin, here.record.events[6].at), here.signer))
    assert verify(io.BytesIO(here.bundle), key, early).wrong is None
    early, last = replace(early, held={}), early.heads[JOURNAL].seq
    bare = replace(here.record, logs={})
    for events in (rechained(here.record.events, "eve"), here.record.events[:4]):
        forged = exported(replace(bare, events=events), here.period, here.signer)
        assert fault(forged, key) is None
        found = verify(io.BytesIO(forged), key, early).wrong
        assert found is not None
        assert (found.file, found.where) == (JOURNAL, f"event {last}")
        assert "earlier bundle" in found.sentence
    gone = exported(replace(bare, fleet=()), here.period, here.signer)
    full = kept(here.bundle)
    found = verify(io.BytesIO(gone), key, replace(full, held={})).wrong
    assert found is not None
    assert (found.file, found.where) == (FLEET, f"event {full.heads[FLEET].seq}")
    other = replace(early, application="checkout")
    found = verify(io.BytesIO(here.bundle), key, other).wrong
    assert found is not None
    assert found.file == MANIFEST
