"""Every single-node mutation of the shipped policy: refused, and the line of the mutation is named."""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from controller.core.policy.validation import PolicyError, parse_policy
from controller.lab.policy_files.loader import known_keys, located_problems
from controller.lab.policy_files.positions import Document, Place, Places
from controller.lab.policy_files.positions import Path as Where
from controller.lab.policy_files.yaml import read_yaml
from tests.lab.policy_refusals import SOURCE, refused

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
CRONS = {path for path in KEYS if path[-1] == "cron"}
# What may be left out: a bound that is not asked for, one of several of a kind.
OPTIONAL = {"for", "observers", "signals", "unless", "drills", "cron", "abortWhen", "blackout", "tellAfter"}


def named(where: Where) -> str:
    return ".".join(map(str, where))


def edited(line: int, column: int, old: str, new: str) -> str:
    text = LINES[line - 1]
    assert text[column - 1 :].startswith(old), (line, column, old)
    lines = [*LINES]
    lines[line - 1] = text[: column - 1] + new + text[column - 1 + len(old) :]
    return "\n".join(lines) + "\n"


def lines_refused(tmp_path: Path, text: str) -> set[int]:
    return {problem.line for problem in refused(tmp_path, text)}


def free(path: Where) -> bool:
    """Return whether the key is a name that the author chooses (a Region, a family, a gate)."""
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
        if (path[-1], wrong) in (("unless", []), ("approvals", {}), ("abortWhen", []), ("blackout", [])):
            continue  # nothing is watched, or shut: allowed; no gate exists: told where one is asked for
        data, holder = mutated(path)
        holder[path[-1]] = wrong
        with pytest.raises(PolicyError) as info:
            parse_policy(data)
        places = [problem.where for problem in info.value.problems]
        assert any(where[: len(path)] == path for where in places), (wrong, places)
        assert not any("literal" in str(part) or part == "int" for where in places for part in where)


def lines_of(data: Any, without: Where | None = None) -> set[int]:
    """Return the lines that the loader would tell of plain data; `without`: what stands there no more."""

    def standing(places: Mapping[Where, Place]) -> dict[Where, Place]:
        return {path: at for path, at in places.items() if without is None or path[: len(without)] != without}

    with pytest.raises(PolicyError) as info:
        parse_policy(data)
    places = Places(standing(DOCUMENT.places.keys), standing(DOCUMENT.places.values))
    document = Document(data, places, ())
    return {each.line for each in located_problems("p.yaml", document, info.value.problems)}


def required(path: Where) -> bool:
    """Return whether the key must be there: windows must say when and for how long, drills need not."""
    return (path[:2] == ("limits", "blackout") and len(path) > 2) or path[-1] not in OPTIONAL


@pytest.mark.parametrize("path", [path for path in KEYS if required(path) and not free(path)], ids=named)
def test_a_key_removed_is_refused_at_the_mapping_that_lacks_it(path: Where) -> None:
    data, holder = mutated(path)
    del holder[path[-1]]
    # What others need is told where it is needed, all else where it is missing.
    needed = {("approvals",): {("evacuate", "approval")}, ("timezone",): CRONS}.get(path, {path[:-1]})
    assert {DOCUMENT.places.value(each).line for each in needed} <= lines_of(data, without=path)


@pytest.mark.parametrize("path", [path for path, _ in NODES], ids=named)
def test_a_value_out_of_range_is_refused_at_its_line(path: Where) -> None:
    value = at(path)
    beyond: tuple[Any, ...] = ()
    if isinstance(value, int):
        beyond = (0, 10**6, 10**30)
    elif isinstance(value, str):
        beyond = ("0s", "9999999s", "3w") if re.fullmatch("[0-9]+[smhd]", value) else ("", "x" * 300)
    elif isinstance(value, list):
        beyond = ([*value] * 60,)
    elif isinstance(value, dict):
        beyond = ({**value, "zz": 1},)
    for wrong in beyond:
        data, holder = mutated(path)
        holder[path[-1]] = wrong
        line = DOCUMENT.places.value(path).line
        inside = {DOCUMENT.places.values[each].line for each, _ in NODES if each[: len(path)] == path}
        assert lines_of(data) & (inside if isinstance(value, dict | list) else {line}), wrong


def test_the_keys_known_at_each_place_are_those_of_the_policy() -> None:
    for path in KEYS:
        if not free(path):
            assert path[-1] in known_keys(path[:-1]), path
