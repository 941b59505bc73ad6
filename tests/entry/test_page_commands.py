"""Commands of the pages of a deployment that can run: `tidegate`, and ARC's lines, in a rehearsal."""

import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from awscli.clidriver import create_clidriver

from controller.entry.cli.main import main
from tests.support.page_commands import Command, commands
from tests.support.running_rehearsal import Rehearsal, environment, policy
from tests.support.sources import ROOT

EVERY = commands()
ANSWERED = ("ack ", "approve ", "deny ", "hand-to-people ", "incidents show ", "stand-down ")
"""They need a question that waits, or an incident: tests/entry/test_up.py gives them."""
WORDS = {"REGION": "us-east-1", "WHY": "the page says so", "…": "the page says so"}
MOVING = ("arm ", "break-glass OTHER ", "drill ", "restore ")
"""They follow a move or a brake that is over: the workflow's own tests play them in their order."""
LEAVES = ("break-glass", "evacuate")
"""A Region is left once: of several such lines the first whole one is run."""
ELSEWHERE = (
    "audit export",
    "demo",
    "init",
    "journal restore",
    "people",
    "policy",
    "simulate",
    "up",
    "why --at",
)
"""`up` and `demo` are the rehearsal itself; `init`, `policy` and `simulate` need none; export and `why --at`
ask about real time; a lost journal and a person's name need a scene of their own."""
WELL = {"doctor": (0, 1)}
"""The doctor ends with 1 where a rehearsal lacks what an account has."""


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    home = tmp_path_factory.mktemp("state")
    running = Rehearsal(home, "--ephemeral", "--policy", policy(home))
    yield running
    assert running.stop() == 0


def shown(*without: str) -> list[Command]:
    found = [c for c in EVERY if c.tool == "tidegate" and not " ".join(c.words[1:]).startswith(without)]
    leaves = [c for c in found if c.words[1] in LEAVES and "--reason" in c.words]
    first = {c.words[1]: c for c in reversed(leaves)}
    once = [c for c in found if c.words[1] not in LEAVES or c is first[c.words[1]]]
    # What disarms comes last: a person's evacuation is refused after it.
    return sorted(once, key=lambda c: c.words[1] == "disarm")


RUN = shown(*ANSWERED, *ELSEWHERE, *MOVING)


def test_arcs_lines_turn_controls_on(rehearsal: Rehearsal) -> None:
    """Read off the page with their placeholders filled in, and played against the rehearsal's ARC."""
    page = [c for c in EVERY if c.page.endswith("turning-controls-on.md") and c.tool == "aws"]
    (read,) = (c for c in page if c.words[2] == "list-routing-controls")
    master, others = (c for c in page if c.words[2] == "update-routing-control-states")
    arns = [arn for name, (arn, _) in controls(rehearsal, read).items() if name.startswith("usw2")]
    turn(rehearsal, others, arns[:2], "Off")
    assert until(lambda: sorted(states(rehearsal, read)) == ["Off"] * 2 + ["On"] * 6)
    turn(rehearsal, master, arns[:1])
    turn(rehearsal, others, arns[:2])
    assert until(lambda: set(states(rehearsal, read)) == {"On"})


def test_every_command_of_the_pages_runs_in_a_rehearsal(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "build" / "synth"
    for folder in (here, tmp_path / "infra" / "config"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    assert {c.words[1] for c in RUN} >= {
        "assessments",
        "break-glass",
        "disarm",
        "doctor",
        "evacuate",
        "status",
    }
    for command in RUN:
        words = [WORDS.get(word, word) for word in command.words[1:]]
        words = [str(tmp_path / word) if word == "FILE" else word for word in words]
        more = ["--as", "ana"] if words[0] in ("disarm", "evacuate") else []
        more += ["--yes"] if words[0] == "break-glass" else []
        code = ended(rehearsal, [*words, *more])
        assert code in WELL.get(words[0], (0,)), command.line


def test_what_needs_no_rehearsal_runs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = [c.words[1:] for c in EVERY if c.words[2:] and c.words[3:] == ("policies/storefront.yaml",)]
    assert len(lines) >= 2
    assert [main(line) for line in lines] == [0] * len(lines)


def turn(rehearsal: Rehearsal, command: Command, arns: list[str], state: str = "On") -> None:
    """Play a line with the ARNs of this cluster."""
    entries = json.loads(command.words[-1])
    assert {entry["RoutingControlState"] for entry in entries} == {"On"}
    filled = [{"RoutingControlArn": arn, "RoutingControlState": state} for arn in arns[: len(entries)]]
    words = [*arc(rehearsal, command.words[:-1]), json.dumps(filled)]
    assert until(lambda: told(rehearsal, *words) is not None), "a rule refuses the next change for seconds"


def states(rehearsal: Rehearsal, command: Command) -> list[str]:
    return [state for _, state in controls(rehearsal, command).values()]


def until(look: Callable[[], bool]) -> bool:
    """Return True once it is so, False after a minute."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if look():
            return True
        time.sleep(0.2)
    return False


def controls(rehearsal: Rehearsal, command: Command) -> dict[str, tuple[str, str]]:
    rows = [line.split() for line in (told(rehearsal, *arc(rehearsal, command.words)) or "").splitlines()]
    return {name: (arn, state) for name, state, arn in rows}


def arc(rehearsal: Rehearsal, words: tuple[str, ...]) -> list[str]:
    """Return a line's words for the rehearsal: its endpoint, and its one panel by saying nothing."""
    kept = list(words[1:])
    kept[kept.index("--endpoint-url") + 1] = rehearsal.told["arc"]["us-west-2"]
    if "--control-panel-arn" in kept:
        at = kept.index("--control-panel-arn")
        del kept[at : at + 2]
    return kept


def told(rehearsal: Rehearsal, *words: str) -> str | None:
    """Return what the AWS command line prints; None where the service refuses."""
    said, noted = io.StringIO(), io.StringIO()
    with environment(rehearsal.env), redirect_stdout(said), redirect_stderr(noted):
        code = create_clidriver().main(list(words))
    assert code == 0 or "ConflictException" in noted.getvalue(), noted.getvalue()
    return said.getvalue() if code == 0 else None


def ended(rehearsal: Rehearsal, words: Sequence[str]) -> int:
    """Return the exit code of a line of `tidegate`."""
    with environment(rehearsal.env), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return main(list(words))
