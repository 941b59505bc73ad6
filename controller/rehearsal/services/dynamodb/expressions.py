"""The expression arguments of one request: parsed, bound to names and values, checked.

A name or value that no expression uses is refused.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from controller.rehearsal.services.dynamodb.condition_grammar import parse
from controller.rehearsal.services.dynamodb.conditions import Bindings, Condition, Judge
from controller.rehearsal.services.dynamodb.errors import invalid
from controller.rehearsal.services.dynamodb.paths import overlap, resolve, shown
from controller.rehearsal.services.dynamodb.tokens import Path, Reader, tokens
from controller.rehearsal.services.dynamodb.updates import Change, parse_update
from controller.rehearsal.services.dynamodb.values import Item, checked

_LEGACY = frozenset(
    ("AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter")
) | {"ScanFilter"}
_NAMES, _VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"


class Expressions:
    """A reader of a request's expressions, one by one.

    `finish` refuses placeholders that none of them used.
    """

    def __init__(self, params: Mapping[str, Any], expressions: Iterable[str]) -> None:
        legacy = _LEGACY.intersection(params)
        if legacy:
            raise invalid(f"{min(legacy)} is a legacy parameter, which this rehearsal does not answer to")
        self._params = params
        names, values = params.get(_NAMES), params.get(_VALUES)
        if (names is not None or values is not None) and not any(each in params for each in expressions):
            raise invalid(
                f"{_VALUES if names is None else _NAMES} can only be specified when using expressions"
            )
        self.bindings = Bindings(_placeholders(_NAMES, "#", names), _values(values))
        self._unused = {*self.bindings.names, *self.bindings.values}

    def condition(self, what: str) -> tuple[Judge, Condition] | None:
        """Return the checked judge and tree of an argument.

        what: the argument's name. `None` where the request does not have it.
        """
        text = self._params.get(what)
        if text is None:
            return None
        parsed = parse(what, text)
        self._use(parsed.names, parsed.values)
        judge = Judge(what, self.bindings)
        judge.check(parsed.condition)
        return judge, parsed.condition

    def update(self, key_names: tuple[str, ...]) -> Change | None:
        text = self._params.get("UpdateExpression")
        if text is None:
            return None
        parsed = parse_update(text)
        self._use(parsed.names, parsed.values)
        change = Change(parsed, self.bindings, key_names)
        change.check()
        return change

    def projection(self) -> tuple[Path, ...] | None:
        text = self._params.get("ProjectionExpression")
        if text is None:
            return None
        what = "ProjectionExpression"
        raw, names = _paths(what, text)
        self._use(names, frozenset())
        paths = [resolve(path, self.bindings.names, what) for path in raw]
        twice = overlap(paths)
        if twice is not None:
            raise invalid(
                f"Invalid {what}: Two document paths overlap with each other; must remove or rewrite one of "
                f"these paths; path one: {shown(twice[0])}, path two: {shown(twice[1])}"
            )
        return tuple(paths)

    def finish(self) -> None:
        for what, mark in ((_NAMES, "#"), (_VALUES, ":")):
            left = sorted(name for name in self._unused if name.startswith(mark))
            if left:
                raise invalid(f"Value provided in {what} unused in expressions: keys: {{{', '.join(left)}}}")

    def _use(self, names: frozenset[str], values: frozenset[str]) -> None:
        self._unused -= names
        self._unused -= values


def _placeholders(what: str, mark: str, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not given:
        raise invalid(f"{what} must not be empty")
    for name in given:
        if not name.startswith(mark) or len(name) < 2:
            raise invalid(f'{what} contains invalid key: Syntax error; key: "{name}"')
    return given


def _values(given: Mapping[str, Any] | None) -> Item:
    found = _placeholders(_VALUES, ":", given)
    return {name: checked(value) for name, value in found.items()}


@lru_cache(maxsize=512)
def _paths(what: str, text: str) -> tuple[tuple[Path, ...], frozenset[str]]:
    reader = Reader(what, tokens(what, text))
    found = [reader.path()]
    while reader.take(","):
        found.append(reader.path())
    reader.close()
    return tuple(found), frozenset(reader.names)
