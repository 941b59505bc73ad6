"""The paths, names, modules and targets that CONTRIBUTING.md and the code tour give are there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shipped_policy import language_keys
from tests.support.sources import CODE, ROOT, existing, module_of, sources

TOUR = "docs/code-tour.md"
NAMED = {"CONTRIBUTING.md": 80, TOUR: 30}
"""Page -> how many different files it names at least."""
PAGES = {page: ROOT / page for page in NAMED if (ROOT / page).exists()}
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
SUFFIX = re.compile(r"\.(css|csv|html|js|json|lock|md|png|py|svg|toml|txt|ya?ml)$")
LETTERS = re.compile(r"[\w./-]+")
PLACEHOLDER = re.compile(r"[A-Z]{2,}(\.\w+)?")
NAME = r"`[A-Za-z_][\w.]*`"
NAMES = rf"{NAME}(?:(?:,? and |, ){NAME})*"
BESIDE = re.compile(rf"`([\w./]+\.py)`,? ({NAMES})")
AFTER = re.compile(rf"`([^`\s]+)`: ({NAMES})")
BEFORE = re.compile(rf"({NAMES}) in `([^`\s]+)`")
SNAKE = re.compile(r"_?[a-z]+(_[a-z]+)+")
DOTTED = re.compile(r"[a-z_]\w*(\.[a-z_]\w*)*\.[A-Za-z_]\w*")
TOPS = {path.name for folder in (ROOT, CODE) for path in folder.iterdir() if path.is_dir()}
OUTSIDE = ("../", "$", ".venv/")
"""Beginnings of what lies outside the project, or is made by it."""

each_page = pytest.mark.parametrize("page", PAGES)


def prose(page: str) -> str:
    """Return the page as one line, without its blocks."""
    return " ".join(BLOCK.sub("", PAGES[page].read_text(encoding="utf-8")).split())


def looks_like_a_path(span: str) -> bool:
    """Return True for a file name, and for a folder below a folder of ours."""
    if not LETTERS.fullmatch(span) or span.startswith(OUTSIDE):
        return False
    folder, slash, _ = span.partition("/")
    return bool(SUFFIX.search(span)) or (bool(slash) and folder in TOPS)


def found(path: str) -> Path | None:
    """Return the file or folder of that path, below the project or below `controller`.

    Capitals stand for a name of one's own, so that the folder alone is looked for.
    """
    place = path.rstrip("/")
    if PLACEHOLDER.fullmatch(place.rpartition("/")[2]):
        place = place.rpartition("/")[0]
    return next((top / place for top in (ROOT, CODE) if (top / place).exists()), None)


def paths(page: str) -> set[str]:
    spans = (span.partition("::")[0] for span in SPAN.findall(prose(page)))
    return {span for span in spans if looks_like_a_path(span)}


def named_beside(page: str) -> set[tuple[str, str]]:
    """Return (path, name) of "`path`: `NAME`", "`path`, `NAME`", "`NAME` in `path`", and `path::NAME`."""
    text = prose(page)
    pairs = [*AFTER.findall(text), *((path, names) for names, path in BEFORE.findall(text))]
    if page == TOUR:
        pairs += BESIDE.findall(text)
    pairs += [
        (path, f"`{name}`") for path, mark, name in (s.partition("::") for s in SPAN.findall(text)) if mark
    ]
    return {(path, name) for path, names in pairs for name in SPAN.findall(names) if looks_like_a_path(path)}


def stands_in(name: str, path: Path) -> bool:
    """Return True where each word of the dotted name stands in the file, or in one of the folder's."""
    files = existing(path.rglob("*.py"), least=1) if path.is_dir() else [path]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return all(re.search(rf"\b{re.escape(word)}\b", text) for word in name.split("."))


def modules() -> dict[str, Path]:
    files = [
        *sources(least=350),
        *sources("infra", least=25, root=ROOT),
        *sources("tests", least=280, root=ROOT),
    ]
    return {module_of(file): file for file in files}


MODULES = modules()


def homes(dotted: str) -> Iterator[tuple[Path, str]]:
    """Yield each module whose name begins `dotted`, and the name that follows."""
    words = dotted.split(".")
    for length in range(len(words) - 1, 0, -1):
        ending = "." + ".".join(words[:length])
        yield from ((file, words[length]) for name, file in MODULES.items() if f".{name}".endswith(ending))


def is_a_module(dotted: str) -> bool:
    return any(f".{name}".endswith(f".{dotted}") or f".{dotted}." in f".{name}" for name in MODULES)


def missing_attribute(dotted: str) -> bool:
    """Return True for `module.name` where no module of that name has the name.

    A constant or a class must have its module; of other words, those alone that begin with a module's name.
    """
    if is_a_module(dotted) or dotted.split(".")[1] in language_keys():
        return False
    places = list(homes(dotted))
    if not places:
        return not dotted.rpartition(".")[2].islower()
    return not any(stands_in(name, file) for file, name in places)


@each_page
def test_each_file_that_a_page_names_is_there(page: str) -> None:
    named = paths(page)
    assert len(named) >= NAMED[page]
    assert sorted(path for path in named if found(path) is None) == []


def test_each_function_that_the_tour_names_is_somewhere() -> None:
    spans = {span for span in SPAN.findall(prose(TOUR)) if SNAKE.fullmatch(span)}
    assert len(spans) >= 20
    code = [*sources(least=350), *sources("infra", least=25, root=ROOT)]
    words = set(re.findall(r"\w+", "".join(file.read_text(encoding="utf-8") for file in code)))
    assert spans - words == set()


@each_page
def test_each_name_beside_a_file_stands_in_it(page: str) -> None:
    pairs = named_beside(page)
    assert len(pairs) >= (40 if page == "CONTRIBUTING.md" else 30)
    places = {(path, name): found(path) for path, name in pairs}
    assert sorted(pair for pair, place in places.items() if not place or not stands_in(pair[1], place)) == []


@each_page
def test_each_module_and_what_is_named_of_it_is_there(page: str) -> None:
    spans = {span for span in SPAN.findall(prose(page)) if DOTTED.fullmatch(span) and not SUFFIX.search(span)}
    assert sorted(span for span in spans if missing_attribute(span)) == []


@each_page
def test_each_module_that_a_page_runs_can_be_run(page: str) -> None:
    text = PAGES[page].read_text(encoding="utf-8")
    run = {name for name in re.findall(r"python -m ([\w.]+)", text) if name.partition(".")[0] in TOPS}
    assert len(run) >= (5 if page == "CONTRIBUTING.md" else 0)
    texts = {name: MODULES.get(name, MODULES.get(f"{name}.__main__")) for name in run}
    runs = [name for name, file in texts.items() if file and "__main__" in file.read_text(encoding="utf-8")]
    assert sorted(run - set(runs)) == []


@each_page
def test_each_target_that_a_page_names_is_in_the_makefile(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    named = {match[1] for span in SPAN.findall(prose(page)) if (match := re.match(r"make ([\w-]+)", span))}
    assert len(named) >= (4 if page == "CONTRIBUTING.md" else 0)
    assert sorted(named - targets) == []


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("core/decision/guards.py", True),
        ("controller/core/decision/guards.py", True),
        ("steps/workflow/NAME.py", True),
        ("tests/golden/VERSION", True),
        ("core/decision/guardz.py", False),
        ("steps/workflows/NAME.py", False),
    ],
)
def test_a_file_that_is_not_there_is_found_out(path: str, there: bool) -> None:
    assert looks_like_a_path(path)
    assert (found(path) is not None) is there


@pytest.mark.parametrize(
    ("dotted", "missing"),
    [
        ("planes.DATA", False),
        ("core.text.sanitize", False),
        ("planes.DATUM", True),
        ("plains.DATA", True),
        ("limits.blackout", False),
    ],
)
def test_a_name_that_its_module_has_not_is_found_out(dotted: str, missing: bool) -> None:
    assert missing_attribute(dotted) is missing
