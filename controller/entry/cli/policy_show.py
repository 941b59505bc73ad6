"""`tidegate policy schema`, `compile`: a policy's language, and a policy as it is deployed."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.core.policy.validation import compiled
from controller.core.text import plain
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, problem_fields
from controller.lab.loader import load_policy
from controller.lab.places import PolicyRefused
from controller.lab.schema import policy_schema


def schema() -> None:
    """Print the JSON Schema of policy files, for editors and other tools."""
    sys.stdout.write(json.dumps(policy_schema(), indent=2, sort_keys=True) + "\n")


def compile_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")], as_json: AsJson = False
) -> None:
    """Print a policy as it is deployed: one JSON object, with all that it extends; its digest on stderr."""
    try:
        loaded = load_policy(file)
    except PolicyRefused as refused:
        fail(
            ExitCode.BAD_INPUT, str(refused.problems[0]), [problem_fields(each) for each in refused.problems]
        )
    policy = compiled(loaded.policy)
    files = [plain(str(each), 300) for each in loaded.files]
    fields = {"digest": loaded.policy.digest, "files": files, "policy": policy}

    def human() -> None:
        sys.stdout.write(json.dumps(policy, indent=2, ensure_ascii=True) + "\n")
        note(f"digest {loaded.policy.digest}")

    emit("policy-compile", fields, human, as_json=as_json)
