"""The rules of one event bus and their targets (EventBridge API reference)."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import ACCOUNT, AwsError, Call
from controller.rehearsal.services.eventbridge import delivery
from controller.rehearsal.services.eventbridge.input_transformer import invalid_input
from controller.rehearsal.services.eventbridge.patterns import InvalidPattern, compile_pattern

MOST_TARGETS = 5
Answer = dict[str, Any]
Target = dict[str, Any]


class Rules:
    """The default bus of one Region: rules by name, targets by id."""

    def __init__(self, region: str, account: str = ACCOUNT) -> None:
        self._region, self._account = region, account
        self._rules: dict[str, dict[str, Any]] = {}
        self._targets: dict[str, dict[str, Target]] = {}
        self._matches: dict[str, Callable[[dict[str, Any]], bool]] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            "PutRule": self._put_rule,
            "DescribeRule": self._describe_rule,
            "ListRules": self._list_rules,
            "DeleteRule": self._delete_rule,
            "EnableRule": lambda call: self._turn(call, "ENABLED"),
            "DisableRule": lambda call: self._turn(call, "DISABLED"),
            "ListRuleNamesByTarget": self._list_rule_names,
            "PutTargets": self._put_targets,
            "ListTargetsByRule": self._list_targets,
            "RemoveTargets": self._remove_targets,
            "TestEventPattern": self._test_event_pattern,
        }

    def arn(self, rule: str) -> str:
        return f"arn:aws:events:{self._region}:{self._account}:rule/{rule}"

    def owns(self, bus: str | None) -> bool:
        """Return True where a bus name or ARN is this Region's default bus."""
        own = f"arn:aws:events:{self._region}:{self._account}:event-bus/default"
        return bus in (None, "", "default", own)

    def matching(self, event: dict[str, Any]) -> list[str]:
        """Return the names of the enabled rules whose pattern the event matches.

        They are in order of creation.
        """
        return [
            name
            for name, matches in self._matches.items()
            if self._rules[name]["State"] == "ENABLED" and matches(event)
        ]

    def targets(self, rule: str) -> list[Target]:
        return list(self._targets.get(rule, {}).values())

    def target(self, rule: str, target: str) -> Target | None:
        return self._targets.get(rule, {}).get(target)

    def _rule(self, call: Call, member: str = "Name") -> str:
        bus = call.params.get("EventBusName")
        if not self.owns(bus):
            raise AwsError("ResourceNotFoundException", f"Event bus {str(bus)[:256]} does not exist.")
        name = str(call.params.get(member, ""))
        if name not in self._rules:
            raise AwsError(
                "ResourceNotFoundException", f"Rule {name[:64]} does not exist on EventBus default."
            )
        return name

    def _put_rule(self, call: Call) -> Answer:
        params = call.params
        if not self.owns(params.get("EventBusName")):
            raise AwsError("ResourceNotFoundException", "Event bus does not exist.")
        name, text = params["Name"], params.get("EventPattern")
        if not text:
            raise AwsError("ValidationException", "Only rules with an EventPattern are rehearsed.")
        self._matches[name] = _compiled(text)
        kept = ("EventPattern", "Description", "RoleArn")
        self._rules[name] = {
            "Name": name,
            "Arn": self.arn(name),
            "State": params.get("State") or "ENABLED",
            "EventBusName": "default",
            **{key: params[key] for key in kept if params.get(key) is not None},
        }
        self._targets.setdefault(name, {})
        return {"RuleArn": self.arn(name)}

    def _describe_rule(self, call: Call) -> Answer:
        return {**self._rules[self._rule(call)], "CreatedBy": self._account}

    def _list_rules(self, call: Call) -> Answer:
        prefix = call.params.get("NamePrefix") or ""
        named = [rule for name, rule in sorted(self._rules.items()) if name.startswith(prefix)]
        return _page("Rules", named, call)

    def _turn(self, call: Call, state: str) -> Answer:
        self._rules[self._rule(call)]["State"] = state
        return {}

    def _list_rule_names(self, call: Call) -> Answer:
        if not self.owns(call.params.get("EventBusName")):
            raise AwsError("ResourceNotFoundException", "Event bus does not exist.")
        wanted = call.params["TargetArn"]
        named = [
            name
            for name, targets in sorted(self._targets.items())
            if any(target["Arn"] == wanted for target in targets.values())
        ]
        return _page("RuleNames", named, call)

    def _delete_rule(self, call: Call) -> Answer:
        name = str(call.params["Name"])
        if self._targets.get(name):
            raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
        for table in (self._rules, self._targets, self._matches):
            table.pop(name, None)
        return {}

    def _put_targets(self, call: Call) -> Answer:
        rule, targets = self._rule(call, "Rule"), call.params.get("Targets") or []
        for target in targets:
            kind, region = delivery.kind_of(target["Arn"]), delivery.region_of(target["Arn"])
            if not kind or (kind != "bus" and region != self._region):
                reason = (
                    f"Parameter {target['Arn'][:200]} is not valid. Reason: Provided Arn is not in correct"
                )
                raise AwsError("ValidationException", f"{reason} format, or in another Region.")
            if reason := invalid_input(target) or "":
                raise AwsError("ValidationException", reason)
        merged = {**self._targets[rule], **{target["Id"]: target for target in targets}}
        if len(merged) > MOST_TARGETS:
            raise AwsError(
                "LimitExceededException", "The requested resource exceeds the maximum number allowed."
            )
        self._targets[rule] = merged
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _list_targets(self, call: Call) -> Answer:
        return _page("Targets", self.targets(self._rule(call, "Rule")), call)

    def _remove_targets(self, call: Call) -> Answer:
        rule, failed = self._rule(call, "Rule"), []
        for target in call.params.get("Ids") or []:
            if self._targets[rule].pop(target, None) is None:
                why = f"Rule {rule} does not have a target with the Id {target[:64]}."
                failed.append(
                    {"TargetId": target, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": why}
                )
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def _test_event_pattern(self, call: Call) -> Answer:
        matches = _compiled(call.params["EventPattern"])
        try:
            event = delivery.parsed(call.params["Event"])
        except ValueError as exc:
            raise AwsError("ValidationException", "Parameter Event is not valid.") from exc
        needed = {"id", "account", "source", "time", "region", "detail-type"}
        if not needed <= set(event):
            raise AwsError(
                "ValidationException", "Parameter Event is not valid. Reason: a member is missing."
            )
        return {"Result": matches(event)}

    def dump(self) -> dict[str, Any]:
        return {"rules": list(self._rules.values()), "targets": self._targets}

    def restore(self, state: dict[str, Any]) -> None:
        self._rules = {rule["Name"]: rule for rule in state["rules"]}
        self._matches = {name: _compiled(rule["EventPattern"]) for name, rule in self._rules.items()}
        self._targets = state["targets"]


def _compiled(pattern: str) -> Callable[[dict[str, Any]], bool]:
    try:
        return compile_pattern(pattern)
    except InvalidPattern as exc:
        raise AwsError("InvalidEventPatternException", str(exc)) from exc


def _page(member: str, items: list[Any], call: Call) -> Answer:
    start, limit = int(call.params.get("NextToken") or 0), int(call.params.get("Limit") or 100)
    more = {"NextToken": str(start + limit)} if start + limit < len(items) else {}
    return {member: items[start : start + limit], **more}
