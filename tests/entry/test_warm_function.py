"""The event that keeps a function warm is answered once all stands, and does nothing else."""

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from controller import wiring
from controller.entry import lambdas
from controller.rehearsal.wire.botocore_client import virtual_clients
from tests.support.drill_run import ALONE, set_up

Called = list[str]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Iterator[Called]:
    """Every call of a deployed function to AWS, in a rehearsal that answers them."""
    stage, _ = set_up(**ALONE)
    (deployment,) = stage.deployments.values()
    seen: Called = []
    handle = stage.cloud.wire.handle

    def counted(request: Any, *where: Any) -> Any:
        seen.append(request.path)
        return handle(request, *where)

    monkeypatch.setattr(stage.cloud.wire, "handle", counted)
    clients = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)
    built: list[dict[str, lambdas.Handler]] = []

    def deployed() -> dict[str, lambdas.Handler]:
        if not built:
            deps = wiring.build(deployment, clients=clients, runtime=stage.runtime)
            built.append(lambdas.bound(deps, io.StringIO(), "warm"))
        return built[0]

    monkeypatch.setattr(lambdas, "_deployed", deployed)
    yield seen
    assert built, "a function that stays cold was kept warm for nothing"


@pytest.mark.parametrize("name", sorted(lambdas.HANDLERS))
def test_a_warm_event_touches_nothing_outside(called: Called, name: str) -> None:
    context = SimpleNamespace(function_name=f"tidegate-{name}")
    assert lambdas.handler(dict(lambdas.WARMING), context) == {"warm": True}
    assert called == []


@pytest.mark.parametrize("event", [{}, {"tidegate": "warm", "incident": "x"}, {"tidegate": "cold"}])
def test_any_other_event_is_work(called: Called, event: dict[str, Any]) -> None:
    lambdas.handler(event, SimpleNamespace(function_name="tidegate-Tick"))
    assert called
