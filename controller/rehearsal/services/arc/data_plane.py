"""The data plane of ARC's routing controls: one cluster, five endpoints.

AWS: Routing Control API Reference. The wire decides about endpoints that are refused or hung; here such
an endpoint only counts as missing from the quorum.
The error answers of `route53-recovery-cluster` have the shapes of botocore's model.
"""

import random
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import ACCOUNT, AwsError, Call
from controller.rehearsal.services.arc.replicas import Replicas
from controller.rehearsal.services.arc.safety_rules import SafetyRule
from controller.rehearsal.time.kernel import Kernel

Refusal = Literal["ConflictException", "ValidationException"]


def invalid(message: str, field: str) -> AwsError:
    return AwsError(
        "ValidationException",
        message,
        fields={"reason": "fieldValidationFailed", "fields": [{"name": field, "message": message}]},
    )


def not_found(kind: str, arn: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException",
        f"{kind} not found: {arn}",
        fields={"resourceId": arn, "resourceType": kind},
    )


def unavailable(endpoint: str) -> AwsError:
    message = f"The cluster endpoint in {endpoint} is not available. Try another cluster endpoint."
    return AwsError("EndpointTemporarilyUnavailableException", message)


def throttled() -> AwsError:
    return AwsError("ThrottlingException", "Rate exceeded", fields={"retryAfterSeconds": 1})


def too_many(count: int, most: int) -> AwsError:
    return AwsError(
        "ServiceLimitExceededException",
        f"{count} routing control states in one request; the limit is {most}.",
        fields={"limitCode": "RoutingControlStatesPerRequest", "serviceCode": "route53-recovery-cluster"},
    )


def in_wait_period(rule: SafetyRule) -> AwsError:
    message = f"Routing controls of safety rule {rule.name} cannot change during its wait period."
    return AwsError(
        "ConflictException", message, fields={"resourceId": rule.arn, "resourceType": "SafetyRule"}
    )


def against_rule(rule: SafetyRule, refusal: Refusal) -> AwsError:
    """Return the refusal of a change that breaks a safety rule.

    AWS does not say which exception carries this: a rehearsal chooses, a controller must take both.
    """
    message = f"The change would break safety rule {rule.name} ({rule.arn})."
    if refusal == "ValidationException":
        return AwsError(refusal, message, fields={"reason": "other"})
    return AwsError(refusal, message, fields={"resourceId": rule.arn, "resourceType": "SafetyRule"})


ENDPOINTS = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2")
SERVICE = "route53-recovery-cluster"
QUORUM = 3
MOST_ENTRIES = 10
WRITES_PER_SECOND = 3
PAGE = 500

Watcher = Callable[[float, str, bool], None]
Answer = dict[str, Any]


class RoutingControls:
    """A control panel's routing controls, its safety rules, and its endpoints.

    Parameters
    ----------
    controls: name -> ARN. on: those that are On at the start. rules: over names.
    lag: (least, most) seconds until other endpoints see a change.
    refusal: the exception that carries a broken rule (AWS documents neither).
    """

    def __init__(
        self,
        kernel: Kernel,
        faults: Faults,
        *,
        panel: str,
        controls: Mapping[str, str],
        rng: random.Random,
        on: Collection[str] = (),
        rules: Sequence[SafetyRule] = (),
        panel_name: str = "tidegate",
        lag: tuple[float, float] = (1.0, 3.0),
        refusal: Refusal = "ConflictException",
    ) -> None:
        self._kernel, self._faults = kernel, faults
        self.panel, self._panel_name = panel, panel_name
        self._arns, self._names = dict(controls), {arn: name for name, arn in controls.items()}
        self._rules, self._refusal = tuple(rules), refusal
        self._lag, self._rng = lag, rng
        self._watchers: list[Watcher] = []
        self._maintenance: set[str] = set()
        self._writes: dict[str, deque[float]] = {endpoint: deque() for endpoint in ENDPOINTS}
        self._start(dict.fromkeys(controls, False) | dict.fromkeys(on, True), {})

    def _start(self, states: dict[str, bool], changed: dict[str, float]) -> None:
        self._states, self._changed = states, changed
        self._replicas = Replicas(ENDPOINTS, states, lag=self._lag, rng=self._rng)

    @property
    def lag(self) -> tuple[float, float]:
        """The seconds until other endpoints see a change: least and most."""
        return self._lag

    @lag.setter
    def lag(self, lag: tuple[float, float]) -> None:
        self._lag = lag
        self._replicas.delay_by(lag)

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            "GetRoutingControlState": self._get,
            "ListRoutingControls": self._list,
            "UpdateRoutingControlState": self._update_one,
            "UpdateRoutingControlStates": self._update_many,
        }

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._arns)

    @property
    def panel_name(self) -> str:
        return self._panel_name

    @property
    def rules(self) -> tuple[SafetyRule, ...]:
        return self._rules

    def is_on(self, name: str) -> bool:
        """Return the state in the cluster itself, ahead of any endpoint's view.

        Raises `KeyError`.
        """
        return self._states[name]

    def arn(self, name: str) -> str:
        return self._arns[name]

    def add_rule(self, rule: SafetyRule) -> None:
        """Add a safety rule over controls that exist."""
        with self._kernel.lock:
            self._rules = (*self._rules, rule)

    def drop_rule(self, arn: str) -> None:
        """Remove a safety rule; do nothing if none has that ARN."""
        with self._kernel.lock:
            self._rules = tuple(rule for rule in self._rules if rule.arn != arn)

    def observe(self, watcher: Watcher) -> None:
        """Call `watcher(at, control, on)` at each real change, with the kernel's lock held."""
        self._watchers.append(watcher)

    def maintain(self, endpoint: str, *, out: bool) -> None:
        """Take an endpoint out of service, or put it back."""
        (self._maintenance.add if out else self._maintenance.discard)(endpoint)

    def dump(self) -> dict[str, Any]:
        """Return the state in a form for JSON; `restore` takes it back."""
        with self._kernel.lock:
            return {"states": dict(self._states), "changed": dict(self._changed)}

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Take the states of controls that still exist.

        Every endpoint sees them at once.
        """
        with self._kernel.lock:
            known = {name: bool(on) for name, on in dumped["states"].items() if name in self._arns}
            changed = {name: float(at) for name, at in dumped["changed"].items() if name in self._arns}
            self._start(self._states | known, changed)

    def _get(self, call: Call) -> Answer:
        name = self._name(call.params.get("RoutingControlArn"))
        on = self._view(call)[name]
        return {
            "RoutingControlArn": self._arns[name],
            "RoutingControlName": name,
            "RoutingControlState": _word(on),
        }

    def _list(self, call: Call) -> Answer:
        panel = call.params.get("ControlPanelArn")
        if panel is not None and panel != self.panel:
            raise not_found("ControlPanel", str(panel))
        size, token = call.params.get("MaxResults", PAGE), call.params.get("NextToken", "0")
        if not isinstance(size, int) or size < 1:
            raise invalid("MaxResults must be at least 1", "MaxResults")
        if not (isinstance(token, str) and token.isascii() and token.isdigit() and len(token) < 8):
            raise invalid("NextToken is not valid", "NextToken")
        start, end = int(token), int(token) + min(size, PAGE)
        view = self._view(call)
        listed = [
            {
                "ControlPanelArn": self.panel,
                "ControlPanelName": self._panel_name,
                "RoutingControlArn": self._arns[name],
                "RoutingControlName": name,
                "RoutingControlState": _word(view[name]),
                "Owner": ACCOUNT,
            }
            for name in list(self._arns)[start:end]
        ]
        return {"RoutingControls": listed} | ({"NextToken": str(end)} if end < len(self._arns) else {})

    def _update_one(self, call: Call) -> Answer:
        return self._write(call, [call.params])

    def _update_many(self, call: Call) -> Answer:
        entries = call.params.get("UpdateRoutingControlStateEntries")
        if not isinstance(entries, list) or not entries or not all(isinstance(one, dict) for one in entries):
            raise invalid("A list of entries is needed", "UpdateRoutingControlStateEntries")
        return self._write(call, entries)

    def _write(self, call: Call, entries: Sequence[Mapping[str, Any]]) -> Answer:
        now = self._kernel.now()
        endpoint = call.endpoint or call.region
        self._throttle(endpoint, now)
        if len(entries) > MOST_ENTRIES:
            raise too_many(len(entries), MOST_ENTRIES)
        wanted = {self._name(entry.get("RoutingControlArn")): _state(entry) for entry in entries}
        if len(wanted) != len(entries):
            raise invalid("A routing control is named twice", "UpdateRoutingControlStateEntries")
        overridden = self._overridden(call.params.get("SafetyRulesToOverride") or [])
        if endpoint in self._maintenance or self._live() < QUORUM:
            raise unavailable(endpoint)
        self._judge(wanted, overridden, now)
        changes = {name: on for name, on in wanted.items() if self._states[name] is not on}
        self._states |= changes
        self._changed |= dict.fromkeys(changes, now)
        self._replicas.spread(changes, at=now, taken_by=endpoint)
        for name, on in changes.items():
            for watcher in self._watchers:
                watcher(now, name, on)
        return {}

    def _judge(self, wanted: Mapping[str, bool], overridden: Collection[str], now: float) -> None:
        """Refuse a whole call that breaks a wait period or a safety rule.

        All changes of a call are made, or none. Wait periods are checked first, then the rules over the whole
        resulting set of states.
        """
        rules = [rule for rule in self._rules if rule.touches(wanted) and rule.arn not in overridden]
        for rule in rules:
            last = max((self._changed[name] for name in rule.controls if name in self._changed), default=None)
            if last is not None and now < last + rule.wait_period_ms / 1000:
                raise in_wait_period(rule)
        result = {**self._states, **wanted}
        for rule in rules:
            if not rule.holds(result):
                raise against_rule(rule, self._refusal)

    def _throttle(self, endpoint: str, now: float) -> None:
        recent = self._writes[endpoint]
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        if len(recent) >= WRITES_PER_SECOND:
            raise throttled()
        recent.append(now)

    def _live(self) -> int:
        return sum(name not in self._faults.arc and name not in self._maintenance for name in ENDPOINTS)

    def _view(self, call: Call) -> dict[str, bool]:
        endpoint = call.endpoint or call.region
        if endpoint in self._maintenance:
            raise unavailable(endpoint)
        return self._replicas.view(endpoint, self._kernel.now())

    def _name(self, arn: object) -> str:
        if not isinstance(arn, str) or not arn:
            raise invalid("RoutingControlArn is missing", "RoutingControlArn")
        if arn not in self._names:
            raise not_found("RoutingControl", arn)
        return self._names[arn]

    def _overridden(self, arns: Sequence[str]) -> frozenset[str]:
        for arn in arns:
            if arn not in {rule.arn for rule in self._rules}:
                raise not_found("SafetyRule", arn)
        return frozenset(arns)


def _state(entry: Mapping[str, Any]) -> bool:
    state = entry.get("RoutingControlState")
    if state not in ("On", "Off"):
        raise invalid("RoutingControlState must be On or Off", "RoutingControlState")
    return bool(state == "On")


def _word(on: bool) -> str:
    return "On" if on else "Off"
