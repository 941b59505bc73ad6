"""The commands `tidegate break-glass` and `runbook`, which need little to move traffic.

They need only packaged config and credentials.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text

from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, parse_policy
from controller.core.text import sanitize
from controller.entry import break_glass as glass
from controller.entry.cli.options import ActAs, Reason, Yes, confirm, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, stdout
from controller.entry.context import Context, NoContext, read_deployment
from controller.lab.runbook import move_lines, whole
from controller.lab.runbook import runbook as page
from controller.ports.errors import ControllerError, SwitchUnavailable
from controller.ports.outside import RoutingControls
from controller.steps.operator.break_glass import Outcome, Outlook, move, plan_move, refuse_names, takes_over

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The deployment's JSON file; by default the context, or the rehearsal here."
    ),
]
To = Annotated[str | None, typer.Option("--to", help="The Region that takes over; by default the policy's.")]
Region = Annotated[str, typer.Argument(metavar="REGION", help="The Region to leave.")]
CONFIRM_WITHIN = 3.0
"""Seconds for another endpoint to show the change. After them the endpoint that answers decides."""


def break_glass(
    region: Annotated[str | None, typer.Argument(metavar="REGION", help="The Region to leave.")] = None,
    config: ConfigFile = None,
    to: To = None,
    reason: Reason = "",
    journal: Annotated[
        bool, typer.Option("--journal", help="Only bring the local record into the journal.")
    ] = False,
    act_as: ActAs = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Leave REGION with nothing but config and credentials: no table, no state machine. The floor binds."""
    context, policy = _opened(config)
    if journal:
        _bring_in(context, as_json=as_json)
        return
    if region is None:
        fail(ExitCode.BAD_INPUT, "say which REGION to leave, or --journal")
    _Glass(context, policy, region, to, reason, as_json, config).run(act_as, yes=yes)


def _bring_in(context: Context, *, as_json: bool) -> None:
    """Bring this machine's record into the journal, and say what is amiss."""
    deps = context.deps()
    try:
        brought = glass.journal_waiting(context, deps)
    except OSError as error:
        fail(ExitCode.NO, f"the record on this machine cannot be read: {error.strerror}")
    amiss = glass.standing(context.deployment, deps.journal.read(deps.application)).sentences
    said = f"{brought.added} records were brought into the journal"
    lines = [sanitize(each, 600) for each in (said, *amiss)]
    fields = {
        "ok": not amiss, "sentence": said, "journalled": brought.added,
        "incidents": list(brought.incidents), "amiss": lines[1:],
    }  # fmt: skip
    emit("break-glass", fields, lambda _: stdout().print(Text("\n".join(lines))), as_json=as_json)
    if amiss:
        raise typer.Exit(ExitCode.NO)


class _Glass:
    """One run of the command: its request and its answer."""

    def __init__(
        self, context: Context, policy: Policy, region: str, to: str | None, reason: str, as_json: bool,
        config: Path | None,
    ) -> None:  # fmt: skip
        self.context, self.policy, self.as_json, self.config = context, policy, as_json, config
        self.region, self.to, self.reason = sanitize(region, 60), to and sanitize(to, 60), reason
        self.records: list[dict[str, str]] = []

    def run(self, act_as: str | None, *, yes: bool) -> None:
        from controller import wiring
        from controller.aws.runtime import SystemRuntime

        wrong = refuse_names(self.policy, source=self.region, target=self.to)
        if wrong is not None:
            self._end(ExitCode.BAD_INPUT, wrong)
        runtime = SystemRuntime()  # a person's seconds, also in a rehearsal that runs fast
        clock = wiring.system_runtime(self.context.deployment)
        try:
            by = glass.person(self.context, act_as)
            if by is None:
                fail(ExitCode.BAD_INPUT, "no AWS credentials are at hand: export them, or choose a profile")
            switch = wiring.switch_of(
                self.context.deployment, self.policy, runtime=runtime, confirm_within=CONFIRM_WITHIN
            )
            seen = self._look(switch)
            self._show(seen)
            confirm(self.context, f"Traffic leaves {seen.source} for {seen.target}", self.region, yes=yes)
            again = seen if yes else self._look(switch)
        except NoContext as error:
            fail(ExitCode.BAD_INPUT, str(error))
        except SwitchUnavailable as error:
            self._unreachable(str(error), self.to or takes_over(self.policy, self.region, None))
        if again.plan != seen.plan or again.before != seen.before:
            self._end(ExitCode.NO, "the controls moved while you were asked; nothing was sent, look again")

        def write_down(body: Mapping[str, Any]) -> str:
            told = glass.signed(self.context, self.policy.application, by, self.reason, clock.now())
            try:
                entry = glass.local_record().append({**told, **body})
            except OSError as error:
                if body["stage"] == "intended":
                    raise
                note(f"tidegate: the result could not be written down: {error.strerror}")
                return ""
            for each in entry.amiss:
                note(f"tidegate: the record on this machine is damaged: {sanitize(each, 300)}")
            self.records.append(glass.written(entry))
            return entry.id

        try:
            outcome = move(self.policy, switch, runtime, again, write_down)
        except OSError as error:
            sentence = f"the intent could not be written down, nothing was sent: {error.strerror}"
            self._unreachable(sentence, again.target, ExitCode.INTERNAL, seen=again)
        self._finish(again, outcome)

    def _look(self, switch: RoutingControls) -> Outlook:
        seen = plan_move(self.policy, switch, source=self.region, target=self.to)
        if seen.refusal is not None:
            self._end(ExitCode.NO, seen.refusal)
        return seen

    def _show(self, seen: Outlook) -> None:
        """Print the deployment, the account and the planned moves, before any question."""
        note(f"{self.context.name}: {self.policy.application} in account {self.context.deployment.account}")
        for line in _table(self.policy, seen.before, seen.after):
            note(line)

    def _finish(self, seen: Outlook, outcome: Outcome) -> None:
        if outcome.stage == "unconfirmed":
            self._unreachable(outcome.sentence, seen.target, outcome=outcome, seen=seen)
        code = ExitCode.OK if outcome.stage == "applied" else ExitCode.NO
        self._end(code, outcome.sentence, outcome=outcome, target=seen.target)

    def _unreachable(
        self,
        why: str,
        target: str | None,
        code: ExitCode = ExitCode.UNREACHABLE,
        outcome: Outcome | None = None,
        seen: Outlook | None = None,
    ) -> NoReturn:
        """End the command, and print lines that a person can run from elsewhere.

        Where no state could be read, the lines are about every slice.
        """
        lines: list[str] = []
        if seen is not None and seen.plan is not None:
            lines = [*move_lines(self.context.deployment, seen.plan.goal)]
        elif target is not None:
            goal = whole(self.policy, source=self.region, target=target)
            elsewhere = f"# Leave out each slice that is Off in {self.region} and On in a third Region."
            lines = [elsewhere] if len(self.policy.regions) > 2 else []
            lines += move_lines(self.context.deployment, goal)
        self._end(code, why, lines=lines, outcome=outcome, target=target)

    def _end(
        self,
        code: ExitCode,
        sentence: str,
        *,
        lines: list[str] | None = None,
        outcome: Outcome | None = None,
        target: str | None = None,
    ) -> NoReturn:
        told = sanitize(sentence, 1000)
        states = outcome.states if outcome else None
        journalled, after = self._journalled() if self.records else (None, "")
        fields = {
            "ok": code is ExitCode.OK,
            "sentence": told,
            "stage": outcome.stage if outcome else None,
            "context": self.context.name,
            "application": self.policy.application,
            "account": self.context.deployment.account,
            "region": self.region,
            "to": target or self.to,
            "controls": None if states is None else {n: _word(on) for n, on in states.items()},
            "records": self.records,
            "journalled": journalled,
            "next": after or None,
            "aws": lines or [],
        }

        def human(_: dict[str, Any]) -> None:
            for line in (told, *(_table(self.policy, states, states) if states else ())):
                stdout().print(Text(line))
            for line in (after,) if after else ():
                stdout().print(Text(line))
            for line in ("or from elsewhere; the next endpoint where one fails:", *lines) if lines else ():
                stdout().print(Text(line))

        emit("break-glass", fields, human, as_json=self.as_json)
        raise typer.Exit(code)

    def _journalled(self) -> tuple[bool, str]:
        """Return True where the journal has it, and what a person can do next."""
        try:
            brought = glass.journal_waiting(self.context, self.context.deps())
        except (ControllerError, ValueError, OSError) as error:
            note(f"not journalled yet: {sanitize(str(error), 200)}")
            config = f" --config {shlex.quote(str(self.config))}" if self.config else ""
            return False, (
                f"This machine alone knows of it ({glass.local_record().folder}). Once the journal answers, "
                f"run `tidegate break-glass --journal{config}` here. Until then tidegate takes the move for "
                f"somebody else's drift, and no `restore {self.region}` and no cooldown follow from it."
            )
        shown = ", ".join(f"`tidegate incidents show {each}`" for each in brought.incidents)
        return True, f"The journal has it: {shown}." if shown else ""


def _word(on: bool) -> str:
    return "On" if on else "Off"


def _table(policy: Policy, before: Mapping[str, bool], after: Mapping[str, bool]) -> list[str]:
    lines = []
    for region, entry in policy.regions.items():
        told = [
            f"{name} {_word(before[name])}"
            + ("" if after[name] is before[name] else f" -> {_word(after[name])}")
            for name in entry.controls
        ]
        lines.append(f"  {region:<14} {', '.join(told)}")
    return lines


def runbook(region: Region, config: ConfigFile = None, to: To = None, as_json: AsJson = False) -> None:
    """Print the `aws` lines that do the same by hand, as a Markdown page. Print it before you need it."""
    context, policy = _opened(config)
    wrong = refuse_names(policy, source=sanitize(region, 60), target=to and sanitize(to, 60))
    target = to or takes_over(policy, region, None)
    if wrong is not None:
        fail(ExitCode.BAD_INPUT, wrong)
    if target is None:
        fail(ExitCode.NO, "the policy names no other Region")
    if not context.deployment.has_switch:
        fail(ExitCode.NO, "shadow has no switch yet: no line moves traffic before arc.json names its cluster")
    text = page(context.deployment, source=region, target=target)
    fields = {"region": region, "to": target, "markdown": text}
    emit("runbook", fields, lambda _: typer.echo(text, nl=False), as_json=as_json)


def _opened(config: Path | None) -> tuple[Context, Policy]:
    """Return the deployment of a file or of the context, and its policy."""
    try:
        context = open_context(None) if config is None else Context(config.name, read_deployment(config))
        return context, parse_policy(context.deployment.policy, in_force=True)
    except NoContext as error:
        fail(ExitCode.BAD_INPUT, str(error))
    except PolicyError as error:
        fail(ExitCode.BAD_INPUT, f"the config's policy does not load: {error}")
