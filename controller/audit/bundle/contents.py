"""The contents of a bundle while it is checked.

They say who takes which file's lines, and what must come of all of them.
"""

import hashlib
from collections.abc import Iterator, Mapping

from controller.audit.bundle.chains import EARLIER, Check, Events, Unsealed, Wrong, by_hash
from controller.audit.bundle.earlier_bundle import Earlier, Held
from controller.audit.bundle.extracts import NONSENSE, Extracts
from controller.audit.bundle.manifest import (
    FLEET,
    FORMS,
    JOURNAL,
    MANIFEST,
    AnyManifest,
    FirstManifest,
    Manifest,
    head_of,
    in_force,
    moment,
    unheard,
)
from controller.audit.bundle.records import Records
from controller.audit.bundle.witnesses import Witnesses
from controller.core.journal.event import event_of
from controller.core.journal.head import Head
from controller.core.journal.restoration import story

MOST_READ = 256 << 20
"""Bytes of a journal of which extracts are derived: memory holds them, and a bundle may be a stranger's."""
LOGS = "assessments"


class Broken:
    """The check of a journal that was exported as broken.

    After the first wrong place nothing is judged.
    """

    def __init__(self, events: Events) -> None:
        self._events, self.place = events, Unsealed("", "")

    def __call__(self, line: bytes) -> None:
        if self.place.sentence:
            return
        try:
            self._events(line)
        except Unsealed as error:
            self.place = error

    def file_ends(self) -> None:
        """Note that it does not reach what somebody saw. Nothing else is asked of its end."""
        try:
            if not self.place.sentence:
                self._events.reach()
        except Unsealed as error:
            self.place = error

    def gap(self) -> None:
        """Nothing is awaited."""


class Contents:
    """The checks of one bundle's files, and what they are told.

    earlier: what is known of an earlier bundle. keep: this one's records are kept. Raises `ValueError` where
    the manifest's times are none.
    """

    def __init__(self, manifest: AnyManifest, earlier: Earlier | None, *, keep: bool) -> None:
        self.manifest, self._earlier = manifest, earlier
        self._held: Mapping[str, Held] = earlier.held if earlier else {}
        self._begin, self._end = moment(manifest.begin), moment(manifest.to)
        if self._end < self._begin:
            raise ValueError(f"it ends, {manifest.to}, before it begins, {manifest.begin}")
        self._witnesses = Witnesses()
        heads = self._witnesses.seen
        for name, head in (earlier.heads if earlier else {}).items():
            self._witnesses.note(name, head, EARLIER)
        self._extracts = Extracts(manifest.application, self._begin, self._end, manifest.incident)
        self._unread, self._read = "", 0
        self.kept = {region: Held() for region in manifest.assessments} if keep else {}
        self._logs = {region: self._records(region) for region in manifest.assessments}
        self._last: dict[str, str] = {}
        first = isinstance(manifest, FirstManifest)
        self._events = {
            JOURNAL: Events(manifest.journal, heads[JOURNAL], self._event, first_form=first),
            FLEET: Events(manifest.fleet, heads[FLEET], first_form=first),
        }
        self._broken: dict[str, Broken] = {}
        if isinstance(manifest, Manifest) and manifest.broken is not None:
            self._broken = {name: Broken(check) for name, check in self._events.items()}

    @property
    def heads(self) -> Mapping[str, Head]:
        """Return the heads of both journals, once they were read."""
        return {name: events.head for name, events in self._events.items()}

    def _records(self, region: str) -> Records:
        log = self.manifest.assessments[region]
        kept_from = getattr(log, "kept_from", None)
        begin = self._begin if kept_from is None else max(self._begin, moment(kept_from))
        self._extracts.region(region)
        return Records(
            self.manifest.application,
            region,
            log,
            self._witnesses,
            begin=begin,
            end=self._end,
            held=self._held.get(region),
            keep=self.kept.get(region),
            looks=self._extracts,
        )

    def _event(self, line: bytes) -> None:
        if self._unread:
            return
        self._read += len(line)
        if self._read > MOST_READ:
            self._unread = f"the journal has more than {MOST_READ} bytes"
            return
        try:
            self._extracts.take(event_of(line.decode()))
        except NONSENSE as error:  # of a later version, or of nobody
            self._unread = str(error)[:200]

    def goes_on(self) -> Iterator[Wrong]:
        """Yield what keeps this bundle from going on from the earlier one."""
        now, then = self.manifest, self._earlier
        if then is None:
            return
        if now.application != then.application:
            yield Wrong(MANIFEST, "", "it is of another application than the earlier bundle")
        for region, held in self._held.items():
            lost = 0 if region in now.assessments else held.within(self._begin, self._end)
            if lost:
                told = f"it holds no assessments of {region}; the earlier bundle had {lost} of this period"
                yield Wrong(MANIFEST, "", told)

    def check_of(self, name: str) -> Check | None:
        """Return what takes the lines of a file.

        Raises `Unsealed` for a file of a Region that the manifest does not know.
        """
        parts = name.split("/")
        if parts[0] != LOGS or not parts[1:2]:
            return self._broken.get(name) or self._events.get(name)
        if parts[1] not in self._logs:
            raise Unsealed("", "the manifest knows of no assessments of this Region")
        self._last[parts[1]] = name
        return self._logs[parts[1]]

    def end(self) -> Iterator[Wrong]:
        """Yield what is missing in the whole."""
        for region, log in self._logs.items():
            try:
                log.end()
            except Unsealed as error:
                yield Wrong(self._last.get(region, MANIFEST), error.where, error.sentence)
            if log.endless and not any(told.startswith(head_of(region)) for told in self.manifest.unread):
                told = f"nothing is said of {head_of(region)} whether any came after the last one here"
                yield Wrong(MANIFEST, "", told)

    def _beyond(self) -> Iterator[tuple[int, str, str]]:
        """Yield the events that assessments saw after the journal's last."""
        heads = self._witnesses.seen[JOURNAL]
        for seq in sorted(seq for seq in heads if seq > self.manifest.journal.last):
            yield from ((seq, head.hash, by) for head, by in sorted(heads[seq], key=by_hash))

    @property
    def broken(self) -> Wrong | None:
        """Return why the record was broken when it was exported.

        That is the first place that is wrong, or the exporter's sentence.
        """
        for name, check in self._broken.items():
            if check.place.sentence:
                return Wrong(name, check.place.where, check.place.sentence)
        said = self.manifest.broken if isinstance(self.manifest, Manifest) else None
        return None if said is None else Wrong(JOURNAL, "", said)

    def derived(self) -> Iterator[Wrong]:
        """Yield each derived file that is another, or that nobody can derive."""
        manifest, extracts = self.manifest, self._extracts
        if not isinstance(manifest, Manifest):
            return
        for name in sorted({*manifest.forms, *FORMS}):
            form = manifest.forms.get(name)
            if form != FORMS.get(name):
                told = "of no form" if form is None else f"of form {form}"
                yield Wrong(name, "", f"not checked: it is {told}, which this version does not derive")
        why = "" if self._broken else self._unread or extracts.stopped
        if why:
            yield Wrong(next(iter(sorted(FORMS))), "", f"not checked, nor is any other extract: {why}")
        try:
            files = dict(extracts.files())
            policies = in_force(extracts.loaded, self._begin, {p.digest for p in manifest.policies if p.file})
            unread = [*manifest.unread, *unheard(extracts.regions, manifest.assessments, manifest.unread)]
        except NONSENSE as error:
            yield Wrong(next(iter(sorted(FORMS))), "", f"not checked: {type(error).__name__}: {error}"[:200])
            return
        listed = {each.name: each for each in manifest.files}
        for name, content in files.items():
            there = listed.get(name)
            if there is None or there.sha256 != hashlib.sha256(content).hexdigest():
                yield Wrong(name, "", "it is not what the journal and the assessments give")
        if manifest.incident is not None and manifest.incident not in extracts.incidents:
            yield Wrong(MANIFEST, "", f"the journal knows no incident {manifest.incident}")
        if policies != manifest.policies:
            yield Wrong(MANIFEST, "", "its policies are not those that the journal names")
        if len(unread) > len(manifest.unread):
            yield Wrong(
                MANIFEST, "", f"nothing is said of {unread[-1].removesuffix(': they are not at hand')}"
            )
        if {p.file for p in manifest.policies if p.file} != {n for n in listed if n.startswith("policies/")}:
            yield Wrong(MANIFEST, "", "its policies are not those that are in it")

    def notes(self) -> Iterator[str]:
        """Yield what is no fault of the bundle, and what people must know."""
        if not isinstance(self.manifest, Manifest):
            yield "an older form: its assessments have no numbers, and its extracts were not derived anew"
            for seq, hash_, by in self._beyond():
                last = self.manifest.journal.last
                yield f"{by} saw event {seq}, {hash_[:12]}; the last of the journal in it is {last}"
                break
            return
        for name, check in self._events.items():
            yield from (f"event {each.seq}: {story(each.said)}" for each in check.restored)
            if self._earlier is not None and check.lacks(then := self._earlier.heads[name]):
                yield f"{EARLIER} has events, up to {then.seq}, that {name} of this one says are missing"
        for region, log in self._logs.items():
            if log.bare:
                late = f", {log.late} of them after one that has" if log.late else ""
                yield f"{log.bare} assessments of {region} have no number: an older version wrote them{late}"
            kept_from = self.manifest.assessments[region].kept_from
            if kept_from is not None:
                yield f"assessments of {region} from before {kept_from} had expired when it was exported"
