"""The commands `tidegate policy check`, `schema`, `compile` and `reviewed`.

`check`: policies load or not, what is proved of them, and what looks wrong.
`schema`, `compile`: the language of policies, and a policy as it is deployed.
`reviewed`: the people who looked at a policy and the coverage of its cases, written beside it.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.policy.review_record import Reviewer
from controller.core.policy.validation import compiled, expected_signals
from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, problem_fields, stdout
from controller.lab.cases.reader import beside
from controller.lab.cases.review_record import review_file
from controller.lab.cases.review_record import reviewed as reviewed_
from controller.lab.cases.run import Report, clock, run
from controller.lab.lint import Review, review
from controller.lab.lint.finding import Finding
from controller.lab.lint.reachability import Proof
from controller.lab.lint.style import Deployed, NotAlarms, read_periods
from controller.lab.policy_files.json_schema import policy_schema
from controller.lab.policy_files.loader import LoadedPolicy, dotted, load_policy
from controller.lab.policy_files.positions import Located, PolicyRefused

NO_POLICY = (".cases.yaml", ".base.yaml")
"""Files beside policies that are not policies themselves: worked cases, and bases that policies extend."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that loads, and the findings in it."""

    loaded: LoadedPolicy
    review: Review
    warnings: tuple[tuple[Finding, Located], ...]


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Policy files; by default policies/*.yaml."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 where there is a warning.")] = False,
    alarms: Annotated[
        Path | None,
        typer.Option("--alarms", metavar="FILE", help="What `aws cloudwatch describe-alarms` printed."),
    ] = None,
    context: Annotated[
        str | None, typer.Option("--context", help="A deployment: where are its notices and its sign-in?")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether policies load and what they can do; exit 2 with the place of every problem where not."""
    here = [path for path in sorted(Path("policies").glob("*.yaml")) if not path.name.endswith(NO_POLICY)]
    paths = files or here
    if not paths:
        fail(ExitCode.BAD_INPUT, "no file is named, and no policies/*.yaml is here")
    periods = _periods(alarms)
    deployed = _deployed(context) if context is not None else None
    checked = [(path, _check(path, periods, deployed)) for path in paths]
    ok = all(isinstance(result, Checked) for _, result in checked)
    fields = {"ok": ok, "files": [_fields(path, result) for path, result in checked]}
    emit("policy-check", fields, lambda _: _print(checked), as_json=as_json)
    if not ok:
        raise typer.Exit(ExitCode.BAD_INPUT)
    if strict and any(isinstance(result, Checked) and result.warnings for _, result in checked):
        raise typer.Exit(ExitCode.NO)


def _periods(alarms: Path | None) -> Mapping[str, float]:
    try:
        return {} if alarms is None else read_periods(alarms)
    except NotAlarms as error:
        fail(ExitCode.BAD_INPUT, str(error))


def _deployed(context: str) -> Deployed:
    from controller.entry.cli.options import open_context

    found = open_context(context)
    deployments = (found.deployment, *found.others)
    topics = [each.topic.split(":") for each in deployments]
    return Deployed(
        notices=[arn[3] for arn in topics if len(arn) > 3],
        sign_ins=[region for each in deployments for region in each.console_by_region],
    )


def _check(path: Path, periods: Mapping[str, float], deployed: Deployed | None) -> Checked | PolicyRefused:
    try:
        loaded = load_policy(path)
    except PolicyRefused as refused:
        return refused
    found = review(loaded.policy, periods, deployed)
    return Checked(loaded, found, tuple((each, _located(path, loaded, each)) for each in found.findings))


def _located(path: Path, loaded: LoadedPolicy, finding: Finding) -> Located:
    place = loaded.places.value(finding.path)
    file = sanitize(place.file or str(path), 300)
    return Located(
        file,
        place.line,
        place.column,
        sanitize(finding.message, 500),
        sanitize(finding.hint, 200),
        dotted(finding.path),
    )


def _fields(path: Path, result: Checked | PolicyRefused) -> dict[str, Any]:
    file = sanitize(str(path), 300)
    if isinstance(result, PolicyRefused):
        problems = [problem_fields(problem) for problem in result.problems]
        return {"file": file, "ok": False, "digest": None, "problems": problems}
    policy = result.loaded.policy
    return {
        "file": file,
        "ok": True,
        "digest": policy.digest,
        "application": policy.application,
        "enforcement": policy.enforcement,
        "regions": list(policy.regions),
        "signals": len(expected_signals(policy, account="")),
        "problems": [],
        "warnings": [{"code": each.code, **problem_fields(at)} for each, at in result.warnings],
        "proofs": [_proof(proof) for proof in result.review.proofs],
    }


def _proof(proof: Proof) -> dict[str, Any]:
    when = None if proof.when is None else str(proof.when)
    return {
        "region": proof.region,
        "situation": proof.situation,
        "left": proof.after is not None,
        "after_s": proof.after,
        "when": "true" if proof.after is not None else when,
        "code": proof.code or None,
    }


def _print(checked: Sequence[tuple[Path, Checked | PolicyRefused]]) -> None:
    console = stdout()
    for path, result in checked:
        if isinstance(result, PolicyRefused):
            for problem in result.problems:
                console.print(Text.assemble((problem.place, "bold red"), f": {problem.with_hint}"))
            continue
        policy = result.loaded.policy
        count = len(expected_signals(policy, account=""))
        facts = f"  {policy.digest[:12]}  {policy.enforcement}  {', '.join(policy.regions)}  {count} signals"
        console.print(Text.assemble(f"{sanitize(str(path), 300)}: ", ("ok", "bold green"), facts))
        for region in policy.regions:
            proofs = [proof for proof in result.review.proofs if proof.region == region]
            with_hint = "; ".join(
                f"{_short(p)} {'never' if p.after is None else clock(p.after)}" for p in proofs
            )
            if with_hint:
                console.print(Text(f"  {region} is left: {with_hint}"))
        for finding, at in result.warnings:
            console.print(Text.assemble((at.place, "yellow"), f": warning: {at.with_hint} [{finding.code}]"))


def _short(proof: Proof) -> str:
    return proof.situation.partition(":")[0]


def schema() -> None:
    """Print the JSON Schema of policy files, for editors and other tools."""
    sys.stdout.write(json.dumps(policy_schema(), indent=2, sort_keys=True) + "\n")


def compile_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")], as_json: AsJson = False
) -> None:
    """Print a policy as it is deployed: one JSON object, with all that it extends; its digest on stderr."""
    try:
        loaded = load_policy(file)
    except PolicyRefused as refused:
        fail(
            ExitCode.BAD_INPUT, str(refused.problems[0]), [problem_fields(each) for each in refused.problems]
        )
    policy = compiled(loaded.policy)
    files = [sanitize(str(each), 300) for each in loaded.files]
    fields = {"digest": loaded.policy.digest, "files": files, "policy": policy}

    def human(_: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(policy, indent=2, ensure_ascii=True) + "\n")
        note(f"digest {loaded.policy.digest}")

    emit("policy-compile", fields, human, as_json=as_json)


def reviewed(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")],
    by: Annotated[list[str], typer.Option(metavar="WHO", help="Who reviewed it; may be repeated.")],
    where: Annotated[str, typer.Option(metavar="URL", help="Where, such as the pull request.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write FILE's review beside it, to be deployed with it; exit 1 where one of its worked cases fails."""
    try:
        policy = load_policy(file).policy
        cases = beside(file)
        report = run(cases, covered=True) if cases.is_file() else None
    except PolicyRefused as refused:
        fail(
            ExitCode.BAD_INPUT, str(refused.problems[0]), [problem_fields(each) for each in refused.problems]
        )
    _refuse_failed(report)
    try:
        people = tuple(
            Reviewer(by=sanitize(who, 200), at=time.time(), where=sanitize(where, 300)) for who in by
        )
        review = reviewed_(policy.digest, people, report)
    except ValueError as error:
        fail(ExitCode.BAD_INPUT, f"reviewers have names, and are ten at most: {sanitize(str(error), 120)}")
    to = review_file(file)
    try:
        to.write_text(json.dumps(review.data(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(to), 200)}: {error.strerror}")
    fields = {"file": sanitize(str(to), 300), "review": review.data()}
    emit("policy-reviewed", fields, lambda _: note(f"written to {sanitize(str(to), 300)}"), as_json=as_json)


def _refuse_failed(report: Report | None) -> None:
    failed = [result for result in report.results if not result.passed] if report else []
    if failed:
        name = sanitize(failed[0].case.case, 120)
        fail(ExitCode.NO, f"{len(failed)} of its worked cases fail, first {name!r}; nothing was written")
