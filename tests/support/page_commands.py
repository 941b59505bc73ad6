"""The commands of a page: every line of its `sh` blocks, and its inline code that is one.

What is neither a known command nor plainly something else is an error: nothing is skipped in silence.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.sources import ROOT

GUIDE = "docs/deploy.md"
BESIDE = ("docs/standby.md", "docs/watching.md")
"""What the guide's own pages lead to, and somebody types lines of."""
UNREAD: dict[str, str] = {}
"""Page that the guide leads to -> why nobody reads its commands. None is left out today."""
TOOLS = ("aws", "bash", "cdk", "dig", "export", "make", "npm", "python", "tidegate")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)(`+)(?!`)([^\n]*?[^`\n])\1(?!`)")
LINK = re.compile(r"\]\(([\w./-]+\.md)(?:#[\w-]+)?\)")
ASSIGNED = re.compile(r"[A-Z][A-Z0-9_]*=.*", re.DOTALL)
COMPUTED = re.compile(r"([a-z]\w*)=\$\(.*\)")
"""A variable that the shell itself computes: `key=$(…)`."""
LOOP = re.compile(r"for (\w+) in \S+; do\n(.*)\ndone", re.DOTALL)
NAMED = re.compile(r"\w+=\S*\$\(basename \$\w+ \.\w+\)")
"""Within a loop: a variable made of the file's name."""
NO_COMMAND = (r"[\w.]+: \S+", r'"\w+": \S+', r"# yaml-language-server: .*")
"""Inline code with a space in it that is a line of YAML, a member of JSON, or a comment."""


class Unknown(ValueError):  # noqa: N818
    """A line that nobody knows how to check."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or a loop of some. words: without the variables set before it; of a loop, the first."""

    page: str
    line: str
    words: tuple[str, ...]
    loop: bool = False

    @property
    def tool(self) -> str:
        return self.words[0]

    def __str__(self) -> str:
        return f"{Path(self.page).stem}: {self.line}"


def pages() -> list[str]:
    """Return the guide, each page that it leads to, and those beside."""
    text = (ROOT / GUIDE).read_text(encoding="utf-8")
    linked = [f"docs/{name}" for name in LINK.findall(text)]
    return [page for page in dict.fromkeys([GUIDE, *linked, *BESIDE]) if page not in UNREAD]


def rows() -> set[str]:
    """Return the names of the doctor's rows, which are written like commands."""
    page = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    firsts = re.findall(r"^\| (`[^|]*`) \|", page, re.MULTILINE)
    return {name for first in firsts for name in re.findall(r"`([^`]+)`", first)}


def commands() -> list[Command]:
    """Return those of all pages, each once. Raises `Unknown`."""
    found = [c for page in pages() for c in of_page(page, (ROOT / page).read_text(encoding="utf-8"))]
    return list({each.line: each for each in found}.values())


def of_page(page: str, text: str) -> Iterator[Command]:
    """Yield the commands of one page. Raises `Unknown`."""
    for kind, body in BLOCK.findall(text):
        if kind == "sh":
            yield from _script(page, body)
        elif kind != "text":
            raise Unknown(f"{page}: a block of the kind {kind!r}")
    prose = BLOCK.sub("", text)
    for left in INLINE.sub("", prose).splitlines():
        if "`" in left:
            raise Unknown(f"{page}: inline code that goes on in the next line: {left}")
    for _, span in INLINE.findall(prose):
        line = span.strip().replace("``", "`")
        if " " not in line or line in rows():
            continue  # a name, a file, a tool, a row of the doctor
        if any(re.fullmatch(pattern, line) for pattern in NO_COMMAND):
            continue
        yield _command(page, line)


def _script(page: str, body: str) -> Iterator[Command]:
    """Yield the commands of a block, with the values of variables that the block itself has set."""
    values: dict[str, str] = {}
    for line in _lines(body):
        found = _command(page, line)
        if ASSIGNED.fullmatch(found.tool):
            name, _, values[name] = found.tool.partition("=")
        words = [re.sub(r"\$([A-Z]+)\b", lambda m: values.get(m[1], m[0]), word) for word in found.words[1:]]
        yield Command(page, line, (found.tool, *words), found.loop)


def _lines(body: str) -> Iterator[str]:
    """Yield whole commands: a quoted text may go on over lines, and a loop until its end."""
    kept = ""
    for line in body.splitlines():
        kept = f"{kept}\n{line}".replace("\\\n", " ") if kept else line
        if kept.startswith("for ") and line != "done":
            continue
        try:
            words = shlex.split(kept, comments=True)
        except ValueError:
            continue
        if words:
            yield kept
        kept = ""
    if kept:
        raise Unknown(f"a quotation or a loop without an end: {kept}")


def _command(page: str, line: str) -> Command:
    if found := LOOP.fullmatch(line):
        inner = [each.strip() for each in found[2].splitlines()]
        made = [_command(page, each) for each in inner if not NAMED.fullmatch(each)]
        if len({each.tool for each in made}) == 1:
            return Command(page, line, made[0].words, loop=True)
        raise Unknown(f"{page}: a loop of no tool, or of several: {line}")
    computed = COMPUTED.match(line)
    if computed:
        return Command(page, line, (f"{computed[1]}=", computed[0]))
    words = shlex.split(line, comments=True)
    while len(words) > 1 and ASSIGNED.fullmatch(words[0]):
        words = words[1:]
    if words[0] not in TOOLS and not ASSIGNED.fullmatch(words[0]):
        raise Unknown(f"{page}: nobody knows how to check: {line}")
    return Command(page, line, tuple(words))
