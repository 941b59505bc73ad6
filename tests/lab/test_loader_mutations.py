"""Every single-node mutation of the shipped policy: refused, and the line of the mutation is named."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.core.admission import PolicyError, parse_policy
from controller.lab.loader import load_policy
from controller.lab.places import Document, PolicyRefused
from controller.lab.places import Path as Where
from controller.lab.suggestions import known_keys
from controller.lab.yaml_reader import read_yaml

SOURCE = (Path(__file__).parents[2] / "policies" / "storefront.yaml").read_text(encoding="utf-8")
DOCUMENT: Document = read_yaml(SOURCE)
LINES = SOURCE.splitlines()


def nodes(data: Any, path: Where = ()) -> Iterator[tuple[Where, Any]]:
    if path:
        yield path, data
    for key, value in (
        data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    ):
        yield from nodes(value, (*path, key))


NODES = list(nodes(DOCUMENT.data))
KEYS = [path for path, _ in NODES if isinstance(path[-1], str)]
SCALARS = [path for path, value in NODES if not isinstance(value, dict | list)]
# What may be left out: a bound that is not asked for, one of several of a kind.
OPTIONAL = {"for", "observers", "signals", "unless"}


def named(where: Where) -> str:
    return ".".join(map(str, where))


def edited(line: int, column: int, old: str, new: str) -> str:
    text = LINES[line - 1]
    assert text[column - 1 :].startswith(old), (line, column, old)
    lines = [*LINES]
    lines[line - 1] = text[: column - 1] + new + text[column - 1 + len(old) :]
    return "\n".join(lines) + "\n"


def lines_refused(tmp_path: Path, text: str) -> set[int]:
    file = tmp_path / "p.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyRefused) as info:
        load_policy(file)
    return {problem.line for problem in info.value.problems}


def free(path: Where) -> bool:
    """Whether the key is a name that the author chooses (a Region, a family, a gate)."""
    return len(path) == 2 and path[0] in ("regions", "signals", "approvals")


@pytest.mark.parametrize("path", [path for path in KEYS if not free(path)], ids=named)
def test_a_key_renamed_is_refused_at_its_own_line(tmp_path: Path, path: Where) -> None:
    place, key = DOCUMENT.places.keys[path], str(path[-1])
    assert place.line in lines_refused(tmp_path, edited(place.line, place.column, key, f"{key}Zz"))


@pytest.mark.parametrize("path", [path for path in KEYS if free(path)], ids=named)
def test_a_name_changed_is_refused_where_it_was_used(tmp_path: Path, path: Where) -> None:
    place, key = DOCUMENT.places.keys[path], str(path[-1])
    lines = lines_refused(tmp_path, edited(place.line, place.column, key, "ap-south-1"))
    users = {
        DOCUMENT.places.values[where].line
        for where, value in NODES
        if value == key and where[0] in ("target", "evacuate")
    }
    assert users
    assert users <= lines


@pytest.mark.parametrize("path", SCALARS, ids=named)
def test_a_value_of_a_wrong_kind_is_refused_at_its_line(tmp_path: Path, path: Where) -> None:
    place, value = DOCUMENT.places.values[path], str(at(path))
    quoted = LINES[place.line - 1][place.column - 1] == '"'
    for wrong in ("[1]", "{a: 1}", "~", "true", "-1", "1.5", "'\U0001f600'", "*a", "!!int 1"):
        text = edited(place.line, place.column, f'"{value}"' if quoted else value, wrong)
        assert place.line in lines_refused(tmp_path, text), wrong


def at(path: Where) -> Any:
    data = DOCUMENT.data
    for part in path:
        data = data[part]
    return data


def mutated(path: Where) -> tuple[Any, Any]:
    data = copy.deepcopy(DOCUMENT.data)
    holder = data
    for part in path[:-1]:
        holder = holder[part]
    return data, holder


@pytest.mark.parametrize("path", [path for path, _ in NODES], ids=named)
def test_plain_data_of_a_wrong_kind_is_refused_at_or_under_its_path(path: Where) -> None:
    for wrong in (None, True, -1, 1.5, "\0", [], {}, [None], [[]], {"a": 1}, {"": {}}):
        if (path[-1], wrong) in (("unless", []), ("approvals", {})):
            continue  # no shared cause is watched: allowed; no gate exists: told where one is asked for
        data, holder = mutated(path)
        holder[path[-1]] = wrong
        with pytest.raises(PolicyError) as info:
            parse_policy(data)
        places = [problem.where for problem in info.value.problems]
        assert any(where[: len(path)] == path for where in places), (wrong, places)
        assert not any("literal" in str(part) or part == "int" for where in places for part in where)


@pytest.mark.parametrize(
    "path", [path for path in KEYS if path[-1] not in OPTIONAL and not free(path)], ids=named
)
def test_a_key_removed_is_refused_and_named(path: Where) -> None:
    data, holder = mutated(path)
    del holder[path[-1]]
    with pytest.raises(PolicyError) as info:
        parse_policy(data)
    assert any(problem.where[: len(path) - 1] == path[:-1] for problem in info.value.problems) or path == (
        "approvals",
    )


def test_the_keys_known_at_each_place_are_those_of_the_policy() -> None:
    for path in KEYS:
        if not free(path):
            assert path[-1] in known_keys(path[:-1]), path
