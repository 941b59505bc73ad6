"""`tidegate up` on real sockets: the aws CLI, DNS, and what people do from another terminal."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest

from controller.entry.cli import main

BIN = Path(sys.executable).parent
SPEED = "40"


class Rehearsal:
    """A running `tidegate up`, and the commands that speak to it."""

    def __init__(self, home: Path, *options: str) -> None:
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "LOGNAME": "tester",
            "XDG_STATE_HOME": str(home),
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
        }
        command = [str(BIN / "tidegate"), "up", "--json", "--speed", SPEED, *options]
        self.process = subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.told: dict[str, Any] = json.loads(line) if line else {}

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        """One command, in this process: starting a new one for each would take most of the time."""
        said = io.StringIO()
        before = os.environ.get("XDG_STATE_HOME")
        os.environ["XDG_STATE_HOME"] = self.env["XDG_STATE_HOME"]
        try:
            with redirect_stdout(said), redirect_stderr(io.StringIO()):
                code = main([*words, "--json"])
        finally:
            os.environ.pop("XDG_STATE_HOME") if before is None else os.environ.update(XDG_STATE_HOME=before)
        return code, json.loads(said.getvalue())

    def aws(self, endpoint: str, region: str, *words: str) -> dict[str, Any]:
        command = [
            str(BIN / "aws"),
            "--endpoint-url",
            endpoint,
            "--region",
            region,
            "--output",
            "json",
            *words,
        ]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60, check=True)
        return dict(json.loads(done.stdout))

    def resolve(self) -> str:
        """The Region that a look-up of the public name leads to, from the first Region's resolver."""
        query = dns.message.make_query(self.told["name"] + ".", "A")
        port = int(self.told["dns"].rpartition(":")[2])
        answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=5)
        return next(str(item.target).partition(".")[0] for rrset in answer.answer for item in rrset
                    if rrset.rdtype.name == "CNAME")  # fmt: skip

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    running = Rehearsal(tmp_path_factory.mktemp("state"), "--ephemeral")
    yield running
    assert running.stop() == 0


def test_a_person_moves_traffic_and_everything_can_be_looked_at(rehearsal: Rehearsal) -> None:
    told, here = rehearsal.told, rehearsal.told["region"]
    assert rehearsal.resolve() == "us-east-1"
    code, refused = rehearsal.run("evacuate", "mars-east-1", "--reason", "typo")
    assert (code, refused["ok"]) == (1, False)
    assert "expected one of: us-east-1, us-west-2" in refused["sentence"]

    time.sleep(450 / float(SPEED))  # the target must have been healthy for five scenario minutes
    code, opened = rehearsal.run("evacuate", "us-east-1", "--reason", "drill by hand", "--as", "ana")
    assert code == 0, opened
    request = _until(lambda: _request(rehearsal))
    code, wrong = rehearsal.run("approve", request, "--as", "ben", "--code", "00000000")
    assert (code, wrong["schema"]) == (1, "tidegate.error/v1")
    assert "not the code of this plan" in wrong["error"]
    code, own = rehearsal.run("approve", request, "--as", "ana", "--yes")
    assert (code, own["ok"]) == (1, False)
    assert "cannot approve" in own["sentence"]
    code, approved = rehearsal.run("approve", request, "--as", "ben", "--reason", "seen", "--yes")
    assert code == 0, approved
    code, again = rehearsal.run("deny", request, "--as", "cem")
    assert (code, again["ok"]) == (1, False)

    _until(lambda: rehearsal.resolve() == "us-west-2")
    arc = told["arc"]["us-west-2"]
    listed = rehearsal.aws(arc, "us-west-2", "route53-recovery-cluster", "list-routing-controls")
    states = {c["RoutingControlName"]: c["RoutingControlState"] for c in listed["RoutingControls"]}
    assert {name for name, state in states.items() if state == "Off"} == {
        "use1-a",
        "use1-b",
        "use1-c",
        "use1-d",
    }

    incident = opened["incident"]
    arn = told["state_machine"].replace(":stateMachine:", ":execution:") + f":evacuate-{incident}"
    history = rehearsal.aws(
        told["aws"], here, "stepfunctions", "get-execution-history", "--execution-arn", arn
    )
    kinds = [event["type"] for event in history["events"]]
    assert kinds[0] == "ExecutionStarted"
    assert [event["id"] for event in history["events"]] == list(range(1, len(kinds) + 1))
    assert "TaskSubmitted" in kinds
    scanned = rehearsal.aws(told["aws"], here, "dynamodb", "scan", "--table-name", "tidegate-journal")
    kept = {item["kind"]["S"] for item in scanned["Items"] if "kind" in item}
    assert {"IncidentOpened", "ApprovalGiven", "ShiftIntended", "ShiftApplied"} <= kept
    alarms = rehearsal.aws(told["aws"], "us-east-1", "cloudwatch", "describe-alarms")
    described = {alarm["AlarmName"] for alarm in alarms["MetricAlarms"]}
    assert {"storefront-us-east-1-5xx", "storefront-us-east-1-latency"} <= described

    code, shown = rehearsal.run("incidents", "show", incident)
    assert code == 0
    assert shown["chain_whole"] is True
    by = {event["kind"]: event["by"] for event in shown["events"]}
    assert (by["IncidentOpened"], by["ApprovalGiven"]) == ("ana", "ben")


def test_status_why_and_the_kill_switch(rehearsal: Rehearsal) -> None:
    code, why = rehearsal.run("why")
    assert code == 0
    assert {record["region"] for record in why["regions"]} <= {"us-east-1", "us-west-2"}
    code, blind = rehearsal.run("why", "--at", "2020-01-01T00:00:00Z")
    assert code == 0
    assert "Nothing was decided" in blind["sentences"][0]
    assert rehearsal.run("why", "--at", "yesterday")[0] == 2
    assert rehearsal.run("disarm", "--reason", "release", "--as", "ana")[0] == 0
    code, status = rehearsal.run("status")
    assert (code, status["armed"]) == (0, False)
    code, refused = rehearsal.run("evacuate", "us-west-2", "--reason", "x", "--as", "ana")
    assert code == 1
    assert "disarmed by ana: release" in refused["sentence"]
    assert rehearsal.run("arm", "--as", "ana")[0] == 0
    assert rehearsal.run("status")[1]["armed"] is True


def test_state_survives_a_restart_and_a_second_one_is_refused(tmp_path: Path) -> None:
    first = Rehearsal(tmp_path)
    try:
        assert first.run("disarm", "--reason", "before the restart", "--as", "ana")[0] == 0
        second = Rehearsal(tmp_path)
        assert second.ended() == 1
        assert second.told["error"].startswith("a rehearsal runs already")
    finally:
        assert first.stop() == 0
    assert not (tmp_path / "tidegate" / "rehearsal.json").exists()
    third = Rehearsal(tmp_path)
    try:
        code, status = third.run("status")
        assert (code, status["armed"]) == (0, False)
    finally:
        assert third.stop() == 0


def test_a_port_in_use_is_one_clear_line(rehearsal: Rehearsal, tmp_path: Path) -> None:
    port = rehearsal.told["aws"].rpartition(":")[2]
    clash = subprocess.run(
        [str(BIN / "tidegate"), "up", "--ephemeral", "--port", port],
        env={**rehearsal.env, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert clash.returncode == 4
    assert clash.stderr.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 is taken" in clash.stderr


def _request(rehearsal: Rehearsal) -> str | None:
    found = rehearsal.run("incidents")[1]["incidents"]
    asked = found[0]["approval"] if found else None
    return asked["id"] if asked and asked["status"] == "waiting" else None


def _until(look: Any) -> Any:
    """Whatever `look` gives once it gives something; fails after a minute."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    pytest.fail("it did not happen within a minute")
