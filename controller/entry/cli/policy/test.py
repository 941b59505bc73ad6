"""The command `tidegate policy test`: the worked cases beside a policy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, problem_fields, stdout
from controller.lab.cases.coverage import Coverage
from controller.lab.cases.junit import difference_lines, junit
from controller.lab.cases.reader import SUFFIX, beside
from controller.lab.cases.run import Report, Result, clock, first_waves, run
from controller.lab.policy_files.loader import dotted
from controller.lab.policy_files.positions import PolicyRefused
from controller.lab.policy_files.shipped import shipped


def worked_cases(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="Policies or their cases; by default policies/*.cases.yaml."
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="WORDS", help="Only cases with these words in their name.")
    ] = None,
    covered: Annotated[
        bool, typer.Option("--coverage", help="Say which conditions were never true, false or unknown.")
    ] = False,
    at_least: Annotated[
        int | None,
        typer.Option("--at-least", metavar="PERCENT", min=0, max=100, help="Exit 1 under this coverage."),
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play the worked cases of policies; exit 1 where one comes out otherwise."""
    paths = [path if path.name.endswith(SUFFIX) else beside(path) for path in files or _here()]
    if not paths:
        fail(ExitCode.BAD_INPUT, f"no file is named, and no policies/*{SUFFIX} is here")
    words = (only or "").casefold()
    measured = covered or at_least is not None
    try:
        reports = [
            run(path, wanted=lambda case: words in case.case.casefold(), covered=measured) for path in paths
        ]
    except PolicyRefused as refused:
        fail(
            ExitCode.BAD_INPUT, str(refused.problems[0]), [problem_fields(each) for each in refused.problems]
        )
    if junit_file is not None:
        junit_file.write_bytes(junit(reports))
    enough = [at_least is None or _percent(report.coverage) >= at_least for report in reports]
    ok = all(report.passed for report in reports) and all(enough)
    fields = {"ok": ok, "files": [_fields(report) for report in reports]}
    emit("policy-test", fields, lambda _: _print(reports), as_json=as_json)
    if not ok:
        raise typer.Exit(ExitCode.NO)


def _here() -> list[Path]:
    found = sorted(Path("policies").glob(f"*{SUFFIX}"))
    packaged = shipped(f"policies/storefront{SUFFIX}")
    return found or ([packaged] if packaged.is_file() else [])


def _percent(coverage: Coverage | None) -> float:
    return 100 * coverage.share if coverage else 0.0


def _fields(report: Report) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "file": report.file.file,
        "policy": sanitize(str(report.file.policy_file), 300),
        "digest": report.file.policy.digest,
        "passed": sum(result.passed for result in report.results),
        "failed": sum(not result.passed for result in report.results),
        "expect_nothing": report.idle,
        "cases": [_case(result) for result in report.results],
    }
    if report.coverage is not None:
        fields["coverage_percent"] = round(_percent(report.coverage), 1)
        fields["never"] = {
            path: [str(value) for value in report.coverage.never(path)]
            for path in report.coverage.seen
            if report.coverage.never(path)
        }
    return fields


def _case(result: Result) -> dict[str, Any]:
    return {
        "case": sanitize(result.case.case, 200),
        "line": result.line,
        "passed": result.passed,
        "shifts": [
            {"after_s": each.at, "from": each.from_, "to": each.to}
            for each in first_waves(result.played.moved)
        ],
        "differences": [
            {"after_s": d.at, "what": d.what, "expected": d.expected, "found": d.found, "why": list(d.why)}
            for d in result.differences
        ],
    }


def _print(reports: Sequence[Report]) -> None:
    console = stdout()
    for report in reports:
        for result in report.results:
            mark = ("ok  ", "green") if result.passed else ("FAIL", "bold red")
            moved = "; ".join(f"{clock(m.at)} {m.from_} -> {m.to}" for m in first_waves(result.played.moved))
            name = sanitize(result.case.case, 200)
            console.print(Text.assemble(mark, f"  {name}  ", (moved or "nothing moves", "dim")))
            if not result.passed:
                console.print(Text(f"      {report.file.file}:{result.line}"))
            for line in (line for each in result.differences for line in difference_lines(each)):
                console.print(Text(f"      {line}"))
        good, all_ = sum(result.passed for result in report.results), len(report.results)
        head = f"{report.file.file}: {good} of {all_} pass; {report.idle} expect that nothing moves"
        console.print(Text(head, style="bold"))
        if report.coverage is not None:
            _print_coverage(report.coverage)


def _print_coverage(coverage: Coverage) -> None:
    console = stdout()
    console.print(Text(f"  conditions tried: {_percent(coverage):.0f} % of true, false and unknown"))
    for path in coverage.seen:
        if never := coverage.never(path):
            where = dotted(tuple(int(part) if part.isdigit() else part for part in path.split(".")))
            console.print(Text(f"  {where} was never {', never '.join(never)}", style="yellow"))
