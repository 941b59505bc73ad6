"""The check that a bundle is whole.

It reads the bundle once, from beginning to end, and stops at the first place that is wrong.
Nothing is unpacked to anywhere. Memory holds the manifest, one line, and a hash for each event and each
assessment; no compressed file may unpack to more than it says, nor all of them to more than `MOST_UNPACKED`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from pydantic import ValidationError

from controller.audit.bundle.archive import Frame, Torn
from controller.audit.bundle.chains import Events, Records, Unsealed, Wrong, check_member
from controller.audit.bundle.manifest import (
    FIRST,
    FLEET,
    JOURNAL,
    KEY,
    MANIFEST,
    MOST_LINES,
    MOST_UNPACKED,
    SEAL,
    SIGNATURE,
    Manifest,
    Seal,
)
from controller.audit.bundle.signature import NoKey, PublicKey, fingerprint, holds, public_key, spelled

LOGS = "assessments"
EARLIER = "the earlier bundle"
Seen = dict[int, set[tuple[str, str]]]


class NotABundle(ValueError):  # noqa: N818
    """The file does not begin as a bundle does; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of the check.

    wrong: None where everything is whole. key: the fingerprint of the key that signed.
    own_key: it was checked with the key that the bundle itself brings, which proves nothing of who signed.
    """

    seal: Seal
    manifest: Manifest | None
    key: str | None
    own_key: bool
    wrong: Wrong | None


def verify(file: BinaryIO, key: bytes | None = None, earlier: Manifest | None = None) -> Verified:
    """Check a whole bundle.

    Raises `NotABundle`, and `NoKey` for a `key` that is none.
    key: the public key that must have signed it, PEM.
    earlier: the manifest of a whole bundle, after which the journals of this one must continue.
    """
    frame = Frame(file)
    trusted = None if key is None else public_key(key)
    try:
        first = {name: frame.small(name, most) for name, most in FIRST.items()}
        seal = Seal.model_validate_json(first[SEAL])
    except Torn as torn:
        raise NotABundle(f"this is no bundle, or its beginning is damaged: {torn}") from torn
    except ValidationError as error:
        raise NotABundle(f"this is no bundle of a version that is known: {_first(error)}") from error
    signer, wrong = _signed(first, seal, trusted)
    manifest: Manifest | None = None
    if wrong is None:
        manifest, wrong = _manifest(seal, first[MANIFEST])
    if manifest is not None and wrong is None:
        wrong = next(_files(frame, manifest, earlier), None)
    return Verified(seal, manifest, None if signer is None else fingerprint(signer), trusted is None, wrong)


def _signed(
    first: Mapping[str, bytes], seal: Seal, trusted: PublicKey | None
) -> tuple[PublicKey | None, Wrong | None]:
    """Return the key that the check used, and any error.

    The error is in the key, the seal or the signature.
    """
    try:
        brought = public_key(first[KEY])
    except NoKey as none:
        return trusted, Wrong(KEY, "", f"{none}: the bundle is not signed")
    signer = trusted or brought
    if fingerprint(brought) != fingerprint(signer):
        return signer, Wrong(KEY, "", "it is another key than the one that must have signed")
    if spelled(brought) != first[KEY]:
        return signer, Wrong(KEY, "", "it is not spelled as it was written")
    if first[SEAL] != seal.text():
        return signer, Wrong(SEAL, "", "it is not spelled as it was written")
    if not holds(signer, seal.algorithm, first[SIGNATURE], first[SEAL]):
        return signer, Wrong(SIGNATURE, "", "the signature is not of this seal by this key")
    return signer, None


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, found['loc']))[:80]}: {found['msg'][:120]}"


def _manifest(seal: Seal, text: bytes) -> tuple[Manifest | None, Wrong | None]:
    found = hashlib.sha256(text).hexdigest()
    if found != seal.manifest:
        told = f"its sha-256 is {found[:12]}…; the seal says {seal.manifest[:12]}…"
        return None, Wrong(MANIFEST, "", told)
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        return None, Wrong(MANIFEST, "", f"it says what no bundle says: {_first(error)}")
    same = (seal.application, seal.begin, seal.to) == (manifest.application, manifest.begin, manifest.to)
    if not same or manifest.text() != text:
        return manifest, Wrong(MANIFEST, "", "it is not spelled as it was written, or of another period")
    if sum(f.unpacked or 0 for f in manifest.files) > MOST_UNPACKED or (
        sum(f.lines or 0 for f in manifest.files) > MOST_LINES
    ):
        told = f"more than {MOST_UNPACKED} bytes or {MOST_LINES} lines: not read"
        return manifest, Wrong(MANIFEST, "", told)
    names = [each.name for each in manifest.files]
    if names != sorted(set(names)) or set(names) & set(FIRST) or not {JOURNAL, FLEET} <= set(names):
        return manifest, Wrong(MANIFEST, "", "its list of files is not in order, or lacks the journal")
    return manifest, None


def _files(frame: Frame, manifest: Manifest, earlier: Manifest | None) -> Iterator[Wrong]:
    """Yield the errors of the files, the first place first."""
    heads: Seen = {}
    fleet_heads: Seen = {}
    if earlier is not None:
        yield from _goes_on(manifest, earlier)
        heads = {earlier.journal.last: {(earlier.journal.hash, EARLIER)}}
        fleet_heads = {earlier.fleet.last: {(earlier.fleet.hash, EARLIER)}}
    logs = {r: Records(manifest.application, r, log, heads) for r, log in manifest.assessments.items()}
    journals = {JOURNAL: Events(manifest.journal, heads), FLEET: Events(manifest.fleet, fleet_heads)}
    last: dict[str, str] = {}
    for listed in manifest.files:
        parts = listed.name.split("/")
        check: Callable[[bytes], None] | None = journals.get(listed.name)
        if parts[0] == LOGS and parts[1:2]:
            check = logs.get(parts[1])
            last[parts[1]] = listed.name
            if check is None:
                yield Wrong(listed.name, "", "the manifest knows of no assessments of this Region")
        yield from check_member(frame, listed, check)
    for region, log in logs.items():
        try:
            log.end()
        except Unsealed as error:
            yield Wrong(last.get(region, MANIFEST), error.where, error.sentence)
    try:
        frame.end()
    except Torn as torn:
        yield Wrong("", "", str(torn))


def _goes_on(manifest: Manifest, earlier: Manifest) -> Iterator[Wrong]:
    if manifest.application != earlier.application:
        yield Wrong(MANIFEST, "", "it is of another application than the earlier bundle")
    for file, now, then in (
        (JOURNAL, manifest.journal, earlier.journal),
        (FLEET, manifest.fleet, earlier.fleet),
    ):
        if now.last < then.last:
            told = f"it ends with event {now.last}; the earlier bundle had {then.last}"
            yield Wrong(file, f"event {now.last + 1}", told)
