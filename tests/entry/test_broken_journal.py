"""A journal that somebody changed: every command says so in a sentence, and it can be kept as evidence."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running_rehearsal import Rehearsal, policy

CHANGED = {2: "event 3", 5: "event 5"}
"""The event that somebody changed, and where the bundle's lines show it.

A line holds no hash of its own: its successor tells, or of the last one an assessment that saw it.
"""


@pytest.fixture(scope="module", params=CHANGED)
def changed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def broken(changed: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A rehearsal in whose journal of five events one says that somebody else did it."""
    home = tmp_path_factory.mktemp("state")
    running = Rehearsal(home, "--ephemeral", "--policy", policy(home, controllers="[us-east-2]"))
    for word in ("first", "second"):
        assert running.run("disarm", "--reason", word, "--as", "ana")[0] == 0
        assert running.run("arm", "--reason", word, "--as", "ana")[0] == 0
    _until_seen(running, max(CHANGED))
    event = {"application": {"S": "storefront"}, "seq": {"N": str(changed)}}
    words = ("dynamodb", "get-item", "--table-name", "tidegate-journal", "--key", json.dumps(event))
    item = running.aws(running.told["aws"], "us-east-2", *words)["Item"]
    item["body"]["S"] = re.sub(r'"by":"person-\w{16}"', '"by":"eve"', item["body"]["S"])
    put = ("put-item", "--return-values", "ALL_OLD", "--item", json.dumps(item))
    running.aws(running.told["aws"], "us-east-2", "dynamodb", *put, "--table-name", "tidegate-journal")
    yield running
    assert running.stop() == 0


def _until_seen(running: Rehearsal, number: int) -> None:
    """Wait until an assessment saw the journal's event: it alone tells of the last one."""
    key = json.dumps({"application": {"S": "head#storefront"}, "at": {"N": "0"}})
    words = ("get-item", "--table-name", "tidegate-assessments", "--key", key)
    for _ in range(200):
        item = running.aws(running.told["aws"], "us-east-2", "dynamodb", *words).get("Item", {})
        if json.loads(item.get("witness", {"S": "{}"})["S"]).get("head", {}).get("seq", 0) >= number:
            return
    raise AssertionError(f"no assessment saw event {number}")


@pytest.mark.parametrize(
    "words",
    [("status",), ("why",), ("incidents",), ("incidents", "show", "x"), ("audit", "report", "--from", "-1d")],
)
def test_a_command_that_reads_it_says_that_it_is_not_whole(
    broken: Rehearsal, changed: int, words: tuple[str, ...]
) -> None:
    code, told = broken.run(*words)
    assert (code, told["schema"]) == (1, "tidegate.error/v1")
    assert "the journal is not whole, and nothing moves until it is: " in told["error"]
    assert f"broken at event {changed}" in told["error"]
    assert "audit export --broken" in told["error"]


def test_the_doctor_finds_it(broken: Rehearsal, changed: int) -> None:
    code, told = broken.run("doctor")
    assert code == 1
    (row,) = [row for row in told["findings"] if row["check"] == "journal"]
    assert row["verdict"] == "bad"
    assert f"broken at event {changed}" in row["says"]


def test_it_is_exported_as_evidence_where_that_is_asked_for(
    broken: Rehearsal, changed: int, tmp_path: Path
) -> None:
    bundle = tmp_path / "evidence.tar"
    code, refused = broken.run("audit", "export", "--out", str(bundle), "--from", "-1d")
    assert (code, bundle.exists()) == (1, False)
    assert "`--broken` exports it as it stands" in refused["error"]
    code, made = broken.run("audit", "export", "--out", str(bundle), "--from", "-1d", "--broken")
    assert (code, made["whole"], made["broken"], made["events"]) == (1, False, True, changed)
    place = {"file": "journal.jsonl", "at": CHANGED[changed]}
    assert {key: made["wrong"][key] for key in place} == place
    print_ = broken.run("audit", "key")[1]["fingerprint"]
    code, found = broken.run("audit", "verify", str(bundle), "--fingerprint", print_)
    assert (code, found["verdict"], found["wrong"]) == (1, "broken evidence", None)
    assert {key: found["broken"][key] for key in place} == place
