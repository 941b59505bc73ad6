"""Where something keeps an action back, found by reading the code: decision codes and conditional writes."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from controller.core.decision import decide
from controller.core.decision.drills import Obstacle
from controller.core.model import Check, Decision
from tests.support.sources import CODE as ROOT
from tests.support.sources import sources

CODE = re.compile(r"[a-z]+(-[a-z]+)*")
ACTS = {"act", "ask"}
"""What a decision does that keeps nothing back; whether `ask` keeps something back, its check says."""
PLACES = {Check.__name__: 1, Decision.__name__: 2, decide._plainly.__name__: 2, Obstacle.__name__: 0}
"""Name of whatever takes a code -> as which argument."""
CONDITIONS = {"ConditionExpression", "IfMatch", "IfNoneMatch"}

Function = ast.FunctionDef


@dataclass(frozen=True, slots=True)
class Site:
    """One expression or statement of a function that has to go. how: see `surgery`."""

    path: Path
    function: str
    how: str
    line: int
    column: int


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def rows() -> Mapping[str, tuple[Site, ...]]:
    """Each guard and each conditional write by name, with everything that makes it up."""
    found: defaultdict[str, list[Site]] = defaultdict(list)
    for path in sources(least=350):
        room = path.relative_to(ROOT).parts[0]
        if room == "core":
            group = {"restore": "home", "drills": "drill"}.get(path.stem, "leave")
            for codes, site in guards(path):
                found[f"{group} {'/'.join(sorted(codes))}"].append(site)
        elif room != "rehearsal":
            for condition, site in conditions(path):
                found[f"write {path.stem} {condition}"].append(site)
    return {name: tuple(sites) for name, sites in found.items()}


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    """Every function and method with its qualified name."""
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{f.name}", f) for f in node.body if isinstance(f, ast.FunctionDef))


def guards(path: Path) -> Iterator[tuple[frozenset[str], Site]]:
    for name, function in functions(path):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and (codes := _checked(node)):
                yield codes, Site(path, name, "passes", node.lineno, node.col_offset)
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and (codes := _stops(node, function)):
                yield codes, Site(path, name, _gone(function), node.lineno, node.col_offset)


def conditions(path: Path) -> Iterator[tuple[str, Site]]:
    for name, function in functions(path):
        for node in ast.walk(function):
            for key, value in _members(node):
                if key == "ConditionExpression":
                    said = "|".join(sorted(_texts(value, function, tree_of(path))))
                    yield said, Site(path, name, "always", value.lineno, value.col_offset)
                elif key in CONDITIONS:
                    yield key, Site(path, name, f"without {key}", value.lineno, value.col_offset)


def _members(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """(key, value) wherever one is given by name: in a call, in a mapping, into a mapping."""
    if isinstance(node, ast.Call):
        yield from ((str(k.arg), k.value) for k in node.keywords)
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from ((str(k.value), v) for k, v in pairs if isinstance(k, ast.Constant))
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        key = node.targets[0].slice
        if isinstance(key, ast.Constant):
            yield str(key.value), node.value


def _checked(call: ast.Call) -> frozenset[str]:
    """The codes of a check that may say no."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name == Check.__name__:
        if len(call.args) > 2 and ast.unparse(call.args[2]) == "Truth.TRUE":
            return frozenset()
        return _codes(call.args[1]) if len(call.args) > 1 else frozenset()
    place = _hands_on().get(name)
    return _codes(call.args[place]) if place is not None and len(call.args) > place else frozenset()


@cache
def _hands_on() -> Mapping[str, int]:
    """Functions that make a check of a code they are given: name -> which argument that is."""
    found = {}
    for path in sources("core", least=30):
        for name, function in functions(path):
            given = [argument.arg for argument in function.args.args]
            if function.returns is not None and ast.unparse(function.returns) == "Check" and "code" in given:
                found[name] = given.index("code")
    return found


def _codes(node: ast.expr) -> frozenset[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        return frozenset({node.value})
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        begins = str(node.values[0].value)
        return frozenset(code for code in _all_codes() if code.startswith(begins))
    return frozenset()


@cache
def _all_codes() -> frozenset[str]:
    """Every code that has a heading in docs/codes.md; a test compares them with the code."""
    text = (ROOT.parent / "docs" / "codes.md").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^### ([a-z-]+)$", text, re.MULTILINE))


def _stops(node: ast.Return, function: Function) -> frozenset[str]:
    """The codes of a decision that is returned here and lets nothing happen."""
    call = node.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return frozenset()
    words = {text for value in (*call.args, *(k.value for k in call.keywords)) for text in _plain(value)}
    if words & ACTS:
        return frozenset()
    if call.func.id == "replace":
        given = next((k.value for k in call.keywords if k.arg == "code"), None)
    else:
        place = PLACES.get(call.func.id, len(call.args)) if call.func.id != Check.__name__ else len(call.args)
        given = call.args[place] if place < len(call.args) else None
    if given is None:
        return frozenset()
    found = _texts(given, function) if isinstance(given, ast.Name) else _codes(given)
    if isinstance(given, ast.Attribute):  # `gate.code`, which the `if` around it has compared
        around = [n for n in ast.walk(function) if isinstance(n, ast.If) and node in n.body]
        found = frozenset(text for n in around for text in _plain(n.test))
    return frozenset(code for code in found if code in _all_codes())


def _plain(node: ast.expr) -> set[str]:
    return {str(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _texts(node: ast.expr, function: Function, module: ast.Module | None = None) -> frozenset[str]:
    """The text that an expression is, or those that its name is given in the function or the module."""
    if not isinstance(node, ast.Name):
        return frozenset(_plain(node))
    found: set[str] = set()
    for each in (*ast.walk(function), *(module.body if module else ())):
        if isinstance(each, ast.Assign) and any(
            isinstance(n, ast.Name) and n.id == node.id for target in each.targets for n in ast.walk(target)
        ):
            found |= _plain(each.value)
    return frozenset(found)


def _gone(function: Function) -> str:
    """What a stopping return becomes: skipped where the others are still to be asked, else `return None`."""
    last, optional = function.body[-1], "None" in ast.unparse(function.returns or ast.Constant(""))
    falls_through = isinstance(last, ast.Return) and ast.unparse(last) == "return None"
    return "returns none" if optional and not falls_through else "skipped"
