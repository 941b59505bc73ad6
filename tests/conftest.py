"""The order in which all tests run, and the times at which memory is swept."""

import gc

import pytest

from tests.tiers import CHECK

FIRST = ("tests/entry/", "tests/drills/", "tests/cases/", "tests/steps/")
"""Rooms whose tests take seconds. Begun early, none of them is what everything else waits for at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)
    for item in items:
        if item.nodeid.startswith(CHECK):
            item.add_marker(pytest.mark.check)


def _place(item: pytest.Item) -> int:
    return next((n for n, room in enumerate(FIRST) if item.nodeid.startswith(room)), len(FIRST))


def pytest_collection_finish() -> None:
    """What was imported stays; looking through it at each sweep takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
