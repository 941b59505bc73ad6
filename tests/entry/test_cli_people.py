"""People at a terminal: ids are written, names are read, one can be deleted, and the brake needs none."""

import io
import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.core.journal.kind import Kind
from controller.core.person import NAMELESS, ids_in, is_id
from controller.entry.cli import people
from controller.entry.cli.main import main
from controller.entry.cli.names_file import LARGEST, as_claimed, read_names
from controller.entry.cli.output import Failed
from tests.support.console_world import asked_desk
from tests.support.policy_scene import OTHER
from tests.support.running_rehearsal import Rehearsal, policy

ANA, BEN = "ana@x.example", "ben <b>"


def scanned(rehearsal: Rehearsal, table: str) -> str:
    at = rehearsal.told["aws"], rehearsal.told["region"]
    return json.dumps(rehearsal.aws(*at, "dynamodb", "scan", "--table-name", table)["Items"])


def test_people_act_by_name_are_written_as_ids_and_can_be_forgotten(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, "--ephemeral", "--policy", policy(tmp_path, controllers="[us-east-2]"))
    try:
        written_as_ids_and_read_as_names(rehearsal)
        names_go_beside_a_bundle(rehearsal, tmp_path)
        forgotten(rehearsal)
        where_names_cannot_be_read(rehearsal)
    finally:
        assert rehearsal.stop() == 0


def written_as_ids_and_read_as_names(rehearsal: Rehearsal) -> None:
    code, told = rehearsal.run("disarm", "--reason", "release", "--as", ANA)
    assert (code, told["by"]) == (0, ANA)
    code, told = rehearsal.run("evacuate", "us-east-1", "--reason", "x", "--as", f" {ANA.upper()}")
    assert (code, told["by"]) == (1, ANA)
    assert told["sentence"] == f"disarmed by {ANA}: release; arm it first"
    journal = scanned(rehearsal, "tidegate-journal")
    assert "ana@" not in journal.casefold()
    assert len(ids_in(journal)) == 1
    assert rehearsal.run("arm", "--as", BEN)[1]["by"] == BEN
    assert len(ids_in(scanned(rehearsal, "tidegate-journal"))) == 2


def names_go_beside_a_bundle(rehearsal: Rehearsal, folder: Path) -> None:
    bundle, names, page = folder / "record.tar", folder / "names.json", folder / "review.html"
    names.touch(mode=0o644)
    words = ("audit", "export", "--out", str(bundle), "--from", "-1d", "--names", str(names))
    code, made = rehearsal.run(*words)
    assert (code, made["names"]) == (0, {"file": str(names), "known": 2})
    assert names.stat().st_mode & 0o777 == 0o600
    assert b"ana@" not in bundle.read_bytes()
    claimed = json.loads(names.read_text())
    assert claimed["schema"] == "tidegate.names/v1"
    assert sorted(claimed["names"].values()) == [ANA, BEN]
    key = rehearsal.run("audit", "key")[1]["fingerprint"]
    words = ("audit", "verify", str(bundle), "--fingerprint", key, "--names", str(names))
    code, found = rehearsal.run(*words)
    assert (code, found["names_as_claimed"]) == (0, claimed["names"])
    assert (
        rehearsal.run("audit", "report", "--from", "-1d", "--names", str(names), "--html", str(page))[0] == 0
    )
    assert rehearsal.run("audit", "export", "--out", str(bundle), "--names", str(folder))[0] == 2
    for other in (bundle, folder / "none", folder):
        assert rehearsal.run("audit", "verify", str(bundle), "--names", str(other))[0] == 2


def forgotten(rehearsal: Rehearsal) -> None:
    (ana,) = {each for each in ids_in(scanned(rehearsal, "tidegate-people"))
              if rehearsal.run("people", "show", each)[1]["name"] == ANA}  # fmt: skip
    code, told = rehearsal.run("people", "forget", ANA.upper())
    assert (code, told["sentence"]) == (0, f"deleted; what they did stays, under {ana} {NAMELESS}")
    assert "ana@" not in scanned(rehearsal, "tidegate-people")
    assert rehearsal.run("people", "show", ana) == (
        1, {"schema": "tidegate.people-show/v1", "id": ana, "name": None}
    )  # fmt: skip
    code, told = rehearsal.run("people", "forget", ANA)
    assert (code, told["sentence"]) == (1, "no name of that spelling is kept")
    assert rehearsal.run("disarm", "--reason", "again", "--as", ANA)[0] == 0
    assert len(ids_in(scanned(rehearsal, "tidegate-journal"))) == 3
    assert rehearsal.run("arm", "--as", BEN)[0] == 0


def where_names_cannot_be_read(rehearsal: Rehearsal) -> None:
    at = rehearsal.told["aws"], rehearsal.told["region"]
    table = ("--table-name", "tidegate-people")
    rehearsal.aws(*at, "dynamodb", "update-table", *table, "--no-deletion-protection-enabled")
    rehearsal.aws(*at, "dynamodb", "delete-table", *table)
    for words in (("evacuate", "us-east-1", "--reason", "x"), ("deny", "0" * 32), ("arm",),
                  ("mute", "us-east-1", "--for", "1h", "--reason", "x")):  # fmt: skip
        code, told = rehearsal.run(*words, "--as", ANA)
        assert code == 3, (words, told)
        assert "nobody can be told apart: nothing was written" in told["error"]
    code, told = rehearsal.run("disarm", "--reason", "stop", "--as", ANA)
    assert code == 0
    assert is_id(told["by"])
    assert rehearsal.run("status")[1]["armed"] is False


def test_whoever_is_forgotten_leaves_no_subject_of_their_sign_in_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = asked_desk()
    who = "ana@storefront.example"
    assert desk.browser("u-ana").answer(desk.request, reason="seen").status == 303
    assert desk.w.until(desk.w.has(Kind.SETTLED), 120)
    table = {"TableName": "tidegate-people"}
    scan = partial(desk.w.stage.cloud.call, "dynamodb", "Scan", OTHER, table)
    assert {"u-ana", who} == {item["name"]["S"] for item in scan()["Items"] if "name" in item}
    live = SimpleNamespace(policy={"application": "storefront"}, account="123456789012")
    context = SimpleNamespace(name="live", rehearsal=False, deployment=live, deps=lambda: desk.w.hand)
    monkeypatch.setattr(people, "open_context", lambda _: context)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"no\n{who}\n"))
    assert main(["people", "forget", who]) == 1
    assert "and u-ana, which their sign-in calls them, will be deleted" in capsys.readouterr().err
    assert main(["people", "forget", who, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "u-ana" not in json.dumps(told)
    (subject,) = ids_in(json.dumps(told["subjects"]))
    assert subject in told["sentence"]
    assert scan()["Items"] == []
    assert main(["people", "show", subject]) == 1


@pytest.mark.parametrize("person", ["ana", "person-", f"person-{'a' * 16} {NAMELESS}", "\x1b[1m"])
def test_only_an_id_is_shown(person: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["people", "show", person]) == 2
    said = capsys.readouterr().err
    assert "is not the id of a person" in said
    assert "\x1b" not in said


def test_a_file_of_names_from_a_stranger_is_safe(tmp_path: Path) -> None:
    file = tmp_path / "names.json"
    hostile = {"person-aaaaaaaaaaaaaaaa": "\x1b[2Jana\n", "ana": "x", "person-bbbbbbbbbbbbbbbb": 7}
    file.write_text(json.dumps({"schema": "tidegate.names/v1", "names": hostile}))
    assert read_names(file) == {"person-aaaaaaaaaaaaaaaa": "ana"}
    assert as_claimed(file).text("by person-aaaaaaaaaaaaaaaa") == "by ana (as claimed)"
    for text in ("[]", "{", json.dumps({"schema": "x", "names": {}}), "[" * 90_000, " " * (LARGEST + 1)):
        file.write_text(text)
        with pytest.raises(Failed, match="no file of names"):
            read_names(file)
