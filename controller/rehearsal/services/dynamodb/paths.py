"""The document paths: they read, write and remove the value that `a.b[3]` names.

Writers copy; items never change.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.rehearsal.services.dynamodb.errors import invalid
from controller.rehearsal.services.dynamodb.tokens import Attribute, Path
from controller.rehearsal.services.dynamodb.values import Item, Value

_Tree = dict[Attribute, Any]  # a step -> the steps after it
_BAD_PATH = "The document path provided in the update expression is invalid for update"


def resolve(path: Path, names: Mapping[str, str], what: str) -> Path:
    """Return the path with its `#` placeholders replaced by their names."""
    if not any(step.name.startswith("#") for step in path):
        return path
    steps = []
    for step in path:
        if step.name.startswith("#"):
            if step.name not in names:
                raise invalid(
                    f"Invalid {what}: An expression attribute name used in the document path is not "
                    f"defined; attribute name: {step.name}"
                )
            step = Attribute(names[step.name])
        steps.append(step)
    return tuple(steps)


def shown(path: Path) -> str:
    return "[" + ", ".join(step.name or f"[{step.position}]" for step in path) + "]"


def read(item: Item, path: Path) -> Value | None:
    found = item.get(path[0].name)
    for step in path[1:]:
        if found is None:
            return None
        if step.name:
            found = found["M"].get(step.name) if "M" in found else None
        else:
            members = found.get("L", ())
            found = members[step.position] if step.position < len(members) else None
    return found


def write(item: Item, path: Path, value: Value | None) -> Item:
    """Return `item` with `value` at `path` (`None` removes).

    The parent must exist.
    """
    return _written({"M": item}, path, value)["M"]  # type: ignore[no-any-return]


def _written(parent: Value, path: Path, value: Value | None) -> Value:
    step, rest = path[0], path[1:]
    if step.name:
        if "M" not in parent:
            raise invalid(_BAD_PATH)
        members = dict(parent["M"])
        if rest:
            if step.name not in members:
                raise invalid(_BAD_PATH)
            members[step.name] = _written(members[step.name], rest, value)
        elif value is None:
            members.pop(step.name, None)
        else:
            members[step.name] = value
        return {"M": members}
    if "L" not in parent:
        raise invalid(_BAD_PATH)
    elements = list(parent["L"])
    if step.position < len(elements):
        if rest:
            elements[step.position] = _written(elements[step.position], rest, value)
        elif value is None:
            del elements[step.position]
        else:
            elements[step.position] = value
    elif rest:
        raise invalid(_BAD_PATH)
    elif value is not None:
        elements.append(value)
    return {"L": elements}


def project(item: Item, paths: Iterable[Path]) -> Item:
    """Return the parts of `item` that `paths` name, in their maps and lists.

    List elements that are left move together.
    """
    paths = tuple(paths)
    if all(len(path) == 1 for path in paths):
        return {path[0].name: item[path[0].name] for path in paths if path[0].name in item}
    tree: _Tree = {}
    for path in paths:
        node = tree
        for step in path:
            node = node.setdefault(step, {})
    picked = _picked({"M": item}, tree)
    return {} if picked is None else picked["M"]


def _picked(value: Value, tree: _Tree) -> Value | None:
    if not tree:
        return value
    if "M" in value:
        members = value["M"]
        named = {step.name: _picked(members[step.name], tree[step]) for step in tree if step.name in members}
        found = {name: member for name, member in named.items() if member is not None}
        return {"M": found} if found else None
    if "L" in value:
        elements = value["L"]
        steps = sorted(step for step in tree if not step.name and step.position < len(elements))
        kept = [_picked(elements[step.position], tree[step]) for step in steps]
        left = [element for element in kept if element is not None]
        return {"L": left} if left else None
    return None


def distinct(what: str, operator: str, *operands: Path | None) -> None:
    """Refuse a first operand that comes again among the others.

    None stands for an operand that is no path; values and sizes may be equal.
    """
    first = operands[0]
    if first is not None and first in operands[1:]:
        raise invalid(
            f"Invalid {what}: The first operand must be distinct from the remaining operands for this "
            f"operator or function; operator: {operator}, first operand: {shown(first)}"
        )


def overlap(paths: list[Path]) -> tuple[Path, Path] | None:
    """Return the first two paths of which one leads through the other."""
    for index, one in enumerate(paths):
        for other in paths[index + 1 :]:
            shorter = min(len(one), len(other))
            if one[:shorter] == other[:shorter]:
                return one, other
    return None
