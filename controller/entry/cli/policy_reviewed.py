"""`tidegate policy reviewed`: who looked at a policy and what its cases cover, written down beside it."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from controller.core.policy.review_record import Reviewer
from controller.core.text import plain
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, problem_fields
from controller.lab.cases.reader import beside
from controller.lab.cases.run import Report, run
from controller.lab.loader import load_policy
from controller.lab.places import PolicyRefused
from controller.lab.reviewed import review_file
from controller.lab.reviewed import reviewed as reviewed_


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
        people = tuple(Reviewer(by=plain(who, 200), at=time.time(), where=plain(where, 300)) for who in by)
        review = reviewed_(policy.digest, people, report)
    except ValueError as error:
        fail(ExitCode.BAD_INPUT, f"reviewers have names, and are ten at most: {plain(str(error), 120)}")
    to = review_file(file)
    try:
        to.write_text(json.dumps(review.data(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"{plain(str(to), 200)}: {error.strerror}")
    fields = {"file": plain(str(to), 300), "review": review.data()}
    emit("policy-reviewed", fields, lambda: note(f"written to {plain(str(to), 300)}"), as_json=as_json)


def _refuse_failed(report: Report | None) -> None:
    failed = [result for result in report.results if not result.passed] if report else []
    if failed:
        name = plain(failed[0].case.case, 120)
        fail(ExitCode.NO, f"{len(failed)} of its worked cases fail, first {name!r}; nothing was written")
