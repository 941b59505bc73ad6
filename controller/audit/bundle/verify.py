"""The check that a bundle is whole.

It reads the bundle once, from beginning to end, and stops at the first place that is wrong.
Nothing is unpacked to anywhere. Memory holds the manifest, one line, a hash for each event and each
assessment, and what the extracts hold; no compressed file may unpack to more than it says, nor all of them to
more than `MOST_UNPACKED`.

```
 key, seal, signature ─> manifest ─> each file: size, hash, lines ─> nothing missing ─> extracts, derived anew
```
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

from pydantic import ValidationError

from controller.audit.bundle.archive import Frame, Torn
from controller.audit.bundle.chains import Check, Unsealed, Wrong, check_member
from controller.audit.bundle.contents import Contents
from controller.audit.bundle.earlier_bundle import Earlier
from controller.audit.bundle.manifest import (
    FIRST,
    FIRST_SCHEMA,
    FLEET,
    JOURNAL,
    KEY,
    MANIFEST,
    MOST_LINES,
    MOST_UNPACKED,
    SEAL,
    SIGNATURE,
    AnyManifest,
    FirstManifest,
    Manifest,
    Seal,
)
from controller.audit.bundle.signature import (
    NoKey,
    PublicKey,
    fingerprint,
    holds,
    low,
    public_key,
    spelled,
)

Verdict = Literal["whole", "not whole", "broken evidence", "unproven"]


class NotABundle(ValueError):  # noqa: N818
    """The file does not begin as a bundle does; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of the check.

    wrong: None where the bundle is as it was exported. broken: why its record was broken by then; None for a
    whole one. key: the fingerprint of the key that signed. own_key: it was checked with the key that the
    bundle itself brings, for which nobody vouches. notes: facts that are no fault, a sentence each.
    as_earlier: what a later bundle must go on from, where that was to be kept.
    """

    seal: Seal
    manifest: AnyManifest | None
    key: str | None
    own_key: bool
    wrong: Wrong | None
    broken: Wrong | None = None
    notes: tuple[str, ...] = ()
    as_earlier: Earlier | None = None

    @property
    def verdict(self) -> Verdict:
        """Return the one word: only `whole` is a yes."""
        if self.wrong is not None:
            return "not whole"
        if self.broken is not None:
            return "broken evidence"
        return "unproven" if self.own_key else "whole"


def verify(
    file: BinaryIO,
    key: bytes | None = None,
    earlier: Earlier | None = None,
    *,
    vouched: str | None = None,
    keep: bool = False,
) -> Verified:
    """Check a whole bundle.

    Raises `NotABundle`, and `NoKey` for a `key` that is none.
    key: the public key that must have signed it, PEM. vouched: that key's fingerprint, in hex; of both each
    must be right. earlier: a whole bundle, checked with `keep`: this one must go on from its journals, and
    hold its records, as far as they are of this one's period.
    """
    frame = Frame(file)
    trusted = fingerprint(public_key(key)) if key is not None else vouched
    if None not in (trusted, vouched) and trusted != vouched:
        raise NoKey(f"its fingerprint is {trusted}, and not the one that was given")
    try:
        first = {name: frame.small(name, most) for name, most in FIRST.items()}
        seal = Seal.model_validate_json(first[SEAL])
    except Torn as torn:
        raise NotABundle(f"this is no bundle, or its beginning is damaged: {torn}") from torn
    except ValidationError as error:
        raise NotABundle(f"this is no bundle of a version that is known: {_first(error)}") from error
    signer, wrong = _signed(first, seal, trusted)
    manifest: AnyManifest | None = None
    if wrong is None:
        manifest, wrong = _manifest(seal, first[MANIFEST])
    contents: Contents | None = None
    if manifest is not None and wrong is None:
        try:
            contents = Contents(manifest, earlier, keep=keep)
        except ValueError as error:
            wrong = Wrong(MANIFEST, "", f"its times are none: {error}")
    if contents is not None and wrong is None:
        wrong = next(_files(frame, contents), None)
    known = trusted if signer is None else fingerprint(signer)
    return Verified(
        seal,
        manifest,
        known,
        trusted is None,
        wrong,
        contents.broken if contents and wrong is None else None,
        tuple(contents.notes()) if contents and wrong is None else (),
        Earlier(seal.application, contents.heads, contents.kept) if contents and keep else None,
    )


def _signed(
    first: Mapping[str, bytes], seal: Seal, trusted: str | None
) -> tuple[PublicKey | None, Wrong | None]:
    """Return the key that the bundle brings, and any error.

    The error is in the key, the seal or the signature.
    """
    try:
        brought = public_key(first[KEY])
    except NoKey as none:
        return None, Wrong(KEY, "", f"{none}: the bundle is not signed")
    if trusted is not None and fingerprint(brought) != trusted:
        return brought, Wrong(KEY, "", "it is another key than the one that must have signed")
    if spelled(brought) != first[KEY]:
        return brought, Wrong(KEY, "", "it is not spelled as it was written")
    if first[SEAL] != seal.text():
        return brought, Wrong(SEAL, "", "it is not spelled as it was written")
    if not holds(brought, seal.algorithm, first[SIGNATURE], first[SEAL]):
        return brought, Wrong(SIGNATURE, "", "the signature is not of this seal by this key")
    if seal.schema_ != FIRST_SCHEMA and low(brought, first[SIGNATURE]) != first[SIGNATURE]:
        return brought, Wrong(
            SIGNATURE, "", "it is not spelled as it was written: its S is not the lower one"
        )
    return brought, None


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, found['loc']))[:80]}: {found['msg'][:120]}"


def _manifest(seal: Seal, text: bytes) -> tuple[AnyManifest | None, Wrong | None]:
    found = hashlib.sha256(text).hexdigest()
    if found != seal.manifest:
        told = f"its sha-256 is {found[:12]}…; the seal says {seal.manifest[:12]}…"
        return None, Wrong(MANIFEST, "", told)
    kind = FirstManifest if seal.schema_ == FIRST_SCHEMA else Manifest
    try:
        manifest = kind.model_validate_json(text)
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


def _files(frame: Frame, contents: Contents) -> Iterator[Wrong]:
    """Yield the errors of the files, the first place first.

    Then comes what is missing, and what the extracts should be.
    """
    yield from contents.goes_on()
    for listed in contents.manifest.files:
        check: Check | None = None
        try:
            check = contents.check_of(listed.name)
        except Unsealed as error:
            yield Wrong(listed.name, "", error.sentence)
        yield from check_member(frame, listed, check)
    try:
        frame.end()
    except Torn as torn:
        yield Wrong("", "", str(torn))
    yield from contents.end()
    yield from contents.derived()
