"""What people's commands call is what their IAM policies grant: recorded at botocore while they run."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from infra.geography import ARC_ENDPOINTS
from infra.operators import policies
from infra.project import load
from tests.support.config_files import written
from tests.support.running_rehearsal import Rehearsal, policy

SERVICES = {"stepfunctions": "states"}
OPEN = {"sts:GetCallerIdentity"}
"""Nobody can be denied it."""
AS_ANOTHER = {"dynamodb:TransactWriteItems": "dynamodb:PutItem", "s3:HeadObject": "s3:GetObject"}
"""Call -> the action by which IAM knows it."""


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Duty -> its actions, in a deployment with routing controls."""
    folder = tmp_path_factory.mktemp("live")
    config = written(folder)
    panel = "arn:aws:route53-recovery-control::111122223333:controlpanel/0f"
    controls = [f"{region}-{letter}" for region in ("use1", "usw2") for letter in "abcd"]
    arc = {
        "endpoints": {region: f"https://{region}.example.com/v1" for region in ARC_ENDPOINTS},
        "panel": panel,
        "controls": {name: f"{panel}/routingcontrol/{n}" for n, name in enumerate(controls)},
    }
    (folder / "storefront.arc.json").write_text(json.dumps(arc), encoding="utf-8")
    found = policies(load(config, deployed=1.0))
    return {
        duty: {action for each in statements if each.effect == "Allow" for action in each.actions}
        for duty, statements in found.items()
    }


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    home = tmp_path_factory.mktemp("state")
    running = Rehearsal(home, "--ephemeral", "--policy", policy(home))
    yield running
    assert running.stop() == 0


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The IAM actions of every call that is made meanwhile; the calls go on as they are."""
    seen: set[str] = set()
    plain = BaseClient._make_api_call

    def spy(client: BaseClient, operation: str, params: Any) -> Any:
        service = client.meta.service_model.service_name
        action = f"{SERVICES.get(service, service)}:{operation}"
        seen.add(AS_ANOTHER.get(action, action))
        return plain(client, operation, params)

    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", spy)
        yield seen


def test_who_looks_calls_what_look_grants(
    rehearsal: Rehearsal, granted: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(monkeypatch) as seen:
        assert rehearsal.run("status")[0] == 0
        assert rehearsal.run("why")[0] == 0
        assert rehearsal.run("incidents")[0] == 0
        rehearsal.run("doctor")
    assert len(seen) > 10
    assert seen - granted["look"] - OPEN == set()


def test_who_acts_and_exports_calls_what_their_policies_grant(
    rehearsal: Rehearsal, granted: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    look, act = granted["look"], granted["act"]
    with recorded(monkeypatch) as seen:
        assert rehearsal.run("disarm", "--reason", "release", "--as", "ana")[0] == 0
        assert rehearsal.run("arm", "--as", "ana")[0] == 0
        assert rehearsal.run("evacuate", "us-east-1", "--reason", "by hand", "--as", "ana")[0] == 0
        assert _denied(rehearsal)
    assert {"dynamodb:PutItem", "states:StartExecution"} <= seen
    assert seen - look - act - OPEN == set()
    with recorded(monkeypatch) as seen:
        code, _ = rehearsal.run(
            "audit", "export", "--out", str(tmp_path / "a.tar"), "--from", "-1d", "--archive"
        )
        assert code == 0
    assert "kms:Sign" in seen
    assert seen - look - granted["audit"] - OPEN == set()


def _denied(rehearsal: Rehearsal) -> bool:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        found = rehearsal.run("incidents")[1]["incidents"]
        asked = found[0]["approval"] if found else None
        if asked and asked["status"] == "waiting":
            return rehearsal.run("deny", asked["id"], "--as", "ben")[0] == 0
        time.sleep(0.3)
    return False


def test_who_breaks_the_glass_needs_no_other_policy(
    rehearsal: Rehearsal, granted: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(monkeypatch) as seen:
        assert rehearsal.run("break-glass", "us-east-1", "--reason", "nothing else works", "--yes")[0] == 0
    assert "route53-recovery-cluster:UpdateRoutingControlStates" in seen
    assert seen - granted["break-glass"] - OPEN == set()
