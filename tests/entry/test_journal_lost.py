"""The runbook of a lost journal, played line by line against `tidegate up`, with the AWS command line."""

import io
import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from controller.entry.cli.main import main
from tests.support.running_rehearsal import Rehearsal, environment, policy

PAGE = Path(__file__).parents[2] / "docs" / "runbooks" / "journal-lost.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOME = "us-east-2"
TABLE, COPY = "tidegate-journal", "tidegate-journal-restored"
KEY = "--table-name tidegate-journal"


def lines(step: int | str) -> list[str]:
    """The lines to type of one step of the page, or of the part with that heading."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.partition(f"\n## {step}. " if isinstance(step, int) else f"\n## {step}\n")[2].partition(
        "\n## "
    )[0]
    found = [line for block in BLOCK.findall(part) for line in block.splitlines()]
    assert found, step
    return found


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    running = Rehearsal(tmp_path, "--ephemeral", "--policy", policy(tmp_path, enforcement="live"))
    yield running
    assert running.stop() == 0


class Operator:
    """Who types the lines. words: what stands in them for a time or a name."""

    def __init__(self, rehearsal: Rehearsal, **words: str) -> None:
        self.rehearsal, self.words = rehearsal, words

    def type(self, line: str) -> Any:
        words = [self.words.get(word, word) for word in shlex.split(line)]
        if words[0] == "tidegate":
            return self.rehearsal.run(*words[1:])
        assert words[0] == "aws"
        return self.aws(*words[1:])

    def aws(self, *words: str) -> Any:
        where = ["--endpoint-url", self.rehearsal.told["aws"], "--output", "json"]
        said, noted = io.StringIO(), io.StringIO()
        with environment(self.rehearsal.env), redirect_stdout(said), redirect_stderr(noted):
            code = create_clidriver().main([*where, *words])
        assert code == 0, (words, noted.getvalue())
        return json.loads(said.getvalue() or "null")

    def dynamodb(self, operation: str, *words: str) -> Any:
        return self.aws("dynamodb", operation, "--region", HOME, *words)

    def journal(self, table: str = TABLE) -> list[dict[str, Any]]:
        names = '{":a": {"S": "storefront"}}'
        found = self.dynamodb(
            "query", "--table-name", table, "--consistent-read", "--key-condition-expression",
            "application = :a", "--expression-attribute-values", names,
        )  # fmt: skip
        return list(found["Items"])

    def made_by_its_stack(self) -> None:
        """What `tidegate-state` makes; the rehearsal plays no CloudFormation."""
        make, recover = lines("Rehearse it")
        self.type(make)
        self.type(recover)

    def assessed(self) -> str:
        """What the page's `tidegate assessments` prints."""
        said = io.StringIO()
        with environment(self.rehearsal.env), redirect_stdout(said):
            assert main(["assessments", "--from", "-40m"]) == 0
        return said.getvalue()


def until(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)  # of a rehearsal in a process of its own


def lived(rehearsal: Rehearsal) -> Operator:
    """The controllers have looked, and somebody has said a word."""
    operator = Operator(rehearsal)
    until(lambda: operator.journal() != [])
    code, told = rehearsal.run("mute", "us-east-1", "--for", "1m", "--reason", "noise", "--as", "ana")
    assert code == 0, told
    return operator


def restored_again(operator: Operator, *words: str, source: str = COPY) -> tuple[int, dict[str, Any]]:
    where = ("--from", source, "--region", HOME, "--reason", "once more")
    return operator.rehearsal.run("journal", "restore", *where, *words)


def finish(operator: Operator, ended: int) -> None:
    """From step 4 on: put back, look, arm."""
    for line in lines(4):
        code, told = operator.type(line)
        assert (code, told["ok"]) == (0, True), told
    storefront = next(each for each in told["journals"] if each["name"] == "storefront")
    assert storefront["put_back"] == ended
    kinds = [item["kind"]["S"] for item in operator.journal()]
    assert kinds[ended] == "JournalRestored"
    code, told = restored_again(operator, "--as", "zoe")
    assert (code, told["by"], told["sentence"]) == (
        0,
        None,
        "the journals lack nothing: nothing was restored",
    )
    code, told = restored_again(operator, "--as", "zoe", source="tidegate-people")
    assert (code, told["ok"], told.get("by")) != (0, True, "zoe"), told
    names = operator.dynamodb("scan", "--table-name", "tidegate-people")["Items"]
    assert "zoe" not in json.dumps(names), "whoever restores nothing gets no id"
    status, *arming = lines(5)
    code, told = operator.type(status)
    assert (code, told["armed"], told["restored"]["armed_since"]) == (0, False, False)
    assert told["restored"]["reason"].startswith(f"the journal was restored from {COPY}: ")
    for line in arming:
        code, told = operator.type(line)
        assert code == 0, told
    code, told = operator.type(status)
    assert (told["armed"], told["restored"]["armed_since"], told["fleet"]) == (True, True, None)
    doctor, cleanup, url, _look, purge = lines(6)
    operator.type(cleanup)
    operator.words["URL"] = operator.type(url)["QueueUrl"]
    operator.type(purge)
    _, found = operator.type(doctor)
    letters = [row for row in found["findings"] if row["check"] == "dead letters"]
    assert [row["verdict"] for row in letters if row["where"] == HOME] == ["ok"]


def test_a_table_that_was_deleted_comes_back_whole(rehearsal: Rehearsal) -> None:
    operator = lived(rehearsal)
    for line in lines(3):
        operator.type(line)
    until(lambda: '"code": "journal-unreadable"' in operator.assessed())
    code, told = rehearsal.run("why", "--at", "-1m")
    assert (code, "journal-lost.md" in told["error"]) == (3, True), told
    listed = operator.type(lines(1)[2])["BackupSummaries"]
    operator.words["ARN"] = listed[0]["BackupArn"]
    _, from_backup, wait = lines(2)
    operator.type(from_backup)
    operator.type(wait)
    operator.made_by_its_stack()
    finish(operator, len(operator.journal(COPY)))


def recovery(operator: Operator) -> dict[str, Any]:
    told = operator.type(lines(1)[1])["ContinuousBackupsDescription"]
    return dict(told["PointInTimeRecoveryDescription"])


def test_a_table_whose_events_were_deleted_comes_back_as_it_was(rehearsal: Rehearsal) -> None:
    operator = lived(rehearsal)
    before = operator.journal()
    well = rehearsal.run("status")[1]["at"]
    assert recovery(operator)["PointInTimeRecoveryStatus"] == "ENABLED"
    for item in before:
        key = json.dumps({name: item[name] for name in ("application", "seq")})
        operator.dynamodb("delete-item", "--table-name", TABLE, "--key", key)
    _, told = rehearsal.run("status")
    assert "the journal ends at event 0; this controller saw event" in told["error"]
    assert "docs/runbooks/journal-lost.md" in told["error"]
    wanted = datetime.fromisoformat(well).timestamp()  # five minutes of the rehearsal's until it can be had
    until(lambda: recovery(operator)["LatestRestorableDateTime"] >= wanted)
    operator.words["TIME"] = well
    point, _, wait = lines(2)
    operator.type(point)
    operator.type(wait)
    copied = operator.journal(COPY)
    assert copied[: len(before)] == before
    for line in lines(3):
        operator.type(line)
    operator.made_by_its_stack()
    finish(operator, len(copied))


def test_each_line_of_the_page_is_played_here_or_parsed() -> None:
    shown = [line for step in range(1, 7) for line in lines(step)]
    assert len(shown) == 21
    assert {line.split()[0] for line in shown} == {"aws", "tidegate"}
