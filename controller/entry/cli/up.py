"""The command `tidegate up`: the rehearsal cloud until a person stops it.

`tidegate up --history FILE`: traces of simulated runs in the console, until a person stops it.
"""

import json
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, fail, note, stdout
from controller.entry.cli.policy.group import SHIPPED

if TYPE_CHECKING:
    from controller.core.policy.schema import Policy
    from controller.lab.environment.environment import Stage


KEEP_EVERY = 10.0
WARM_UP = 400.0


def up(
    policy: Annotated[
        Path | None,
        typer.Option(help="The policy to guard with, live; by default the templates', or the example's."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=600, help="Scenario seconds a second.")] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="AWS endpoint; 0 takes a free port.")] = 0,
    dns_port: Annotated[int, typer.Option(min=0, max=65535, help="DNS server; 0 takes a free port.")] = 0,
    console_port: Annotated[int, typer.Option(min=0, max=65535, help="Console; 0 takes a free port.")] = 0,
    scenario: Annotated[str | None, typer.Option(help="Play this scenario once it runs.")] = None,
    region: Annotated[str | None, typer.Option(help="The Region that the scenario breaks.")] = None,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Keep nothing when it stops.")] = False,
    templates: Annotated[
        Path | None, typer.Option(help="Build it from the templates in this folder (`make synth`).")
    ] = None,
    history: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Only open a trace of `simulate` in a console; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the rehearsal cloud: AWS endpoints, DNS, a shop, controllers and their consoles."""
    if history:
        _only_history(history, console_port, scenario or region or templates, as_json=as_json)
        return
    from controller import wiring
    from controller.entry import context
    from controller.lab.environment.persistence import NotKept
    from controller.lab.environment.templates import NotDeployable
    from controller.lab.scenarios import SCENARIOS
    from controller.rehearsal.wire.server import PortInUse

    live = _live(policy, templates)
    broken = region or next(iter(live.regions))
    _refuse_unless(scenario, [None, *SCENARIOS], "scenario")
    _refuse_unless(broken, list(live.regions), "Region of the policy")
    if not ephemeral and (pid := context.rehearsal_pid()) is not None:
        fail(ExitCode.NO, f"a rehearsal runs already (process {pid}); stop it, or use --ephemeral")
    folder = None if ephemeral else wiring.state_home() / "rehearsal"
    try:
        ports = (port, dns_port, console_port)
        with _running(live, folder, speed, ports, templates) as (stage, keep, stopped):
            _print_endpoints(stage, as_json=as_json)
            _run(stage, stopped, SCENARIOS[scenario].steps if scenario else (), broken, keep)
    except PortInUse as error:
        fail(ExitCode.INTERNAL, f"{error}; choose another with --port, --dns-port or --console-port")
    except (NotKept, NotDeployable) as error:
        fail(ExitCode.BAD_INPUT, str(error))


def _live(policy: Path | None, templates: Path | None) -> "Policy":
    """Return the policy that is meant, as a rehearsal runs it: templates alone bring their own."""
    from controller.entry.demo import rehearsal
    from controller.lab.environment.estate import driven_otherwise
    from controller.lab.environment.templates import NotDeployable

    try:
        live = rehearsal.live_of(templates) if templates and not policy else rehearsal.live(policy or SHIPPED)
    except NotDeployable as error:
        fail(ExitCode.BAD_INPUT, str(error))
    if told := driven_otherwise(live):
        note(told)
    return live


def _only_history(files: list[Path], port: int, played: object, *, as_json: bool) -> None:

    if played:
        fail(
            ExitCode.BAD_INPUT, "--history opens what is over: leave out --scenario, --region and --templates"
        )
    with _until_stopped() as stopped:
        open_history(files, port, stopped, as_json=as_json)


@contextmanager
def _running(
    live: "Policy", folder: Path | None, speed: float, ports: tuple[int, int, int], templates: Path | None
) -> Iterator[tuple["Stage", Callable[[], None] | None, threading.Event]]:
    """Yield the stage with its consoles, a function, and the event to stop.

    The function keeps the stage's state in `folder`; it is None where `folder` is None.
    """
    from controller.entry import context
    from controller.entry.demo import rehearsal
    from controller.entry.demo.consoles import console_log, consoles
    from controller.lab.environment.loopback import Ports
    from controller.lab.environment.persistence import read_kept, store_in, write_kept

    aws, dns, console = ports
    kept = None if folder is None else read_kept(folder, live.digest)
    start = max(time.time() if speed == 1.0 else 0.0, kept["now"] if kept else time.time())
    with ExitStack() as open_:
        stopped = open_.enter_context(_until_stopped())
        pages = open_.enter_context(consoles(live.controllers, console))
        running = rehearsal.running(
            live,
            speed=speed,
            seed=random.SystemRandom().getrandbits(32),
            ports=Ports(aws, dns),
            start=start,
            store=None if folder is None else partial(store_in, folder),
            kept=kept,
            templates=templates,
            consoles=pages.addresses,
        )
        stage, holds = open_.enter_context(running)
        pages.serve(stage.deployments, holds(), open_.enter_context(console_log()))
        open_.enter_context(context.announced(*stage.deployments.values()))
        yield stage, None if folder is None else partial(write_kept, folder, live.digest, stage), stopped


def _refuse_unless(value: str | None, known: Sequence[str | None], what: str) -> None:
    if value not in known:
        names = ", ".join(name for name in known if name)
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(value), 60)!r} is no {what}; expected one of: {names}")


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set; both end `up` in good order."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(stage: Any, stopped: threading.Event, steps: tuple[Any, ...], region: str, keep: Any) -> None:
    """Play the scenario's steps on time until `stopped` is set.

    It keeps the state every few seconds.
    """
    begun, saved = stage.kernel.now(), time.monotonic()
    left = list(steps)
    while not stopped.wait(0.2):
        while left and stage.kernel.now() - begun >= WARM_UP + left[0].at:
            step = left.pop(0)
            with stage.kernel.lock:
                step.act(stage, region)
            note(step.says.format(region=region))
        if keep is not None and time.monotonic() - saved > KEEP_EVERY:
            keep()
            saved = time.monotonic()
    if keep is not None:
        keep()
    note("stopped")


def _print_endpoints(stage: Any, *, as_json: bool) -> None:
    deployment = stage.deployment
    arc, standby = deployment.arc, deployment.standby
    buckets = standby.bucket_by_region if standby else {}
    fields = {
        "schema": "tidegate.up/v1",
        "aws": deployment.endpoint_url,
        "arc": arc.endpoints if arc else {},
        "objects": {region: bucket.name for region, bucket in buckets.items()},
        "dns": f"127.0.0.1:{stage.dns_port}",
        "name": stage.cloud.plan.name.rstrip("."),
        "state_machine": deployment.state_machine,
        "control_panel": arc.panel if arc else None,
        "region": deployment.region,
        "console": deployment.console_by_region[deployment.region],
        "controllers": [
            {
                "region": each.region,
                "console": each.console_by_region[each.region],
                "state_machine": each.state_machine,
                "topic": each.topic,
            }
            for each in stage.deployments.values()
        ],
    }
    if as_json:
        print(json.dumps(fields), flush=True)  # noqa: T201
        return
    console, here = stdout(), deployment.region
    shown, listed = _switch_lines(deployment)
    host, dns, guarded = fields["name"], stage.dns_port, next(iter(deployment.policy["regions"]))
    lines = (
        f"The rehearsal runs. The console: {fields['console']}",
        "In another terminal:",
        "  export AWS_ACCESS_KEY_ID=rehearsal AWS_SECRET_ACCESS_KEY=rehearsal",
        f"  aws --endpoint-url {deployment.endpoint_url} --region {here} stepfunctions list-executions "
        f"--state-machine-arn {deployment.state_machine}",
        f"  aws --endpoint-url {deployment.endpoint_url} --region {here} dynamodb scan "
        f"--table-name {deployment.journal_table}",
        f"  aws --endpoint-url {deployment.endpoint_url} --region {guarded} cloudwatch describe-alarms",
        *shown,
        f"  dig @127.0.0.1 -p {dns} {host}",
        "  tidegate status | why | incidents | evacuate REGION --reason …",
        *listed,
        "Ctrl-C stops it.",
    )
    for line in lines:
        console.print(Text(line))
    console.file.flush()


def _switch_lines(deployment: Any) -> tuple[list[str], list[str]]:
    """Return the command that shows the switch, and what the switch is made of."""
    if deployment.arc is not None:
        endpoints, guarded = deployment.arc.endpoints, deployment.policy["regions"]
        # An endpoint outside the guarded Regions: it answers whichever of them breaks.
        region, url = next((r, url) for r, url in endpoints.items() if r not in guarded)
        shown = f"  aws --endpoint-url {url} --region {region} route53-recovery-cluster list-routing-controls"
        return [shown], ["ARC endpoints:", *(f"  {r:<16} {url}" for r, url in endpoints.items())]
    buckets = deployment.standby.bucket_by_region
    call = f"  aws --endpoint-url {deployment.endpoint_url}"
    shown_by = [
        f"{call} --region {b.region} s3api list-objects-v2 --bucket {b.name}" for b in buckets.values()
    ]
    return shown_by, ["Objects in:", *(f"  {region:<16} {b.name}" for region, b in buckets.items())]


def open_history(files: Sequence[Path], port: int, stopped: threading.Event, *, as_json: bool) -> None:
    """Serve a console for each file, each on its own port.

    Exit 2 for a file that is no trace, before anything is served.
    """
    from controller.entry.demo.archives import archives, read_file
    from controller.readmodel.trace import NotATrace
    from controller.rehearsal.wire.server import PortInUse

    traces = []
    for file in files:
        try:
            traces.append(read_file(file))
        except NotATrace as error:
            fail(ExitCode.BAD_INPUT, str(error))
        except OSError as error:
            fail(ExitCode.BAD_INPUT, f"{sanitize(str(file), 200)}: {error.strerror}")
    try:
        with archives(traces, port) as addresses:
            _print(files, addresses, as_json=as_json)
            stopped.wait()
    except PortInUse as error:
        fail(ExitCode.INTERNAL, f"{error}; choose another with --console-port")
    note("stopped")


def _print(files: Sequence[Path], addresses: Sequence[str], *, as_json: bool) -> None:
    names = [sanitize(str(file), 200) for file in files]
    if as_json:
        consoles = [{"file": name, "console": url} for name, url in zip(names, addresses, strict=True)]
        print(json.dumps({"schema": "tidegate.up-history/v1", "consoles": consoles}), flush=True)  # noqa: T201
        return
    console = stdout()
    for name, address in zip(names, addresses, strict=True):
        console.print(Text(f"{address}  {name}"))
    console.print(Text("Nobody signs in, and nothing can be done there. Ctrl-C stops it."))
    console.file.flush()
