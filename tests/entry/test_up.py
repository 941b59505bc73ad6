"""`tidegate up` on real sockets: the aws CLI, DNS, and what people do from another terminal."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from controller.core.person import ids_in, person_id
from tests.support.running_rehearsal import BIN, Rehearsal, policy

ALONE = "[us-east-2]"
"""One controller, where it is not the controllers that are looked at."""


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    home = tmp_path_factory.mktemp("state")
    running = Rehearsal(home, "--ephemeral", "--policy", policy(home))
    yield running
    assert running.stop() == 0


def test_a_person_moves_traffic_and_everything_can_be_looked_at(rehearsal: Rehearsal) -> None:
    told = rehearsal.told
    assert rehearsal.resolve() == "us-east-1"
    code, refused = rehearsal.run("evacuate", "mars-east-1", "--reason", "typo")
    assert (code, refused["ok"]) == (2, False)
    assert "expected one of: us-east-1, us-west-2" in refused["sentence"]
    for command in ("restore", "drill"):
        assert rehearsal.run(command, "mars-east-1", "--reason", "typo")[0] == 2

    code, opened = rehearsal.run("evacuate", "us-east-1", "--reason", "drill by hand", "--as", "ana")
    assert code == 0, opened
    code, wrong = _answer(rehearsal, "not the code of this plan", "--as", "ben", "--code", "00000000")
    assert (code, wrong["schema"]) == (1, "tidegate.error/v1")
    code, own = _answer(rehearsal, "cannot approve", "--as", "ana", "--yes")
    assert (code, own["ok"]) == (1, False)
    code, approved = _answer(rehearsal, "approved by ben", "--as", "ben", "--reason", "seen", "--yes")
    assert code == 0, approved
    code, again = rehearsal.run("deny", approved["request"], "--as", "cem")
    assert (code, again["ok"]) == (1, False)

    _until(lambda: rehearsal.resolve() == "us-west-2" or _approved_again(rehearsal))
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
    histories = list(_histories(rehearsal, incident))
    assert histories
    for events in histories:
        assert events[0]["type"] == "ExecutionStarted"
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert "TaskSubmitted" in {event["type"] for events in histories for event in events}
    _until(lambda: {"IncidentOpened", "ApprovalGiven", "ShiftIntended", "ShiftApplied"} <= _kept(rehearsal))
    alarms = rehearsal.aws(told["aws"], "us-east-1", "cloudwatch", "describe-alarms")
    described = {alarm["AlarmName"] for alarm in alarms["MetricAlarms"]}
    assert {"storefront-us-east-1-5xx", "storefront-us-east-1-latency"} <= described

    code, shown = rehearsal.run("incidents", "show", incident)
    assert code == 0
    assert shown["chain_whole"] is True
    by = {event["kind"]: event["by"] for event in shown["events"]}
    assert (by["IncidentOpened"], by["ApprovalGiven"]) == ("ana", "ben")
    says = {event["kind"]: (event["says"], event["data"]) for event in shown["events"]}
    assert says["ApprovalGiven"][0].startswith("approved by ben in a rehearsal")
    assert says["ApprovalGiven"][1]["door"] == "rehearsal"
    assert "did not count" in says["AnswerRefused"][0]
    assert says["ShiftIntended"][1]["approved"] == says["ApprovalRequested"][1]["plan"]


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


def test_the_record_is_exported_checked_and_counted(rehearsal: Rehearsal, tmp_path: Path) -> None:
    bundle, page, pem = tmp_path / "record.tar", tmp_path / "review.html", tmp_path / "key.pem"
    code, made = rehearsal.run("audit", "export", "--out", str(bundle), "--from", "-1d", "--archive")
    assert (code, made["whole"], made["unread"], made["policies_missing"]) == (0, True, [], [])
    assert min(made["assessments"].values()) > 0
    assert made["archived"]["place"].startswith("s3://tidegate-audit-us-")
    code, key = rehearsal.run("audit", "key")
    pem.write_text(key["pem"])
    code, found = rehearsal.run("audit", "verify", str(bundle), "--key", str(pem))
    assert (code, found["whole"], found["signed_by"]["known"]) == (0, True, True)
    assert found["signed_by"]["fingerprint"] == key["fingerprint"]
    whole = bundle.read_bytes()
    (person, *_) = sorted(ids_in(whole.decode("latin-1")))
    bundle.write_bytes(
        whole.replace(f'"by":"{person}"'.encode(), f'"by":"{person_id("e" * 20)}"'.encode(), 1)
    )
    code, wrong = rehearsal.run("audit", "verify", str(bundle), "--fingerprint", key["fingerprint"])
    assert (code, wrong["wrong"]["file"], wrong["wrong"]["at"][:6]) == (1, "journal.jsonl", "event ")
    bundle.write_bytes(b"PK\x03\x04")
    assert rehearsal.run("audit", "verify", str(bundle))[0] == 2
    assert rehearsal.run("audit", "export", "--out", str(bundle), "--incident", "none")[0] == 1
    code, told = rehearsal.run("audit", "report", "--from", "-1d", "--html", str(page))
    assert code == 0
    assert (told["evacuations"]["by_person"], told["also"]["commands_refused"] > 0) == (1, True)
    assert "evacuations moved traffic" in page.read_text(encoding="utf-8")


def test_an_assessment_that_somebody_deleted_is_said_by_the_export(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    where, table = (rehearsal.told["aws"], "us-east-2"), ("--table-name", "tidegate-assessments")
    of = ("--expression-attribute-values", json.dumps({":a": {"S": "storefront"}}))
    asked = ("query", *table, "--key-condition-expression", "application = :a", *of, "--max-items", "5")
    items = rehearsal.aws(*where, "dynamodb", *asked)["Items"]
    key = json.dumps({name: items[3][name] for name in ("application", "at")})
    rehearsal.aws(*where, "dynamodb", "delete-item", *table, "--key", key, "--return-values", "ALL_OLD")
    code, made = rehearsal.run("audit", "export", "--out", str(tmp_path / "r.tar"), "--from", "-1d")
    assert (code, made["whole"], made["wrong"]["at"]) == (1, False, f"record {items[3]['count']['N']}")
    assert f"assessment {items[3]['count']['N']} of us-east-2 is missing" in made["wrong"]["says"]


def test_a_first_policy_is_drafted_from_what_runs(rehearsal: Rehearsal, tmp_path: Path) -> None:
    code, made = rehearsal.run("init", "--from-account", "--context", "rehearsal", "--out", str(tmp_path))
    assert made["unread"] == []
    assert (code, made["loads"], made["fill_in"]) == (0, True, [])
    arc = json.loads((tmp_path / "arc.json").read_text())
    assert arc["endpoints"] == rehearsal.told["arc"]
    again = ("init", "--from-account", "--context", "rehearsal", "--out", str(tmp_path))
    code, refused = rehearsal.run(*again)
    assert (code, refused["schema"]) == (2, "tidegate.error/v1")
    assert rehearsal.run(*again, "--force")[0] == 0
    assert rehearsal.run("init")[0] == 2


def test_the_doctor_sees_all_of_a_rehearsal(rehearsal: Rehearsal) -> None:
    """It may still be silent here and there; but nothing hides, and the switch is as configured."""
    code, told = rehearsal.run("doctor")
    assert (code, told["schema"], told["well"]) == (1, "tidegate.doctor/v1", False)
    rows = {(row["check"], row["where"]): row["verdict"] for row in told["findings"]}
    assert [row for row in told["findings"] if row["verdict"] == "unknown"] == []
    well = ("safety rules", "record tree", "record ttl")
    assert [rows[check, ""] for check in well] == ["ok", "ok", "ok"]
    assert {rows["version", region] for region in ("us-east-2", "us-west-2", "us-east-1")} == {"ok"}
    assert len([check for check, _ in rows if check == "arc endpoint"]) == 5


def test_state_survives_a_restart_and_a_second_one_is_refused(tmp_path: Path) -> None:
    options = ("--policy", policy(tmp_path, controllers=ALONE))
    first = Rehearsal(tmp_path, *options)
    try:
        assert first.run("disarm", "--reason", "before the restart", "--as", "ana")[0] == 0
        second = Rehearsal(tmp_path, *options)
        assert second.ended() == 1
        assert second.told["error"].startswith("a rehearsal runs already")
    finally:
        assert first.stop() == 0
    assert not (tmp_path / "tidegate" / "rehearsal.json").exists()
    third = Rehearsal(tmp_path, *options)
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


def _answer(rehearsal: Rehearsal, told: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Answer the question that waits until that says `told`: on a busy machine another controller may take
    over meanwhile, and ask anew."""

    def look() -> tuple[int, dict[str, Any]] | None:
        request = _request(rehearsal)
        code, said = rehearsal.run("approve", request, *words) if request else (0, {})
        return (code, said) if told in said.get("sentence", said.get("error", "")) else None

    answer: tuple[int, dict[str, Any]] = _until(look)
    return answer


def _approved_again(rehearsal: Rehearsal) -> None:
    """Where a takeover put the question anew after it was answered: answer that one as well."""
    if request := _request(rehearsal):
        rehearsal.run("approve", request, "--as", "ben", "--yes")


def _histories(rehearsal: Rehearsal, incident: str) -> Iterator[list[dict[str, Any]]]:
    """Of each execution for the incident, in whichever controller's Region it runs."""
    url = rehearsal.told["aws"]
    for controller in rehearsal.told["controllers"]:
        region, machine = controller["region"], controller["state_machine"]
        listed = rehearsal.aws(
            url, region, "stepfunctions", "list-executions", "--state-machine-arn", machine
        )
        for each in listed["executions"]:
            if each["name"].startswith(f"evacuate-{incident}"):
                arn = ("--execution-arn", each["executionArn"])
                yield rehearsal.aws(url, region, "stepfunctions", "get-execution-history", *arn)["events"]


def _kept(rehearsal: Rehearsal) -> set[str]:
    """The kinds of event in the journal's table."""
    table = ("dynamodb", "scan", "--table-name", "tidegate-journal")
    scanned = rehearsal.aws(rehearsal.told["aws"], rehearsal.told["region"], *table)
    return {item["kind"]["S"] for item in scanned["Items"] if "kind" in item}


def _until(look: Any) -> Any:
    """Whatever `look` gives once it gives something; gives up after three minutes."""
    ends = time.monotonic() + 180
    while time.monotonic() < ends:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    pytest.fail("it did not happen within three minutes")


def test_people_sign_in_to_each_console_over_the_wire_and_see_what_is_so_now(rehearsal: Rehearsal) -> None:
    consoles = [each["console"] for each in rehearsal.told["controllers"]]
    assert rehearsal.told["console"] in consoles
    for origin in consoles[:2]:
        with requests.Session() as browser:
            asked = browser.get(f"{origin}/", timeout=20)
            assert "Who are you" in asked.text
            fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text))
            issuer = asked.url.partition("/authorize")[0]
            back = browser.post(
                f"{issuer}/authorize", {**fields, "person": "u-ana"}, allow_redirects=False, timeout=20
            )
            # `requests` keeps Secure cookies from plain HTTP; browsers do for 127.0.0.1 alone.
            kept = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            done = requests.get(
                back.headers["location"], headers={"cookie": kept}, allow_redirects=False, timeout=20
            )
            assert done.status_code == 303, done.text
            session = "; ".join(f"{name}={value}" for name, value in done.cookies.items())
            page = requests.get(f"{origin}/health", headers={"cookie": session}, timeout=20)
            assert "ana@storefront.example" in page.text
            assert page.status_code == 200
