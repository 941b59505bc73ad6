"""Both files of a draft, and what still has to be filled in."""

import json
from dataclasses import dataclass
from pathlib import Path

from controller.lab.draft.found import found
from controller.lab.draft.policy import FILL_IN, policy_text
from controller.lab.loader import load_policy
from controller.lab.places import PolicyRefused
from controller.ports.account import AccountFacts, Panel
from controller.settings import Arc, Gate

POLICY, ARC = "policy.yaml", "arc.json"


class NoDraft(ValueError):  # noqa: N818
    """Nothing was written; one sentence."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The texts. missing: what could not be known, a sentence each; nothing of it is made up."""

    policy: str
    arc: str | None
    missing: tuple[str, ...]


def draft(facts: AccountFacts, application: str, panel: str | None = None) -> Draft:
    """Raises `NoDraft` where it is not clear which control panel is meant."""
    chosen = _panel(facts, panel)
    names = found(facts, chosen[1] if chosen else None)
    text = policy_text(application, names, facts.regions, (*facts.unread, *_unwatched(facts, chosen)))
    missing = [line.strip() for line in text.splitlines() if FILL_IN in line]
    if chosen is None:
        missing.append(f"{ARC}: no control panel with routing controls was found")
        return Draft(text, None, tuple(missing))
    endpoints, found_panel = chosen
    arc = Arc(
        endpoints=endpoints,
        panel=found_panel.arn,
        controls=dict(found_panel.controls),
        gates={name: Gate(control=c, rule=rule) for name, (c, rule) in found_panel.gates.items()},
        wait_period_s=found_panel.wait_period_s,
    )
    return Draft(text, json.dumps(arc.model_dump(mode="json"), indent=2) + "\n", tuple(missing))


def write(made: Draft, folder: Path, *, force: bool) -> tuple[Path, ...]:
    """The files' paths. Raises `NoDraft`; then none of them was touched."""
    files = {folder / POLICY: made.policy} | ({folder / ARC: made.arc} if made.arc is not None else {})
    there = [str(path) for path in files if path.exists()]
    if there and not force:
        raise NoDraft(f"{', '.join(there)}: there already; --force writes over it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NoDraft(f"{folder}: {error.strerror}") from error
    return tuple(files)


def refused(path: Path) -> tuple[str, ...]:
    """Why the policy does not load, a sentence for each place; none: it does."""
    try:
        load_policy(path)
    except PolicyRefused as error:
        return tuple(f"{p.line}:{p.column}: {p.path}: {p.message}" for p in error.problems)
    return ()


def _panel(facts: AccountFacts, name: str | None) -> tuple[dict[str, str], Panel] | None:
    every = [(dict(c.endpoints), p) for c in facts.clusters for p in c.panels if p.controls]
    named = [each for each in every if name in (None, each[1].name)]
    if len(named) > 1 or (name is not None and not named):
        known = ", ".join(panel.name for _, panel in every)
        raise NoDraft(f"say which control panel with --panel, one of: {known}")
    return named[0] if named else None


def _unwatched(facts: AccountFacts, chosen: tuple[dict[str, str], Panel] | None) -> tuple[str, ...]:
    """Controls that no health check reads move nothing."""
    watched = {check.about for check in facts.checks if check.kind == "RECOVERY_CONTROL"}
    controls = chosen[1].controls if chosen else {}
    if any(sentence.startswith("reading the health checks") for sentence in facts.unread):
        return ()
    return tuple(
        f"no health check reads the routing control {n}" for n, a in controls.items() if a not in watched
    )
