"""The commands of a page: every line of its `sh` blocks, and its inline code that is one.

What is neither a known command nor plainly something else is an error: nothing is skipped in silence.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.sources import ROOT

PAGES = (
    "docs/deploy.md",
    "docs/account-setup.md",
    "docs/config.md",
    "docs/costs.md",
    "docs/release.md",
    "docs/runbooks/teardown.md",
    "docs/runbooks/turning-controls-on.md",
)
TOOLS = ("aws", "bash", "cdk", "export", "make", "npm", "python", "tidegate")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)(`+)(?!`)([^\n]*?[^`\n])\1(?!`)")
ASSIGNED = re.compile(r"[A-Z][A-Z0-9_]*=\S*")
NO_COMMAND = (r"[\w.]+: \S+", r"# yaml-language-server: .*")
"""Inline code with a space in it that is a line of YAML, or a comment."""


class Unknown(ValueError):  # noqa: N818
    """A line that nobody knows how to check."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command. words: without the variables that are set before it."""

    page: str
    line: str
    words: tuple[str, ...]

    @property
    def tool(self) -> str:
        return self.words[0]

    def __str__(self) -> str:
        return f"{Path(self.page).stem}: {self.line}"


def commands() -> list[Command]:
    """Return those of all pages, each once. Raises `Unknown`."""
    found = [c for page in PAGES for c in of_page(page, (ROOT / page).read_text(encoding="utf-8"))]
    return list({each.line: each for each in found}.values())


def of_page(page: str, text: str) -> Iterator[Command]:
    """Yield the commands of one page. Raises `Unknown`."""
    for kind, body in BLOCK.findall(text):
        if kind == "sh":
            for line in _lines(body):
                yield _command(page, line)
        elif kind != "text":
            raise Unknown(f"{page}: a block of the kind {kind!r}")
    for _, span in INLINE.findall(BLOCK.sub("", text)):
        line = span.strip().replace("``", "`")
        if " " not in line:
            continue  # a name, a file, a tool
        if any(re.fullmatch(pattern, line) for pattern in NO_COMMAND):
            continue
        yield _command(page, line)


def _lines(body: str) -> Iterator[str]:
    """Yield whole commands: a quoted text may go on over lines."""
    kept = ""
    for line in body.splitlines():
        kept = f"{kept}\n{line}" if kept else line
        try:
            words = shlex.split(kept, comments=True)
        except ValueError:
            continue
        if words:
            yield kept
        kept = ""
    if kept:
        raise Unknown(f"a quotation without an end: {kept}")


def _command(page: str, line: str) -> Command:
    words = shlex.split(line, comments=True)
    while len(words) > 1 and ASSIGNED.fullmatch(words[0]):
        words = words[1:]
    if words[0] not in TOOLS and not ASSIGNED.fullmatch(words[0]):
        raise Unknown(f"{page}: nobody knows how to check: {line}")
    return Command(page, line, tuple(words))
