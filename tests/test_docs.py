"""The documentation says what is so: codes, keys, scenarios, commands, links and policies are compared."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.core.policy.validation import parse_policy
from controller.entry.cli.main import main
from controller.entry.cli.output import ExitCode
from controller.lab.cases.run import run
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.yaml import read_yaml
from controller.lab.scenarios import SCENARIOS
from tests.support.shipped_policy import SHIPPED, language_keys
from tests.support.sources import existing, sources

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *existing((ROOT / "docs").rglob("*.md"), least=50),
]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
README, CODES, KEYS = TEXTS["README.md"], TEXTS["docs/codes.md"], TEXTS["docs/policy.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"[a-z]+(-[a-z]+)*")
LONG = ("README.md", "CONTRIBUTING.md", "docs/codes.md")
"""Pages that are looked up in, and may have 260 lines."""

each_page = pytest.mark.parametrize("page", TEXTS)


def blocks(text: str, *kinds: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(text) if kind in kinds]


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table that begins with `heading`, without its first two lines."""
    lines = text[text.index(heading) :].splitlines()[2:]
    table = lines[: next((n for n, line in enumerate(lines) if not line.startswith("|")), len(lines))]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def spans(text: str) -> list[str]:
    """Inline code, outside blocks."""
    return re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))


# Codes and guards, read off the source: whatever is passed or assigned as a `code`.


class _Codes(ast.NodeVisitor):
    """codes and guards as literals. patterns: codes that are made of a literal and a value.

    named: a constant's name -> its text.
    """

    def __init__(self, places: dict[str, int], named: dict[str, str]) -> None:
        self.places, self.named = places, named
        self.codes: set[str] = set()
        self.guards: set[str] = set()
        self.patterns: set[str] = set()

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in self.places and len(node.args) > self.places[name]:
            self._take(node.args[self.places[name]])
        for keyword in node.keywords:
            if keyword.arg == "code":
                self._take(keyword.value)
        if name == "Check":
            self.guards |= _literals(node.args[0])
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "code":
                self._take(value)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """`gate.code in ("approval-denied", …)`: spelt out where it is asked for."""
        if isinstance(node.left, ast.Attribute) and node.left.attr == "code":
            for right in node.comparators:
                for each in right.elts if isinstance(right, ast.Tuple) else [right]:
                    self._take(each)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == "code":
                self._take(node.value)
            if isinstance(target, ast.Tuple):
                names = [each.id if isinstance(each, ast.Name) else "" for each in target.elts]
                for value in _either(node.value) if "code" in names else ():
                    if isinstance(value, ast.Tuple):
                        self._take(value.elts[names.index("code")])
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function named `code` gives codes."""
        if node.name.strip("_") == "code":
            for child in ast.walk(node):
                if isinstance(child, ast.Return) and child.value is not None:
                    self._take(child.value)
        self.generic_visit(node)

    def _take(self, value: ast.expr) -> None:
        names = (self.named.get(each.id, "") for each in _either(value) if isinstance(each, ast.Name))
        self.codes |= {text for text in (*_literals(value), *names) if CODE.fullmatch(text)}
        for each in _either(value):
            if isinstance(each, ast.JoinedStr):
                parts = [
                    re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z-]+" for p in each.values
                ]
                self.patterns.add("".join(parts))


def _either(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from (*_either(value.body), *_either(value.orelse))
    elif isinstance(value, ast.BoolOp):
        for each in value.values:
            yield from _either(each)
    else:
        yield value


def _literals(value: ast.expr) -> set[str]:
    return {str(each.value) for each in _either(value) if isinstance(each, ast.Constant)}


def _found() -> _Codes:
    files = [*sources("core", least=30), *sources("steps", least=25)]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    places: dict[str, int] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args]
        elif isinstance(node, ast.ClassDef):
            names = [
                e.target.id
                for e in node.body
                if isinstance(e, ast.AnnAssign) and isinstance(e.target, ast.Name)
            ]
        else:
            continue
        if "code" in names:
            places[node.name] = names.index("code")
    constants = (
        node for tree in trees for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    )  # fmt: skip
    named = {ast.unparse(node.targets[0]): str(node.value.value) for node in constants}
    found = _Codes(places, named)
    for tree in trees:
        found.visit(tree)
    return found


FOUND = _found()
HEADINGS = re.findall(r"^### (.+)$", CODES, re.MULTILINE)


def test_every_code_in_the_source_has_one_heading() -> None:
    assert len(FOUND.codes) > 20
    assert sorted(FOUND.codes - set(HEADINGS)) == []
    assert len(HEADINGS) == len(set(HEADINGS))


def test_every_heading_is_a_code_in_the_source() -> None:
    made = {heading for heading in HEADINGS if any(re.fullmatch(p, heading) for p in FOUND.patterns)}
    assert sorted(set(HEADINGS) - FOUND.codes - made) == []
    for pattern in FOUND.patterns:
        assert any(re.fullmatch(pattern, heading) for heading in HEADINGS), pattern


def test_the_table_of_guards_names_each_guard_of_the_source_and_codes_that_have_a_heading() -> None:
    table = rows(CODES, "| guard | codes |")
    assert {guard for guard, _ in table} == FOUND.guards
    linked = [code for _, cell in table for code in re.findall(r"\(#([a-z-]+)\)", cell)]
    assert set(linked) <= set(HEADINGS)
    assert len(linked) == len(set(linked))


def test_the_table_of_keys_is_the_language() -> None:
    told = {key for first, _ in rows(KEYS, "| key | what |") for key in re.findall(r"`(\w+)`", first)}
    assert told == language_keys()


def test_the_readme_names_every_scenario_and_what_must_come_of_it() -> None:
    told = {row[0].strip("`"): row[1] for row in rows(README, "| scenario | must |")}
    assert told == {scenario.name: scenario.must for scenario in SCENARIOS.values()}


def test_the_readme_names_every_exit_code_that_a_person_meets() -> None:
    told = {int(row[0]) for row in rows(README, "| exit code | means |")}
    assert told == {int(code) for code in ExitCode} - {ExitCode.READER_GONE}


def test_the_table_of_rooms_names_the_layers_in_their_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(c for c in contracts if c["type"] == "layers")["layers"]
    position = {room: number for number, layer in enumerate(layers) for room in layer.split(" | ")}
    told = [
        room
        for first, *_ in rows(TEXTS["CONTRIBUTING.md"], "| room | what")
        for room in re.findall(r"`(\w+)`", first)
    ]
    assert sorted(told) == sorted(position)
    assert [position[room] for room in told] == sorted(position[room] for room in told)


@each_page
def test_policies_on_a_page_load(page: str, tmp_path: Path) -> None:
    """A block that begins with `# fragment` stands for the shipped policy with these keys in it, one that
    begins with `# cases` for worked cases of it."""
    for number, text in enumerate(blocks(TEXTS[page], "yaml")):
        if text.startswith("# fragment"):
            shipped = read_yaml(SHIPPED.read_text(encoding="utf-8")).data
            parse_policy({**shipped, **read_yaml(text).data})
        elif text.startswith("# cases"):
            (tmp_path / SHIPPED.name).write_bytes(SHIPPED.read_bytes())
            file = tmp_path / "storefront.cases.yaml"
            file.write_text(text, encoding="utf-8")
            assert run(file).passed
        else:
            file = tmp_path / f"{number}.yaml"
            file.write_text(text, encoding="utf-8")
            load_policy(file)


def _command_lines() -> list[str]:
    """What follows `tidegate` wherever a page shows a command, without comments."""
    found = set()
    for text in TEXTS.values():
        shown = [line for block in blocks(text, "sh", "text") for line in block.splitlines()] + spans(text)
        for line in shown:
            words = re.match(r"(?:\$ )?tidegate ((?!-)\S.*)", line.strip())
            if words:
                found.add(words[1].partition("#")[0].strip())
    return sorted(found)


@pytest.mark.parametrize("line", _command_lines())
def test_every_command_on_a_page_exists_with_its_options(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = line.split()
    options = (n for n, word in enumerate(words) if not re.fullmatch("[a-z]+(-[a-z]+)*", word))
    path = words[: next(options, len(words))]
    assert main([*path, "--help"]) == 0
    told = capsys.readouterr().out
    assert f"tidegate {' '.join(path)}" in told
    for option in re.findall(r"--[a-z-]+", line):
        assert option in told, f"{option} is no option of tidegate {' '.join(path)}"


def test_every_make_target_on_a_page_exists() -> None:
    targets = set(
        re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for page, text in TEXTS.items():
        shown = spans(text) + [line for block in blocks(text, "sh") for line in block.splitlines()]
        named = {match[1] for line in shown if (match := re.match(r"make ([\w-]+)", line))}
        assert named <= targets, page


@each_page
def test_links_and_pictures_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", TEXTS[page])):
        assert "://" not in link, f"{link}: a page that must be read at 3 a.m. leads to no other site"
        path, _, anchor = link.partition("#")
        file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert file.exists(), link
        if anchor:
            anchors = {
                _anchor(title)
                for title in re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            }
            assert anchor in anchors, link


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_pictures_ask_nobody_for_anything() -> None:
    for picture in existing((ROOT / "docs").rglob("*.svg"), least=3):
        text = picture.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "://" not in text
        assert "@import" not in text
        assert "<script" not in text


@each_page
def test_no_page_names_a_place_on_somebodys_machine(page: str) -> None:
    assert not re.search(r"(?<![\w.~}])/(?:work|root|home|tmp|Users|mnt)/", TEXTS[page])


@each_page
def test_prose_is_narrow(page: str) -> None:
    prose = BLOCK.sub("", TEXTS[page]).splitlines()
    assert [line for line in prose if len(line) > 120 and not line.startswith("|")] == []


@each_page
def test_pages_are_short(page: str) -> None:
    assert TEXTS[page].count("\n") <= (260 if page in LONG else 160)


def test_each_decision_record_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert len(numbers) >= 28
    assert len(numbers) == len(set(numbers))
