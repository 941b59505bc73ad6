"""Break-glass over real sockets: config and credentials alone, whatever else is down."""

import io
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from controller.entry import break_glass as glass_record
from controller.entry.break_glass import local_record
from controller.entry.cli.main import app, main
from controller.entry.local_record import LocalRecord
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.operator.local_records import Brought
from tests.entry.deployment_file import DEPLOYMENT
from tests.entry.loopback import Cluster, closed_port, cluster
from tests.support.policy_scene import policy_data
from tests.support.running_rehearsal import BIN, Rehearsal, policy

EAST = [("use1-a", False), ("use1-b", False), ("use1-c", False), ("use1-d", False)]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TIDEGATE_CONTEXT", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def arc() -> Iterator[Cluster]:
    with cluster() as found:
        yield found


def run(*words: str) -> tuple[int, dict[str, Any], str]:
    said, noted = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(noted):
        code = main([*words, "--json"])
    return code, json.loads(said.getvalue()), noted.getvalue()


def glass(arc: Cluster, folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    return run("break-glass", *words, "--config", arc.config(folder), "--reason", "console is down", "--yes")


def stages() -> list[str]:
    return [entry.body["stage"] for entry in local_record().read().entries]


def test_traffic_moves_with_nothing_but_arc_and_it_is_written_down(arc: Cluster, tmp_path: Path) -> None:
    code, told, noted = glass(arc, tmp_path, "us-east-1", "--as", "ana")
    assert (code, told["ok"], told["stage"], told["to"]) == (0, True, "applied", "us-west-2")
    assert arc.changes == EAST
    assert told["controls"]["use1-a"] == "Off"
    assert told["controls"]["usw2-a"] == "On"
    assert told["journalled"] is False
    assert f"run `tidegate break-glass --journal --config {tmp_path}" in told["next"]
    assert "no `restore us-east-1` and no cooldown follow from it" in told["next"]
    assert "storefront in account 123456789012" in noted
    assert "use1-a On -> Off" in noted
    intent, result = local_record().read().entries
    assert (intent.body["stage"], result.body["stage"], result.body["of"]) == (
        "intended",
        "applied",
        intent.id,
    )
    assert intent.body["who"] == "ana"
    assert (intent.body["before"]["use1-a"], intent.body["after"]["use1-a"]) == (True, False)
    assert [entry["id"] for entry in told["records"]] == [intent.id, result.id]


@pytest.mark.parametrize("cut", [("us-east-1", "us-west-2"), tuple(ENDPOINTS[1:])])
def test_it_works_with_two_endpoints_hung_and_slower_with_four(
    arc: Cluster, tmp_path: Path, cut: tuple[str, ...]
) -> None:
    arc.cut(*cut)
    code, told, _ = glass(arc, tmp_path, "us-east-1")
    assert (code, told["stage"]) == (0, "applied")
    assert arc.changes == EAST
    assert stages() == ["intended", "applied"]


def test_with_every_endpoint_hung_it_exits_3_with_the_lines_to_run_elsewhere(
    arc: Cluster, tmp_path: Path
) -> None:
    arc.cut(*ENDPOINTS, fault="refused")
    code, told, _ = glass(arc, tmp_path, "us-east-1")
    assert (code, told["ok"]) == (3, False)
    sends = [line for line in told["aws"] if "update-routing-control-states" in line]
    assert len(sends) == 5
    assert all(url in " ".join(sends) for url in arc.urls.values())
    assert arc.changes == []
    assert stages() == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("mars-east-1",), "expected one of: us-east-1, us-west-2"),
        (("us-east-1", "--to", "us-east-1"), "cannot be left for itself"),
        (("us-east-1", "--to", "nowhere-1"), "nowhere-1 is not a Region"),
    ],
)
def test_a_name_that_cannot_be_meant_is_refused(
    arc: Cluster, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    code, told, _ = glass(arc, tmp_path, *words)
    assert (code, arc.changes) == (2, [])
    assert sentence in told["sentence"]
    region, *to = words
    code, told, _ = run("runbook", region, *to, "--config", arc.config(tmp_path))
    assert (code, sentence in told["error"]) == (2, True)


def test_each_incident_is_shown_by_a_command_of_its_own(
    arc: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = Brought(4, ("storefront-us-west-2-7", "storefront-us-east-1-9"))
    monkeypatch.setattr(glass_record, "journal_waiting", lambda *_: brought)
    told = glass(arc, tmp_path, "us-east-1")[1]
    shown = [f"`tidegate incidents show {each}`" for each in brought.incidents]
    assert told["next"] == f"The journal has it: {', '.join(shown)}."


def test_a_record_that_cannot_be_read_is_said(
    arc: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: LocalRecord) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(LocalRecord, "read", unreadable)
    code, told, _ = run("break-glass", "--journal", "--config", arc.config(tmp_path))
    assert (code, told["error"]) == (1, "the record on this machine cannot be read: Input/output error")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "moved"),
    [
        (Terminal("nope\n"), False),
        (Terminal("us-east-1\n"), True),
        (io.StringIO("nope\n"), True),
        (None, True),
    ],
)
def test_a_rehearsal_asks_at_a_terminal_alone(
    arc: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: io.StringIO | None, moved: bool
) -> None:
    monkeypatch.setattr("sys.stdin", typed)
    words = ("break-glass", "us-east-1", "--config", arc.config(tmp_path), "--reason", "dark")
    code, told, noted = run(*words)
    assert (code, bool(arc.changes)) == ((0, True) if moved else (1, False))
    assert told.get("error") == (None if moved else "nothing was done")
    assert ("Type us-east-1 to go on" in noted) is isinstance(typed, Terminal)
    assert "asks at a terminal only" in " ".join(
        CliRunner().invoke(app, ["evacuate", "--help"]).output.split()
    )


def test_what_would_break_the_floor_is_refused_by_its_name_and_nothing_is_sent(tmp_path: Path) -> None:
    data = policy_data()
    three = {**data["regions"], "us-east-2": {"controls": [f"use2-{s}" for s in "abcd"]}}
    with cluster(regions=three, limits={**data["limits"], "minRegionsOn": 2}) as arc:
        assert glass(arc, tmp_path, "us-east-1")[0] == 0
        moved, written = list(arc.changes), stages()
        code, told, _ = glass(arc, tmp_path, "us-west-2", "--to", "us-east-2")
        assert code == 1
        assert "the floor forbids it: 1 Regions would be On, minRegionsOn is 2" in told["sentence"]
        assert (arc.changes, stages()) == (moved, written)


def test_the_last_region_that_carries_traffic_is_left_only_for_a_named_one(
    arc: Cluster, tmp_path: Path
) -> None:
    assert glass(arc, tmp_path, "us-east-1")[0] == 0
    code, told, _ = glass(arc, tmp_path, "us-east-1", "--to", "us-west-2")
    assert (code, "left already" in told["sentence"]) == (1, True)
    code, told, _ = glass(arc, tmp_path, "us-west-2")
    assert (code, "last Region that carries traffic" in told["sentence"]) == (1, True)
    code, told, _ = glass(arc, tmp_path, "us-west-2", "--to", "us-east-1")
    assert (code, told["stage"]) == (0, "applied")
    assert arc.changes[4:] == [(f"use1-{s}", True) for s in "abcd"] + [(f"usw2-{s}", False) for s in "abcd"]


def test_without_a_place_to_write_the_intent_nothing_is_sent(arc: Cluster, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "tidegate").write_text("a file where a folder should be", encoding="utf-8")
    code, told, _ = glass(arc, tmp_path, "us-east-1")
    assert code == 4
    assert "nothing was sent" in told["sentence"]
    assert any("update-routing-control-states" in line for line in told["aws"])
    assert arc.changes == []


def test_a_record_that_was_cut_is_said_and_stops_nobody(arc: Cluster, tmp_path: Path) -> None:
    assert glass(arc, tmp_path, "us-east-1")[0] == 0
    file = tmp_path / "state" / "tidegate" / "break-glass.jsonl"
    file.write_text(file.read_text(encoding="utf-8").splitlines(keepends=True)[0], encoding="utf-8")
    code, told, noted = glass(arc, tmp_path, "us-west-2", "--to", "us-east-1")
    assert (code, told["stage"]) == (0, "applied")
    assert "the record on this machine is damaged: the record ends at line 1: line 2 is missing" in noted
    assert [entry.number for entry in local_record().read().entries] == [1, 3, 4]


def test_without_a_place_for_the_head_it_is_said_and_stops_nobody(arc: Cluster, tmp_path: Path) -> None:
    (tmp_path / "state" / "tidegate" / "break-glass.head.new").mkdir(parents=True)
    code, _, noted = glass(arc, tmp_path, "us-east-1")
    assert (code, arc.changes) == (0, EAST)
    assert "break-glass.head could not be written" in noted


def test_a_config_that_is_none_or_lacks_a_region_is_bad_input(tmp_path: Path) -> None:
    code, told, _ = run("break-glass", "us-east-1", "--config", str(tmp_path / "no.json"))
    assert (code, told["exit_code"]) == (2, 2)
    (tmp_path / "half.json").write_text('{"account": "1"', encoding="utf-8")
    assert run("break-glass", "us-east-1", "--config", str(tmp_path / "half.json"))[0] == 2
    assert run("break-glass", "us-east-1")[0] == 2


class Live:
    """A deployment that is nobody's rehearsal: the command asks, and needs credentials."""

    def __init__(self, arc: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        config = arc.config(folder, endpoint_url=None)
        self.command = [str(BIN / "tidegate"), "break-glass", "us-east-1", "--config", config]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")

    def run(self, typed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command, input=typed, capture_output=True, text=True, timeout=60, check=False
        )


def test_live_it_asks_for_the_region_typed_out(
    arc: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(arc, tmp_path, monkeypatch)
    done = live.run("us-east\n")
    assert (done.returncode, arc.changes, stages()) == (1, [], [])
    assert "Type us-east-1 to go on" in done.stderr
    assert "deployment.json: storefront in 123456789012" in done.stderr
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = live.run("us-east-1\n")
    assert (done.returncode, arc.changes) == (2, [])
    assert "no AWS credentials are at hand" in done.stderr


def test_live_it_moves_once_the_region_is_typed_and_says_whose_credentials_did_it(
    arc: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Live(arc, tmp_path, monkeypatch).run("us-east-1\n")
    assert (done.returncode, arc.changes) == (0, EAST), done.stderr
    assert "us-east-1 was left for us-west-2" in done.stdout
    assert {entry.body["credential"] for entry in local_record().read().entries} == {"AKIDEXAMPLE"}


def test_controls_that_moved_while_the_person_was_asked_send_nothing(
    arc: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(arc, tmp_path, monkeypatch)
    with subprocess.Popen(
        live.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=0,
    ) as asked:
        assert asked.stdin is not None
        assert asked.stderr is not None
        told = iter(asked.stderr.readline, "")
        assert any("storefront in 123456789012" in line for line in told), "it did not ask"
        arc.controls._states["usw2-a"] = False
        arc.controls._start(arc.controls._states, {})
        said, _ = asked.communicate("us-east-1\n", timeout=60)
    assert asked.returncode == 1
    assert "the controls moved while you were asked" in said
    assert (arc.changes, stages()) == ([], [])


def test_the_printed_lines_do_the_same(arc: Cluster, tmp_path: Path) -> None:
    code, told, _ = run("runbook", "us-east-1", "--config", arc.config(tmp_path))
    assert code == 0
    blocks = told["markdown"].split("```")
    looks, moves = blocks[1].removeprefix("sh\n"), blocks[3].removeprefix("sh\n")
    entries = moves[: moves.index("]'\n") + 3]
    lines = moves[len(entries) :].splitlines()
    assert len(lines) == 5
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "HOME": str(tmp_path),
    }  # fmt: skip
    script = f"set -e\n{entries}{lines[2]}\nsleep 0.1\n{looks.splitlines()[0]}\n"
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert arc.changes == EAST
    assert "use1-a\tOff" in done.stdout
    assert "usw2-d\tOn" in done.stdout


def test_in_a_rehearsal_it_needs_no_config_and_the_journal_hears_of_it_once(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, "--ephemeral", "--policy", policy(tmp_path, controllers="[us-east-2]"))
    try:
        code, told = rehearsal.run("break-glass", "us-east-1", "--reason", "practice", "--as", "ana")
        assert (code, told["stage"], told["journalled"]) == (0, "applied", True), told
        (found,) = rehearsal.run("incidents")[1]["incidents"]
        assert told["next"] == f"The journal has it: `tidegate incidents show {found['id']}`."
        assert (found["intent"], found["phase"], found["requested_by"]) == ("break-glass", "settled", "ana")
        assert found["moved"] == dict.fromkeys(("use1-a", "use1-b", "use1-c", "use1-d"), "Off")
        assert rehearsal.run("break-glass", "--journal")[1]["journalled"] == 0
        # What could not be journalled then is brought in by the next look.
        record = LocalRecord(tmp_path / "tidegate")
        first = record.read().entries[0]
        waiting = record.append({**first.body, "stage": "refused"})
        doctor = rehearsal.run("doctor")[1]["findings"]
        row = next(each for each in doctor if each["check"] == "break-glass record")
        assert (row["verdict"], "1 line of break-glass on this machine" in row["says"]) == ("bad", True), row
        code, told = rehearsal.run("status")
        assert (code, told["break_glass"]) == (0, {"lines": 3, "waiting": 0, "amiss": []})
        assert rehearsal.run("status")[0] == 0
        table = ("dynamodb", "scan", "--table-name", "tidegate-journal")
        items = rehearsal.aws(rehearsal.told["aws"], rehearsal.told["region"], *table)["Items"]
        bodies = [json.loads(item["body"]["S"]) for item in items if item.get("kind") == {"S": "BrokeGlass"}]
        stages = [body["data"]["stage"] for body in bodies]
        assert stages == ["intended", "applied", "refused"]
        at = rehearsal.told["aws"], rehearsal.told["region"]
        people = rehearsal.aws(*at, *table[:-1], "tidegate-people")
        names = {item["id"]["S"]: item["name"]["S"] for item in people["Items"] if "name" in item}
        assert names[bodies[0]["by"]] == "ana"
        assert bodies[2]["data"]["record_hash"] == waiting.hash
        _cut_and_rewrite(rehearsal, tmp_path / "tidegate")
    finally:
        assert rehearsal.stop() == 0


def _cut_and_rewrite(rehearsal: Rehearsal, folder: Path) -> None:
    """With all three lines in the journal, also who has the key is found out."""
    file, head = folder / "break-glass.jsonl", folder / "break-glass.head"
    whole = file.read_text(encoding="utf-8")
    head.unlink()
    (folder / "break-glass.jsonl").unlink()
    record = LocalRecord(folder)
    forged = record.append({**json.loads(whole.splitlines()[0])["body"], "reason": "nothing of note"})
    assert forged.number == 1
    code, told = rehearsal.run("break-glass", "--journal")
    assert (code, told["journalled"]) == (1, 1)
    assert any("line 1 is another here than in event " in each for each in told["amiss"])
    assert any("line 3 is gone here" in each for each in told["amiss"])
    amiss = rehearsal.run("status")[1]["break_glass"]["amiss"]
    assert any("line 1 is another here than in event " in each for each in amiss)


def test_the_runbook_of_a_shadow_without_a_cluster_is_refused(tmp_path: Path) -> None:
    """Its objects are placeholders: no health check reads what the lines would write."""
    bucket = {"name": "placeholder-bucket", "region": "us-east-2"}
    standby = {
        "bucket_by_region": dict.fromkeys(("us-east-1", "us-west-2"), bucket),
        "objects": {"use1-a": "use1-a.off"},
    }
    file = tmp_path / "shadow.json"
    for watched, expected in ((False, 1), (True, 0)):
        data = {**DEPLOYMENT, "arc": None, "standby": {**standby, "health_checks": watched}}
        file.write_text(json.dumps(data), encoding="utf-8")
        code, told, _ = run("runbook", "us-east-1", "--config", str(file))
        assert (code, "shadow has no switch yet" in str(told)) == (expected, not watched), told
