"""The `monitoring` service: CloudWatch alarms and metrics of one Region (CloudWatch API reference).

It runs on the kernel's clock. Alarm actions (SNS and so on) are kept and described, but not carried out:
only the event of each transition matters here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import ACCOUNT, AwsError, Call, Ids, epoch
from controller.rehearsal.services.cloudwatch.alarm_model import INITIAL, Alarm, State
from controller.rehearsal.services.cloudwatch.alarm_settings import (
    STATES,
    composite_config,
    metric_config,
    refuse,
)
from controller.rehearsal.services.cloudwatch.alarms import Board
from controller.rehearsal.services.cloudwatch.m_of_n import StateValue
from controller.rehearsal.services.cloudwatch.metric_api import Samples
from controller.rehearsal.services.cloudwatch.metrics import Metrics, key
from controller.rehearsal.time.kernel import Kernel

Answer = dict[str, Any]
MOST_DELETED = 100
RELATIVES = {"ChildrenOfAlarmName", "ParentsOfAlarmName"}
BRIEF = ("AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp")


class Alarms:
    """The `monitoring` service of one Region.

    publish: takes the events that it makes.
    """

    def __init__(
        self,
        kernel: Kernel,
        region: str,
        publish: Callable[[dict[str, Any]], object],
        faults: Faults,
        account: str = ACCOUNT,
    ) -> None:
        self._kernel, self._region, self._account = kernel, region, account
        self._ids, self._metrics = Ids(f"monitoring/{region}"), Metrics()
        self._board = Board(kernel, region, self._metrics, publish)
        self._samples = Samples(kernel, region, self._metrics, faults)
        self.put = self._samples.put

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            **self._samples.operations,
            "PutMetricAlarm": self._put_metric_alarm,
            "PutCompositeAlarm": self._put_composite_alarm,
            "DescribeAlarms": self._describe_alarms,
            "DescribeAlarmsForMetric": self._describe_alarms_for_metric,
            "DescribeAlarmHistory": self._describe_alarm_history,
            "SetAlarmState": self._set_alarm_state,
            "DeleteAlarms": self._delete_alarms,
            "EnableAlarmActions": lambda call: self._enable(call, True),
            "DisableAlarmActions": lambda call: self._enable(call, False),
        }

    def mute(self, alarm_name: str, until: float) -> None:
        """Mute an alarm's actions until `until` (seconds).

        Its events say so, and are sent all the same.
        """
        self._board.mutes[alarm_name] = (self._kernel.now(), until)

    def _put_metric_alarm(self, call: Call) -> Answer:
        return self._put(metric_config(call.params))

    def _put_composite_alarm(self, call: Call) -> Answer:
        return self._put(composite_config(call.params, self._region, self._board.find, self._board.parents))

    def _put(self, config: dict[str, Any]) -> Answer:
        name, now = config.get("AlarmName"), self._kernel.now()
        if not isinstance(name, str) or not 1 <= len(name) <= 255 or not name.isprintable():
            raise refuse("AlarmName must have 1 to 255 printable characters.")
        before = self._board.alarms.get(name)
        if before is not None and before.composite is not ("AlarmRule" in config):
            raise refuse(f"Alarm {name} already exists with another type.")
        arn = f"arn:aws:cloudwatch:{self._region}:{self._account}:alarm:{name}"
        alarm = Alarm(
            name=name,
            arn=arn,
            config=config,
            configured=now,
            transitioned=before.transitioned if before else now,
            state=before.state if before else State("INSUFFICIENT_DATA", INITIAL, now),
            metric_id=before.metric_id if before else self._ids.next(),
            suppressor_left=before.suppressor_left if before else None,
        )
        self._board.put(alarm)
        return {}

    def _describe_alarms(self, call: Call) -> Answer:
        params = call.params
        names, prefix, state = (
            params.get("AlarmNames"),
            params.get("AlarmNamePrefix"),
            params.get("StateValue"),
        )
        if names and prefix:
            raise AwsError(
                "InvalidParameterCombination", "AlarmNames and AlarmNamePrefix exclude each other."
            )
        if params.keys() & RELATIVES:
            return self._describe_relatives(call)
        types = params.get("AlarmTypes") or ["MetricAlarm"]
        found = [
            alarm
            for name, alarm in sorted(self._board.alarms.items())
            if ("CompositeAlarm" if alarm.composite else "MetricAlarm") in types
            and (not names or name in names)
            and name.startswith(prefix or "")
            and state in (None, alarm.state.value)
            and _acts(alarm, params.get("ActionPrefix") or "")
        ]
        page, more = _page(found, params, most=100, usual=50)
        return {
            "MetricAlarms": [_described(alarm) for alarm in page if not alarm.composite],
            "CompositeAlarms": [_described(alarm) for alarm in page if alarm.composite],
            **more,
        }

    def _describe_relatives(self, call: Call) -> Answer:
        """Answer DescribeAlarms for the children or the parents of an alarm, with name, ARN and state."""
        params = call.params
        if params.keys() - {"MaxRecords", "NextToken"} not in [{name} for name in RELATIVES]:
            raise refuse("ChildrenOfAlarmName and ParentsOfAlarmName go with MaxRecords and NextToken alone.")
        child, parent = params.get("ParentsOfAlarmName"), params.get("ChildrenOfAlarmName")
        alarm = self._board.find(str(child or parent))
        if alarm is None:
            raise AwsError("ResourceNotFound", "", 404)
        names = self._board.parents(alarm.name) if child else alarm.rule.names if alarm.rule else ()
        found = [self._board.alarms[name] for name in sorted(names) if name in self._board.alarms]
        page, more = _page(found, params, most=100, usual=50)
        brief = [{name: _described(each)[name] for name in BRIEF} for each in page]
        kinds = [each.composite for each in page]
        return {
            "MetricAlarms": [each for each, composite in zip(brief, kinds, strict=True) if not composite],
            "CompositeAlarms": [each for each, composite in zip(brief, kinds, strict=True) if composite],
            **more,
        }

    def _describe_alarms_for_metric(self, call: Call) -> Answer:
        params = call.params
        dimensions = {each["Name"]: each["Value"] for each in params.get("Dimensions") or []}
        metric = key(params["Namespace"], params["MetricName"], dimensions)
        found = [
            alarm
            for _, alarm in sorted(self._board.alarms.items())
            if not alarm.composite
            and alarm.metric == metric
            and params.get("Statistic") in (None, alarm.config["Statistic"])
            and params.get("Unit") in (None, alarm.config.get("Unit"))
            and int(params.get("Period") or alarm.period) == alarm.period
            and not params.get("ExtendedStatistic")
        ]
        return {"MetricAlarms": [_described(alarm) for alarm in found]}

    def _describe_alarm_history(self, call: Call) -> Answer:
        params = call.params
        types = params.get("AlarmTypes") or ["MetricAlarm"]
        begin, end = epoch(params.get("StartDate"), 0.0), epoch(params.get("EndDate"), self._kernel.now())
        found = [
            item
            for item in self._board.history
            if params.get("AlarmName") in (None, item["AlarmName"])
            and params.get("HistoryItemType") in (None, item["HistoryItemType"])
            and item["AlarmType"] in types
            and begin <= item["Timestamp"] <= end
        ]
        if params.get("ScanBy") != "TimestampAscending":
            found.reverse()
        page, more = _page(found, params, most=100, usual=100)
        return {"AlarmHistoryItems": page, **more}

    def _set_alarm_state(self, call: Call) -> Answer:
        asked, alarm = (
            call.params.get("StateValue"),
            self._board.alarms.get(str(call.params.get("AlarmName"))),
        )
        value: StateValue | None = next((known for known in STATES if known == asked), None)
        if value is None:
            raise refuse(
                f"1 validation error detected: Value '{str(asked)[:64]}' at 'stateValue' failed to satisfy "
                "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
            )
        if alarm is None:
            raise AwsError("ResourceNotFound", "", 404)
        reason, data = str(call.params.get("StateReason") or "")[:1023], call.params.get("StateReasonData")
        self._board.transition(alarm, State(value, reason, self._kernel.now(), data))
        return {}

    def _delete_alarms(self, call: Call) -> Answer:
        """Delete alarms, unless a composite alarm that stays needs one of them.

        Then nothing is deleted.
        """
        names = dict.fromkeys(call.params.get("AlarmNames") or [])
        found = [self._board.alarms[name] for name in names if name in self._board.alarms]
        if len(found) < len(names):
            raise AwsError("ResourceNotFound", "", 404)
        if len(found) > MOST_DELETED or sum(alarm.composite for alarm in found) > 1:
            raise refuse(f"At most {MOST_DELETED} alarms are deleted in one call, one composite among them.")
        needed = {alarm.name: self._board.dependents(alarm.name) for alarm in found}
        if kept := [name for name, parents in needed.items() if not names.keys() >= set(parents)]:
            it = "it" if len(kept) == 1 else "them"
            raise refuse(f"Cannot delete {','.join(kept)} as there are composite alarm(s) depending on {it}.")
        for alarm in sorted(found, key=lambda alarm: not alarm.composite):  # the parent before its children
            self._board.delete(alarm)
        return {}

    def _enable(self, call: Call, enabled: bool) -> Answer:
        for name in call.params.get("AlarmNames") or []:
            if alarm := self._board.alarms.get(name):
                alarm.config["ActionsEnabled"] = enabled
        return {}

    def dump(self) -> dict[str, Any]:
        """Return alarms, states, history, mutes and metrics, for JSON."""
        return {"ids": self._ids.used, "metrics": self._metrics.dump(), **self._board.dump()}

    def restore(self, state: dict[str, Any]) -> None:
        self._ids.used = state["ids"]
        self._metrics.restore(state["metrics"])
        self._board.restore(state)


def _acts(alarm: Alarm, prefix: str) -> bool:
    actions = ("OKActions", "AlarmActions", "InsufficientDataActions")
    every = (action for name in actions for action in alarm.config.get(name) or ())
    return not prefix or any(action.startswith(prefix) for action in every)


def _described(alarm: Alarm) -> Answer:
    state = alarm.state
    suppressed = {}
    if state.suppressed_by:
        suppressed = {
            "ActionsSuppressedBy": state.suppressed_by,
            "ActionsSuppressedReason": state.suppressed_reason,
        }
    return {
        **alarm.config,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "StateValue": state.value,
        "StateReason": state.reason,
        **({} if state.reason_data is None else {"StateReasonData": state.reason_data}),
        "StateUpdatedTimestamp": state.updated,
        "StateTransitionedTimestamp": alarm.transitioned,
        **suppressed,
    }


def _page(
    items: list[Any], params: Mapping[str, Any], *, most: int, usual: int
) -> tuple[list[Any], dict[str, str]]:
    size, token = int(params.get("MaxRecords") or usual), str(params.get("NextToken") or "0")
    if not token.isdecimal():
        raise AwsError("InvalidNextToken", "The next token is not valid.")
    if not 1 <= size <= most:
        raise refuse(f"MaxRecords must be from 1 to {most}.")
    start = int(token)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more
