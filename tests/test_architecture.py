"""The architecture, as far as import contracts cannot say it: lengths, names, circles, docstrings, errors."""

import ast
import json
import re
from pathlib import Path

import grimp
import pytest

from controller.core.journal.event import Draft, Event, Written
from controller.entry.lambdas import HANDLERS
from controller.ports import errors
from tests.support.sources import CODE, existing, module_of, sources

ROOT = CODE
SOURCES = sources(least=350)
DEPLOYING = existing((CODE.parent / "infra").rglob("*.py"), least=40)
"""What makes the templates; held to the same lengths."""
WHOLES = ("steps/workflow/", "ports/", "entry/cli/")
TOLD_APART = {
    *(f"core: {name}" for name in ("fold",)),
    *(f"entry: {name}" for name in ("break_glass", "fleet", "people", "replay", "signals", "status")),
    *(
        f"lab: {name}"
        for name in ("catalogue", "controllers", "evidence", "observer", "play", "report", "run")
    ),
    *(f"rehearsal: {name}" for name in ("api", "records", "server")),
}
"""Room and name of what stands twice in a room, each in a folder whose noun says which: `sqs/api`,
`dns/server`.
"""
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
    measured = [*SOURCES, *DEPLOYING]
    lengths = {str(s): len(s.read_text(encoding="utf-8").splitlines()) for s in measured}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("controller")


def test_a_short_module_has_two_importers_in_its_room_or_is_a_whole_of_its_own(
    graph: grimp.ImportGraph,
) -> None:
    """A whole of its own: a workflow state, a Protocol, a command, or the face of a package."""
    alone = []
    for source in SOURCES:
        place, module = str(source.relative_to(ROOT)), module_of(source)
        short = len(source.read_text(encoding="utf-8").splitlines()) < 40
        if not short or source.name == "__init__.py" or place.startswith(WHOLES):
            continue
        room = module.split(".")[1]
        importers = {m for m in graph.find_modules_that_directly_import(module) if m.split(".")[1] == room}
        if len(importers) < 2:
            alone.append(f"{place}: {sorted(importers)}")
    assert alone == []


def test_two_files_of_a_room_share_a_name_only_where_their_folders_tell_them_apart() -> None:
    places: dict[tuple[str, str], list[str]] = {}
    for source in SOURCES:
        room, *rest = source.relative_to(ROOT).parts
        if rest and source.name != "__init__.py":
            places.setdefault((room, source.stem), []).append("/".join(rest))
    shared = {f"{room}: {name}" for (room, name), found in places.items() if len(found) > 1}
    assert shared == TOLD_APART
    for (room, name), found in places.items():
        assert sum("/" not in each for each in found) <= 1, (room, name, found)


def test_no_modules_import_each_other_in_a_circle(graph: grimp.ImportGraph) -> None:
    """Tarjan's strongly connected components: each of one module alone."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles: list[set[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in graph.find_modules_directly_imported_by(module):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == number[module]:
            circle = set(stack[stack.index(module) :])
            del stack[stack.index(module) :]
            if len(circle) > 1:
                circles.append(circle)

    ours = sorted(graph.modules)
    assert len(ours) >= 350
    for module in ours:
        if module not in number:
            visit(module)
    assert circles == []


QUESTIONS = re.compile(r"(What|Whether|Why|Who|Whose|How|Where|When|Which)\b")
SHOWN = ("entry/cli/",)
"""Where docstrings are the help of commands."""


@pytest.mark.parametrize("room", ["core", "steps", "ports", "aws"])
def test_a_docstring_opens_with_a_short_sentence_and_no_question(room: str) -> None:
    wrong = []
    for source in sources(room, least=5):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) or _is_model(node):
                continue
            first = (ast.get_docstring(node) or "").partition("\n")[0]
            ended = not first or first.endswith((".", ":", "?"))
            if QUESTIONS.match(first) or len(first.split()) >= 15 or not ended:
                wrong.append(f"{source.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {first}")
    assert wrong == []


def test_no_docstring_opens_with_a_question() -> None:
    """But the help of a command, and what a published schema says of a model."""
    wrong = []
    for source in SOURCES:
        if str(source.relative_to(ROOT)).startswith(SHOWN):
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and not _is_model(node):
                first = (ast.get_docstring(node) or "").partition("\n")[0]
                if QUESTIONS.match(first):
                    wrong.append(f"{source.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {first}")
    assert wrong == []


def _is_model(node: ast.AST) -> bool:
    """Return True for a pydantic model: its docstring is the description in a schema."""
    bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
    return any(base.endswith(("Model", "Strict", "_Said", "Strict]")) for base in bases)


def test_no_function_is_longer_than_fifty_lines() -> None:
    found = [
        (f"{source}: {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for source in (*SOURCES, *DEPLOYING)
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(found) >= 3000
    assert [each for each in found if each[1] > 50] == []


def test_one_library_escapes_text_for_html_and_xml() -> None:
    """A second one would escape other characters, or none in an attribute."""
    other = re.compile(
        r"\bsaxutils\b|\bcgi\b|from html import (?!unescape\b)|import html\b|&(?:amp|lt|quot|#x27);"
    )
    users = [source for source in SOURCES if "markupsafe" in source.read_text(encoding="utf-8")]
    assert len(users) >= 8
    assert [str(s.relative_to(ROOT)) for s in SOURCES if other.search(s.read_text(encoding="utf-8"))] == []


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
    assert caught_by_all == {
        "ControllerError", "JournalUnreadable", "PolicyUnreadable", "SwitchRefused", "TokenClosed",
    }  # fmt: skip


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


RAW_READERS = {
    "core/event_size.py": "shortens what is for people alone, whatever the kind",
    "core/journal/event.py": "the one reader and writer of an event's text",
    "entry/cli/status.py": "prints all that any event says",
    "lab/simulate/world/journal_record.py": "sees a plan as the table has it, not as the controller read it",
    "steps/incident/approvals.py": "measures what a request says before it is written",
}
"""Modules that see the members of an event as plain data, and why."""


def test_what_an_event_says_is_read_by_its_type(graph: grimp.ImportGraph) -> None:
    """No `data["…"]` of an event: it has none, and its JSON is read and written in one place."""
    plain = {name for each in (Event, Draft, Written) for name in each.__slots__ if name == "data"}
    assert plain == set()
    readers = {
        str(source.relative_to(ROOT))
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "controller.core.journal.body"
        if {alias.name for alias in node.names} & {"body_of", "members"}
    }
    assert readers == set(RAW_READERS)
