"""A table that is gone: what AWS said, without what only botocore knows, and what the terminal says."""

import pytest
from botocore.exceptions import ClientError

from controller.aws.errors import translated
from controller.entry.cli.main import _failure
from controller.entry.cli.output import ExitCode
from controller.ports.errors import OutsideUnreachable, reads_journal


def failed(code: str, doing: str) -> OutsideUnreachable:
    answer = {
        "Error": {"Code": code, "Message": "Requested resource not found: Table: tidegate-journal not found"},
        "ResponseMetadata": {"HTTPStatusCode": 400, "MaxAttemptsReached": True, "RetryAttempts": 0},
    }
    with pytest.raises(OutsideUnreachable) as caught, translated(OutsideUnreachable, doing):
        raise ClientError(answer, "Query")  # type: ignore[arg-type]
    return caught.value


def test_a_table_that_is_gone_is_told_from_one_that_does_not_answer() -> None:
    gone = failed("ResourceNotFoundException", "reading the journal of storefront")
    assert (gone.absent, reads_journal(gone)) == (True, True)
    assert "max retries" not in str(gone)
    assert "Table: tidegate-journal not found" in str(gone)
    slow = failed("InternalServerError", "reading the journal of storefront")
    assert (slow.absent, reads_journal(slow)) == (False, True)
    assert not reads_journal(failed("ResourceNotFoundException", "reading the readings"))


def test_the_terminal_names_the_runbook_of_a_lost_journal_and_what_needs_none() -> None:
    gone = _failure(failed("ResourceNotFoundException", "reading the journal of storefront"))
    assert gone.exit_code is ExitCode.UNREACHABLE
    told = str(gone)
    assert told.startswith("the journal's table is gone: reading the journal of storefront")
    assert "docs/runbooks/journal-lost.md puts it back" in told
    assert "`tidegate break-glass` need no journal" in told
    slow = str(_failure(failed("InternalServerError", "reading the journal of storefront")))
    assert "runbooks" not in slow
    assert "need no journal" in slow
