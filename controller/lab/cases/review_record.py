"""The review record, which is written beside a policy that was reviewed.

It holds the reviewers, and what the worked cases of the policy cover.
"""

from pathlib import Path

from controller.core.policy.review_record import MOST, SCHEMA, Cases, Review, Reviewer
from controller.lab.cases.run import Report

SUFFIX = ".review.json"


def review_file(policy: Path) -> Path:
    """Return the path of the record: `storefront.review.json` of `storefront.yaml`."""
    return policy.with_name(policy.stem + SUFFIX)


def reviewed(digest: str, reviewers: tuple[Reviewer, ...], report: Report | None) -> Review:
    """Return the review record of a policy.

    report: the results of the worked cases, all of them passed; None where there are none.
    """
    return Review(schema=SCHEMA, digest=digest, reviewed=reviewers, cases=_cases(report))


def _cases(report: Report | None) -> Cases | None:
    if report is None or report.coverage is None:
        return None
    covered = report.coverage
    gaps = {path: covered.never(path) for path in covered.seen if covered.never(path)}
    named = {path[:200]: tuple(str(value) for value in gaps[path]) for path in list(gaps)[:MOST]}
    return Cases.model_validate(
        {
            "passed": len(report.results),
            "idle": report.idle,
            "percent": round(100 * covered.share, 1),
            "never": named,
            "more": len(gaps) - len(named),
        }
    )
