"""The whole engine as JSON-able data, and back: what `tidegate up` keeps over a restart."""

from dataclasses import asdict, fields
from typing import Any

from controller.rehearsal.engine.records import Execution, Machine, Strand, TaskRun

VERSION = 1


def dumped(machines: dict[str, Machine], executions: dict[str, Execution]) -> dict[str, Any]:
    """Each distinct definition is written once."""
    definitions: dict[str, int] = {}
    kept = []
    for execution in executions.values():
        data = {member.name: getattr(execution, member.name) for member in fields(execution)}
        data["definition"] = definitions.setdefault(execution.definition, len(definitions))
        data["strands"] = [asdict(strand) for strand in execution.strands.values()]
        data["events"] = list(execution.events)  # only ever appended to: no need to copy each
        kept.append(data)
    return {
        "version": VERSION,
        "machines": [asdict(machine) for machine in machines.values()],
        "definitions": list(definitions),
        "executions": kept,
    }


def read_machines(data: dict[str, Any]) -> list[Machine]:
    if data.get("version") != VERSION:
        raise ValueError(f"a dump of version {VERSION} is needed")
    return [Machine(**machine) for machine in data["machines"]]


def read_executions(data: dict[str, Any]) -> list[Execution]:
    executions = []
    for item in data["executions"]:
        strands = [
            Strand(**{**strand, "task": None if strand["task"] is None else TaskRun(**strand["task"])})
            for strand in item["strands"]
        ]
        members = {**item, "definition": data["definitions"][item["definition"]]}
        members["strands"] = {strand.number: strand for strand in strands}
        executions.append(Execution(**members))
    return executions
