"""The alarms of a Region: evaluation on the kernel's clock, composites, suppression, transitions.

```
 each minute + 5 s (each 10 s + 1 s for periods under a minute): evaluate the metric alarms
   a state changed ──> event, history ──> composites that name it ──> event, history ──> ...
```

The suppressor of a composite alarm's actions (user guide, "Alarm suppression"):

```
 the alarm changes state                      the suppressor leaves ALARM
   suppressor in ALARM        -> Alarm          -> ExtensionPeriod, for that long
   it left a moment ago       -> ExtensionPeriod
   else, for the wait period  -> WaitPeriod     it enters ALARM meanwhile -> Alarm
```
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from controller.rehearsal.service import ACCOUNT, millis
from controller.rehearsal.services.cloudwatch import alarm_events
from controller.rehearsal.services.cloudwatch.alarm_events import Datapoint
from controller.rehearsal.services.cloudwatch.alarm_model import Alarm, State
from controller.rehearsal.services.cloudwatch.composite_rule import bare_name
from controller.rehearsal.services.cloudwatch.m_of_n import EXTRA_PERIODS, StateValue, evaluate
from controller.rehearsal.services.cloudwatch.metrics import Metrics
from controller.rehearsal.time.kernel import Kernel


def suppressed_by(alarm: Alarm, find: Callable[[str], Alarm | None], now: float) -> str | None:
    """Return `Alarm`, `ExtensionPeriod`, `WaitPeriod`, or None where actions run."""
    name = alarm.config.get("ActionsSuppressor")
    if not name:
        return None
    suppressor = find(name)
    if suppressor is not None and suppressor.state.value == "ALARM":
        return "Alarm"
    return next((period for period, end in period_ends(alarm).items() if now < end), None)


def period_ends(alarm: Alarm) -> dict[str, float]:
    """Return the end of each period that may suppress the alarm's actions.

    Times are in seconds; the first period in force counts.
    """
    extension = int(alarm.config.get("ActionsSuppressorExtensionPeriod") or 0)
    left = {} if alarm.suppressor_left is None else {"ExtensionPeriod": alarm.suppressor_left + extension}
    return {
        **left,
        "WaitPeriod": alarm.transitioned + int(alarm.config.get("ActionsSuppressorWaitPeriod") or 0),
    }


SETTLE = {60.0: 5.0, 10.0: 1.0}
"""Interval of evaluation -> seconds for the last period's samples to arrive."""
MOST_HISTORY = 1000
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


class Board:
    """The alarms of one Region, by name."""

    def __init__(
        self, kernel: Kernel, region: str, metrics: Metrics, publish: Callable[[dict[str, Any]], object]
    ) -> None:
        self.alarms: dict[str, Alarm] = {}
        self.history: list[dict[str, Any]] = []
        self.mutes: dict[str, tuple[float, float]] = {}
        self._kernel, self._region, self._metrics, self._publish = kernel, region, metrics, publish
        self._beating: set[float] = set()

    def find(self, name: str) -> Alarm | None:
        """Return an alarm by name or ARN; None where there is none."""
        return self.alarms.get(bare_name(name))

    def parents(self, name: str) -> list[str]:
        """Return the names of the composite alarms whose rule names an alarm."""
        return [alarm.name for alarm in self.alarms.values() if alarm.rule and name in alarm.rule.names]

    def dependents(self, name: str) -> list[str]:
        """Return the composite alarms that need an alarm: in their rule, or as their suppressor.

        That AWS keeps a suppressor from deletion too is not documented; its error speaks of all that depend.
        """
        suppressed = [
            alarm.name
            for alarm in self.alarms.values()
            if bare_name(str(alarm.config.get("ActionsSuppressor") or "")) == name
        ]
        return list(dict.fromkeys([*self.parents(name), *suppressed]))

    def state_of(self, name: str) -> StateValue:
        """Return the state of an alarm; a deleted one is INSUFFICIENT_DATA."""
        alarm = self.find(name)
        return "INSUFFICIENT_DATA" if alarm is None else alarm.state.value

    def put(self, alarm: Alarm) -> None:
        before = self.alarms.get(alarm.name)
        self.alarms[alarm.name] = alarm
        old = alarm_events.configuration(before) if before else None
        now = self._kernel.now()
        self._publish(alarm_events.configuration_change(alarm, "update" if before else "create", now, old))
        self._remember(
            alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" {"updated" if before else "created"}'
        )
        if alarm.composite:
            self._judge(alarm, None)
        else:
            self.watch()

    def delete(self, alarm: Alarm) -> None:
        del self.alarms[alarm.name]
        self._publish(alarm_events.configuration_change(alarm, "delete", self._kernel.now()))
        self._remember(alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted')
        self._follow(alarm)

    def watch(self) -> None:
        """Start the evaluation of every metric alarm at its interval."""
        for interval in {self._interval(alarm) for alarm in self.alarms.values() if not alarm.composite}:
            if interval not in self._beating:
                self._beating.add(interval)
                since = self._kernel.now() - SETTLE[interval]
                self._plan_beat(interval, (since // interval + 1) * interval)

    def _interval(self, alarm: Alarm) -> float:
        return 10.0 if alarm.period < 60 else 60.0

    def _beat(self, interval: float, end: float) -> None:
        """Evaluate the alarms on the periods that end at `end`.

        It runs after `SETTLE`, so that the samples have had time to arrive.
        """
        watched = [a for a in self.alarms.values() if not a.composite and self._interval(a) == interval]
        if not watched:
            self._beating.discard(interval)
            return
        self._plan_beat(interval, end + interval)
        for alarm in watched:
            self._evaluate(alarm, end)

    def _plan_beat(self, interval: float, end: float) -> None:
        self._kernel.at(end + SETTLE[interval], lambda: self._beat(interval, end))

    def _evaluate(self, alarm: Alarm, end: float) -> None:
        points = self._points(alarm, end)
        breaching = [point.breaching for point in points]
        value = evaluate(breaching, alarm.m, alarm.n, alarm.treatment, alarm.state.value)
        if value != alarm.state.value:
            now = self._kernel.now()
            why, data = (
                alarm_events.reason(alarm, points, value),
                alarm_events.reason_data(alarm, points, now),
            )
            self.transition(alarm, State(value, why, now, data))

    def _points(self, alarm: Alarm, end: float) -> list[Datapoint]:
        points, period, config = [], alarm.period, alarm.config
        breaches, threshold = COMPARE[config["ComparisonOperator"]], float(config["Threshold"])
        for age in range(alarm.n + EXTRA_PERIODS, 0, -1):
            start = end - age * period
            stats = self._metrics.between(alarm.metric, start, start + period)
            value = None if stats is None else stats.value(config["Statistic"])
            points.append(
                Datapoint(start, stats, value, None if value is None else breaches(value, threshold))
            )
        return points

    def transition(self, alarm: Alarm, new: State) -> None:
        """Take a new state: event, history, then the composites that name this alarm."""
        before, now = alarm.state, self._kernel.now()
        alarm.state = new
        if before.value == new.value:
            return
        alarm.transitioned = now
        if alarm.composite:
            alarm.state = replace(new, suppressed_by=suppressed_by(alarm, self.find, now))
            self.wait(alarm)
        self._publish(alarm_events.state_change(alarm, before, now, self._mute(alarm.name)))
        summary = f"Alarm updated from {before.value} to {new.value}"
        self._remember(alarm, "StateUpdate", summary, _history(before, alarm.state))
        self._follow(alarm, before)

    def _follow(self, child: Alarm, before: State | None = None) -> None:
        left = before is not None and before.value == "ALARM"
        for alarm in list(self.alarms.values()):
            if not alarm.composite:
                continue
            suppressor = alarm.config.get("ActionsSuppressor")
            if suppressor and self.find(suppressor) is child:
                alarm.suppressor_left = self._kernel.now() if left else alarm.suppressor_left
                self._suppress(alarm.name)
            if alarm.rule and child.name in alarm.rule.names:
                self._judge(alarm, child)

    def _judge(self, alarm: Alarm, child: Alarm | None) -> None:
        value: StateValue = "ALARM" if alarm.rule and alarm.rule.holds(self.state_of) else "OK"
        if value == alarm.state.value:
            return
        now = self._kernel.now()
        if child is None:
            new = State(value, alarm_events.created_reason(alarm.arn, value), now)
        else:
            told = (child.arn, child.state.value, child.state.updated)
            new = State(value, alarm_events.composite_reason(*told), now, alarm_events.triggering(*told))
        self.transition(alarm, new)

    def _suppress(self, name: str) -> None:
        """Judge the suppression again: the suppressor changed, or a wait is over.

        Only an alarm whose actions are suppressed already can change.
        """
        alarm = self.alarms.get(name)
        if alarm is None or alarm.state.suppressed_by is None:
            return
        by = suppressed_by(alarm, self.find, self._kernel.now())
        if by != alarm.state.suppressed_by:
            alarm.state = replace(alarm.state, suppressed_by=by)
            self.wait(alarm)

    def wait(self, alarm: Alarm) -> None:
        """Plan a new judgement for the end of the period that suppresses actions."""
        ends = period_ends(alarm) if alarm.composite else {}
        if alarm.state.suppressed_by in ends:
            name = alarm.name
            self._kernel.at(ends[alarm.state.suppressed_by], lambda: self._suppress(name))

    def _mute(self, name: str) -> dict[str, str] | None:
        begin, end = self.mutes.get(name, (0.0, 0.0))
        if self._kernel.now() >= end:
            return None
        return {
            "mutedBy": f"arn:aws:cloudwatch:{self._region}:{ACCOUNT}:alarm-mute-rule:{name}",
            "muteWindowStart": millis(begin),
            "muteWindowEnd": millis(end),
        }

    def _remember(self, alarm: Alarm, kind: str, summary: str, data: str = "{}") -> None:
        item = {
            "AlarmName": alarm.name,
            "AlarmType": "CompositeAlarm" if alarm.composite else "MetricAlarm",
            "Timestamp": self._kernel.now(),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": data,
        }
        self.history = [*self.history[-MOST_HISTORY + 1 :], item]

    def dump(self) -> dict[str, Any]:
        alarms = [alarm.dump() for alarm in self.alarms.values()]
        return {"alarms": alarms, "history": self.history, "mutes": self.mutes}

    def restore(self, state: dict[str, Any]) -> None:
        self.alarms = {alarm["name"]: Alarm.restored(alarm) for alarm in state["alarms"]}
        self.history = state["history"]
        self.mutes = {name: (begin, end) for name, (begin, end) in state["mutes"].items()}
        self.watch()
        for alarm in self.alarms.values():
            self.wait(alarm)


def _history(before: State, after: State) -> str:
    def spelled(state: State) -> dict[str, Any]:
        data = {"stateReasonData": json.loads(state.reason_data)} if state.reason_data else {}
        return {"stateValue": state.value, "stateReason": state.reason, **data}

    return json.dumps({"version": "1.0", "oldState": spelled(before), "newState": spelled(after)})
