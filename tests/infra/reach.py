"""The ports that each handler can reach, read from the code: the source of truth that roles are held to.

A function reaches what it names as `deps.PORT`, and whatever the functions that it names reach. That is too
much rather than too little: a role must never lack what a branch needs that no drill took.
"""

import ast
from collections.abc import Iterator
from functools import cache

from tests.support.sources import CODE, module_of, sources

PORTS = (
    *(
        "journal",
        "leases",
        "policies",
        "evidence",
        "snapshots",
        "assessments",
        "approvals",
        "switch",
        "polls",
        "requests",
    ),
    *("readiness", "workflow", "notices", "people", "heartbeat"),
)
FLIPS = ".switch.update"
SWEEP = "deps.people.expire"
WITH = {"notices": "people"}
"""What `wiring` puts around a port: notices tell names."""
Place = tuple[str, str]
"""Module and name."""


def reached() -> dict[str, frozenset[str]]:
    """Handler -> ports. `shift` is a switch that is moved, `switch` one that is read."""
    found = _functions()
    return {handler: frozenset(_closure(found, place)) for handler, place in _entries().items()}


def reached_by_console() -> frozenset[str]:
    """What the console's pages touch, what the steps that they call reach, and the cookies' key."""
    found: set[str] = {"console_key"}
    for file in sources("console", least=15):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found |= set(_ports(tree))
        for place in _imports(tree).values():
            if place[0].startswith("controller.steps."):
                found |= set(_closure(_functions(), place))
    return frozenset(found)


def _closure(functions: dict[Place, tuple[set[str], set[Place]]], start: Place) -> Iterator[str]:
    seen: set[Place] = set()
    todo = [start]
    while todo:
        place = todo.pop()
        if place in seen or place not in functions:
            continue
        seen.add(place)
        ports, named = functions[place]
        yield from ports
        todo += named


@cache
def _functions() -> dict[Place, tuple[set[str], set[Place]]]:
    files = {module_of(file): file for file in sources("steps", least=25)}
    files["controller.entry.lambdas"] = CODE / "entry" / "lambdas.py"
    found: dict[Place, tuple[set[str], set[Place]]] = {}
    for module, file in files.items():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imports = _imports(tree)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[module, node.name] = (set(_ports(node)), set(_named(node, module, imports)))
    return found


def _imports(tree: ast.Module) -> dict[str, Place]:
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _ports(node: ast.AST) -> Iterator[str]:
    attributes = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    swept = {each.value for each in attributes if ast.unparse(each) == SWEEP}
    for each in ast.walk(node):
        on = each.value if isinstance(each, ast.Attribute) else None
        if isinstance(on, ast.Attribute) and _is_deps(on) and ast.unparse(each).endswith(FLIPS):
            yield "shift"
        if isinstance(each, ast.Attribute) and _is_deps(each) and each.attr in PORTS:
            yield "expiry" if each in swept else each.attr
            if each.attr in WITH:
                yield WITH[each.attr]


def _is_deps(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "deps"


def _named(node: ast.AST, module: str, imports: dict[str, Place]) -> Iterator[Place]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield imports.get(each.id, (module, each.id))
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in imports:
            above, name = imports[each.value.id]
            yield f"{above}.{name}", each.attr


def _entries() -> dict[str, Place]:
    """Handler -> the function that it is, from the table in `entry/lambdas.py`."""
    module = "controller.entry.lambdas"
    tree = ast.parse((CODE / "entry" / "lambdas.py").read_text(encoding="utf-8"))
    imports = _imports(tree)
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "HANDLERS"
    )
    assert isinstance(table, ast.Dict)
    found: dict[str, Place] = {}
    for key, value in zip(table.keys, table.values, strict=True):
        assert isinstance(key, ast.Constant)
        name = value.args[-1] if isinstance(value, ast.Call) else value
        assert isinstance(name, ast.Name)
        found[str(key.value)] = imports.get(name.id, (module, name.id))
    return found
