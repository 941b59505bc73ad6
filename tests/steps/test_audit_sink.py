"""The audit's sink is down: key, bucket, assessments. It holds up no evacuation, which asks it nothing."""

import ast

from controller.core.journal.kind import Kind
from tests.support.sources import CODE
from tests.support.world import failing
from tests.support.world_faults import Sent

ROOM = CODE
SINK = {"controller.audit.bundle.write", "controller.ports.audit", "controller.aws.audit.signing",
        "controller.aws.audit.locked_store", "controller.aws.dynamodb.stored_records"}  # fmt: skip


def test_with_the_sink_down_it_moves_within_ten_seconds_and_asks_nothing_of_it() -> None:
    def down(sent: Sent) -> str | None:
        return "hung" if sent.service == "s3" or sent.operation in ("Sign", "GetPublicKey") else None

    w = failing()
    w.down.add("us-east-2 tidegate-assessments")
    with w.troubled(down):
        assert w.until(w.has(Kind.SETTLED), 150)
    asked = {(call.service, call.operation) for call in w.calls}
    assert not asked & {("kms", "Sign"), ("kms", "GetPublicKey")}
    assert "s3" not in {service for service, _ in asked}
    at = {str(written.event.kind): written.at for written in w.ledger}
    assert at["ShiftApplied"] - at["IncidentOpened"] < 10


def imported(module: str, found: set[str]) -> set[str]:
    """All of ours that importing `module` brings in, or that a function of it would."""
    path = ROOM.joinpath(*module.split(".")[1:])
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    if module in found or not file.exists():
        return found
    found.add(module)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("controller"):
            imported(str(node.module), found)
            for name in node.names:
                imported(f"{node.module}.{name.name}", found)
    return found


def test_no_deployed_handler_can_reach_the_sink() -> None:
    reached = imported("controller.entry.lambdas", set())
    assert {"controller.steps.workflow.shift_traffic", "controller.aws.dynamodb.journal"} <= reached
    assert reached & SINK == set()
    assert imported("controller.entry.audit_sources", set()) >= SINK
