"""The reader of a file of worked cases.

The file is read like a policy: it is bounded, and each problem has its line and column.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File

from pydantic import ValidationError

from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals, path_of, sentence
from controller.core.text import sanitize
from controller.lab.cases.model import Case, Cases
from controller.lab.cases.play import ACCOUNT, matches
from controller.lab.policy_files.loader import dotted, load_policy, read_document
from controller.lab.policy_files.positions import Document, Located, Path, PolicyRefused

SUFFIX = ".cases.yaml"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Holds the cases of a file, each with its line, and their policy."""

    file: str
    policy: Policy
    policy_file: File
    cases: tuple[tuple[Case, int], ...]


def beside(policy: File) -> File:
    """Return the path of a policy's cases: `storefront.cases.yaml` of `storefront.yaml`."""
    return policy.with_name(policy.stem + SUFFIX)


def read_cases(path: File) -> CaseFile:
    """Return the cases in the file `path`.

    Raises `PolicyRefused` where the file, or its policy, cannot be used.
    """
    document = read_document(path)
    file = sanitize(str(path), 300)

    def located(where: Path, message: str, *, at_key: bool = False) -> Located:
        place = document.places.key(where) if at_key else document.places.value(where)
        return Located(file, place.line, place.column, sanitize(message, 300), None, dotted(where))

    if document.faults:
        told = (
            Located(file, f.place.line, f.place.column, sanitize(f.message, 300), f.hint)
            for f in document.faults
        )
        raise PolicyRefused(tuple(told))
    try:
        found = Cases.model_validate(document.data)
    except ValidationError as error:
        raise PolicyRefused(
            tuple(
                located(path_of(e["loc"]), sentence(e), at_key=e["type"] == "extra_forbidden")
                for e in error.errors()[:100]
            )
        ) from error
    policy = load_policy(path.with_name(found.policy)).policy
    problems = tuple(located(where, message) for where, message in _unknown(policy, found))
    if problems:
        raise PolicyRefused(problems)
    lines = (_line(document, index) for index in range(len(found.cases)))
    return CaseFile(file, policy, path.with_name(found.policy), tuple(zip(found.cases, lines, strict=True)))


def _line(document: Document, index: int) -> int:
    return document.places.value(("cases", index)).line


def _unknown(policy: Policy, found: Cases) -> Iterator[tuple[Path, str]]:
    """Yield what a case names that the policy does not know.

    Such a name would say nothing, and nobody would see that.
    """
    signals = expected_signals(policy, ACCOUNT)
    known = ", ".join(policy.regions)
    names: set[str] = set()
    for number, case in enumerate(found.cases):
        at: Path = ("cases", number)
        if case.case in names:
            yield (*at, "case"), f"another case is named {case.case!r} already"
        names.add(case.case)
        for index, says in enumerate(case.signals):
            if not any(matches(says, signal) for signal in signals):
                yield (*at, "signals", index), "no signal of the policy is meant by this"
            if says.say == "unheard" and says.at:
                yield (*at, "signals", index, "at"), "what was heard of once stays so; expected 0m"
        regions: list[tuple[Path, str]] = [(("left", i), region) for i, region in enumerate(case.left)]
        regions += [(("drill", "region"), case.drill.region)] if case.drill else []
        regions += [(("expect", i, "region"), each.region) for i, each in enumerate(case.expect)]
        for i, shift in enumerate(case.shifts):
            regions += [(("shifts", i, "from"), shift.from_), (("shifts", i, "to"), shift.to)]
        for where, region in regions:
            if region not in policy.regions:
                yield (*at, *where), f"unknown Region {region}; expected one of: {known}"
        if case.drill and policy.drills is None:
            yield (*at, "drill"), "the policy has no `drills`; expected no drill"
        for index, each in enumerate(case.expect):
            if each.at > case.lasts:
                yield (*at, "expect", index, "at"), "the case ends before; expected a later `until`"
