"""The command `tidegate policy signals`: alarm events from a metric's past.

It takes a metric's past and an alarm's definition, and prints the events of the alarm's changes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, need


def signals(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV (timestamp,value), or the JSON answer of GetMetricData or DescribeAlarmHistory.",
        ),
    ],
    region: Annotated[str, typer.Option(metavar="REGION", help="Where the alarm lives.")],
    alarm: Annotated[
        Path | None,
        typer.Option("--alarm", metavar="DEF", help="YAML or JSON with CloudFormation's properties."),
    ] = None,
    account: Annotated[str, typer.Option(metavar="ID", help="The account of the events.")] = "123456789012",
    result: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Which of several MetricDataResults.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the alarm events that CloudWatch would have sent, one a line, as `policy replay` reads them."""
    need("lab", "numpy")
    from controller.aws.events.fields import is_region
    from controller.lab.signals.metric_series import BadSeries

    if not is_region(region):
        fail(ExitCode.BAD_INPUT, f"--region {sanitize(region, 40)!r} is not the name of a Region")
    if len(account) != 12 or not account.isascii() or not account.isdigit():
        fail(ExitCode.BAD_INPUT, f"--account {sanitize(account, 40)!r} is not twelve digits")
    try:
        events = list(_events(file, alarm, region, account, result))
    except BadSeries as error:
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(file), 200)} {error}")

    def lines(_: dict[str, Any]) -> None:
        for event in events:
            sys.stdout.write(json.dumps(event) + "\n")

    emit("signals", {"events": events}, lines, as_json=as_json)


def _events(
    file: Path, alarm: Path | None, region: str, account: str, result: str | None
) -> Iterator[dict[str, Any]]:
    from controller.lab.signals.alarm_definition import read_alarm
    from controller.lab.signals.alarm_events import alarm_events
    from controller.lab.signals.alarm_history import KEY, history_events, read_history
    from controller.lab.signals.metric_series import read_bytes, read_series

    data = read_bytes(file)
    if KEY in data:
        return history_events(read_history(data), region=region, account=account)
    if alarm is None:
        fail(ExitCode.BAD_INPUT, "a metric needs --alarm: the definition of the alarm that watches it")
    series = read_series(file, result)
    defined = read_alarm(alarm, region=region, account=account, begun=float(series.times[0]))
    return alarm_events(series, defined, region=region, account=account)
