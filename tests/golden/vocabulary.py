"""The words of a version: what another one must know to take over a deployment of it, or to give it back.

```
 older ── update ──> newer     reads the older's events and payloads, has the functions of its executions
       <── roll back ──        the older one does the same for the newer's
```
`tests/golden/vocabulary/VERSION.json` keeps those of each release.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from controller.core.journal.event import FORMAT
from controller.core.journal.kind import AHEAD, KINDS
from controller.entry.lambdas import HANDLERS
from controller.steps.payload import SCHEMAS

KEPT = Path(__file__).parent / "vocabulary"
Words = Mapping[str, Any]


def vocabulary() -> dict[str, Any]:
    """Return the words of this version. formats, payloads: the last is the one that it writes."""
    text = files("controller").joinpath("workflow.asl.json").read_text(encoding="utf-8")
    return {
        "formats": list(range(1, FORMAT + 1)),
        "reads": sorted(KINDS),
        "writes": sorted(KINDS - AHEAD),
        "payloads": list(SCHEMAS),
        "functions": sorted(HANDLERS),
        "workflow": workflow(json.loads(text)["States"]),
    }


def workflow(states: Mapping[str, Any]) -> dict[str, Any]:
    """Return state -> the function that it calls, or the answers that it knows the way of."""
    found: dict[str, Any] = {}
    for name, state in states.items():
        if state["Type"] == "Task":
            called = state["Parameters"]["FunctionName"].removeprefix("${").removesuffix("}")
            found[name] = {"calls": called, "next": state["Next"]}
        elif state["Type"] == "Choice":
            routes = (each.get("StringEquals") for each in state["Choices"])
            found[name] = {"routes": sorted(each for each in routes if each)}
    return found


def released() -> dict[str, dict[str, Any]]:
    """Return version -> its words, the oldest first."""
    kept = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in KEPT.glob("*.json")}
    return dict(sorted(kept.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def breaks(older: Words, newer: Words) -> Iterator[str]:
    """Yield a sentence for each reason why one cannot take over from the other."""
    for one, other, way in ((older, newer, "an update"), (newer, older, "the way back")):
        for kind in sorted(set(one["writes"]) - set(other["reads"])):
            yield f"{way}: events of kind {kind} cannot be read"
        if one["formats"][-1] not in other["formats"]:
            yield f"{way}: format {one['formats'][-1]} of the journal cannot be read"
        if one["payloads"][-1] not in other["payloads"]:
            yield f"{way}: payload {one['payloads'][-1]} cannot be read"
        for state, each in sorted(one["workflow"].items()):
            if "calls" in each and each["calls"] not in other["functions"]:
                yield f"{way}: an execution that waits in {state} calls {each['calls']}, which is gone"
        for state, known, sent in _answers(one["workflow"], other["workflow"]):
            for answer in sorted(set(sent) - set(known)):
                yield f"{way}: an execution does not know the way of {answer!r} after {state}"


def _answers(running: Words, deployed: Words) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (state, the answers that a running execution routes, those that the deployed function gives)."""
    for state, each in running.items():
        if "calls" not in each or "routes" not in running.get(each["next"], {}):
            continue
        there = [s for s in deployed.values() if s.get("calls") == each["calls"]]
        for other in there:
            yield state, running[each["next"]]["routes"], deployed.get(other["next"], {}).get("routes", [])
