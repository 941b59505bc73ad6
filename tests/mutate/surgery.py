"""Takes sites out of the running code, and puts them back: every caller meets the changed function.

passes        the check says yes                    skipped        the return is not there
returns none  nothing stands in the way             always         the condition holds, whatever is there
without KEY   the condition is not sent
"""

import ast
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from types import CodeType, FunctionType

from tests.mutate.sites import ROOT, Site, _texts, functions, tree_of

YES = "(lambda c: type(c)(c.guard, c.code, type(c.value).TRUE, 'taken out'))"


@contextmanager
def without(sites: Sequence[Site]) -> Iterator[None]:
    """The code without `sites`, until the end of the block."""
    changed: list[tuple[FunctionType, CodeType]] = []
    try:
        for path in {site.path for site in sites}:
            module = _module(path)
            wanted = [site for site in sites if site.path == path]
            code = compile(_cut(path, wanted), str(path), "exec", dont_inherit=True)
            for name in {site.function for site in wanted}:
                function = module
                for part in name.split("."):
                    function = getattr(function, part)
                assert isinstance(function, FunctionType)
                changed.append((function, function.__code__))
                function.__code__ = _within(code, name)
        yield
    finally:
        for function, before in changed:
            function.__code__ = before


def _module(path: Path) -> object:
    return importlib.import_module(".".join(("controller", *path.relative_to(ROOT).with_suffix("").parts)))


def _cut(path: Path, sites: Sequence[Site]) -> ast.Module:
    tree = deepcopy(tree_of(path))
    whole = dict(functions(path))
    for site in sites:
        surgeon = _Surgeon(site, whole[site.function])
        surgeon.visit(tree)
        assert surgeon.done == 1, f"{site} was found {surgeon.done} times"
    return ast.fix_missing_locations(tree)


def _within(code: CodeType, name: str) -> CodeType:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_qualname == name:
                return const
            if name.startswith(const.co_qualname + "."):
                return _within(const, name)
    raise LookupError(name)


class _Surgeon(ast.NodeTransformer):
    def __init__(self, site: Site, function: ast.FunctionDef) -> None:
        self.site, self.function, self.done = site, function, 0

    def visit(self, node: ast.AST) -> ast.AST:
        place = (getattr(node, "lineno", 0), getattr(node, "col_offset", -1))
        here = place == (self.site.line, self.site.column)
        key = self.site.how.removeprefix("without ")
        if isinstance(node, ast.Call) and key != self.site.how:
            kept = [k for k in node.keywords if k.arg != key or (k.value.lineno, k.value.col_offset) != (
                self.site.line, self.site.column)]  # fmt: skip
            self.done += len(node.keywords) - len(kept)
            node.keywords = kept
        elif here and (made := self._made(node)) is not None:
            self.done += 1
            return made
        return super().generic_visit(node)

    def _made(self, node: ast.AST) -> ast.AST | None:
        match self.site.how:
            case "passes" if isinstance(node, ast.Call):
                yes = ast.parse(YES, mode="eval").body
                return ast.copy_location(ast.Call(yes, [node], []), node)
            case "skipped" if isinstance(node, ast.Return):
                return ast.copy_location(ast.Pass(), node)
            case "returns none" if isinstance(node, ast.Return):
                return ast.copy_location(ast.Return(ast.Constant(None)), node)
            case "always" if isinstance(node, ast.Constant | ast.Name):
                (text,) = _texts(node, self.function, tree_of(self.site.path))
                return ast.copy_location(ast.Constant(f"({text}) OR NOT ({text})"), node)
        return None
