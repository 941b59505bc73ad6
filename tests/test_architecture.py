"""The walls of the house, where import-linter cannot see them."""

import ast
import json
from pathlib import Path

import pytest

from controller.entry.lambdas import HANDLERS
from controller.ports import errors
from tests.support.sources import CODE, sources

ROOT = CODE
SOURCES = sources(least=350)
WORKFLOW = json.loads((ROOT / "workflow.asl.json").read_text(encoding="utf-8"))
TASKS = {name: state for name, state in WORKFLOW["States"].items() if state["Type"] == "Task"}
OURS = {name for name, kind in vars(errors).items() if isinstance(kind, type)}


def _names(source: Path) -> set[str]:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_only_wiring_reads_the_environment() -> None:
    readers = {str(s.relative_to(ROOT)) for s in SOURCES if _names(s) & {"environ", "getenv", "environb"}}
    assert readers == {"wiring.py"}


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {str(s.relative_to(ROOT)): len(s.read_text(encoding="utf-8").splitlines()) for s in SOURCES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_importing_any_module_of_the_core_needs_no_third_party_but_pydantic_and_cronsim() -> None:
    allowed = {"pydantic", "cronsim", "controller"}
    for source in sources("core", least=30):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                top = node.module.partition(".")[0]
                assert top in allowed or top in _STANDARD, f"{source}: {node.module}"


_STANDARD = {"bisect", "collections", "contextlib", "dataclasses", "datetime", "difflib", "enum",
             "functools", "hashlib", "itertools", "json", "math", "operator", "re", "typing", "unicodedata",
             "zoneinfo"}  # fmt: skip


def test_the_workflow_invokes_functions_that_exist_and_every_function_is_invoked() -> None:
    invoked = {state["Parameters"]["FunctionName"].strip("${}") for state in TASKS.values()}
    assert invoked == set(HANDLERS) - {"Tick"}


def test_the_workflow_and_the_error_tree_name_the_same_errors() -> None:
    named = {
        error
        for state in TASKS.values()
        for rule in [*state.get("Retry", ()), *state.get("Catch", ())]
        for error in rule["ErrorEquals"]
        if not error.startswith(("States.", "Lambda."))
    }
    assert named <= OURS
    caught_by_all = OURS - named
    # What no rule names falls to States.ALL (a page), or ends at the step that meets it (a value, a refusal).
    assert caught_by_all == {"ControllerError", "JournalUnreadable", "SwitchRefused", "TokenClosed"}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_ends_and_fails_into_a_state_and_never_into_silence(name: str) -> None:
    state = TASKS[name]
    assert {"TimeoutSeconds", "TimeoutSecondsPath"} & set(state)
    if state["Resource"].endswith("waitForTaskToken"):
        assert "HeartbeatSeconds" in state
        caught = next(c["ErrorEquals"] for c in state["Catch"] if "States.Timeout" in c["ErrorEquals"])
        assert "States.HeartbeatTimeout" in caught
    if name not in ("Observe", "Escalate", "HandOver"):
        assert any("States.ALL" in rule["ErrorEquals"] for rule in state["Catch"])
    assert state["Retry"]


def test_the_workflow_holds_no_threshold() -> None:
    text = json.dumps(WORKFLOW)
    assert "NumericGreaterThan" not in text
    assert "NumericLessThan" not in text
