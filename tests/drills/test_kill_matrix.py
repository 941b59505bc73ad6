"""The kill matrix: a few of its cells here, all of them by `tidegate simulate --kill-matrix`."""

import json
import signal
from functools import cache

import pytest

from controller.entry.cli.main import main
from controller.entry.simulation import Matrix, deaths_played, matrix, plant, workers
from controller.lab.simulate.kill_matrix import Call, Cell, Ended, death, play_cells
from controller.lab.simulate.world.weather import MOMENTS
from controller.steps.tick import takeover

MOVES = "UpdateRoutingControlStates"


@cache
def whole() -> Matrix:
    return matrix()


def call(operation: str, nth: int = 0) -> Call:
    return [one for one in whole().calls if one.operation == operation][nth]


def test_ctrl_c_is_left_to_the_process_that_started_the_others() -> None:
    with workers(1) as pool:
        assert pool.apply(signal.getsignal, (signal.SIGINT,)) == signal.SIG_IGN


def test_each_call_of_an_evacuation_has_each_moment() -> None:
    found = whole()
    functions = {one.function for one in found.calls}
    assert functions >= {
        "Observe",
        "Assess",
        "ConfirmReadiness",
        "RequestApproval",
        "ShiftTraffic",
        "VerifyShift",
    }
    assert len(found.cells) == len(found.calls) * len(MOMENTS) - sum(
        one.record is None for one in found.calls
    )
    by_number = {one.number: one for one in found.calls}
    assert {death(by_number, cell) for cell in found.cells} == set(found.deaths)


def test_cells_that_are_the_same_death_are_played_once() -> None:
    by_number = {one.number: one for one in whole().calls}
    reads, moves = call("Query"), call(MOVES)
    assert {death(by_number, Cell(reads.number, m)) for m in MOMENTS[:4]} == {Cell(reads.number, "before")}
    assert moves.record is not None
    assert death(by_number, Cell(moves.number, "recorded")) == Cell(moves.record, "replied")
    assert death(by_number, Cell(moves.number, "sent")) == Cell(moves.number, "sent")


@cache
def forked() -> list[Ended]:
    cells = tuple(Cell(call(MOVES).number, moment) for moment in MOMENTS[:4])
    return [ended for part in deaths_played(Matrix(whole().calls, cells, cells), 1) for ended in part]


def test_around_the_call_that_moves_traffic_others_finish_with_one_effect() -> None:
    assert [ended.cell.moment for ended in forked()] == list(MOMENTS[:4])
    for ended in forked():
        assert not ended.breaks, ended.breaks[0]
        assert ended.takeovers == 1
        assert 150 < ended.seconds < 420


def test_a_forked_run_is_the_one_that_is_played_alone() -> None:
    alone = play_cells(plant(), [forked()[2].cell], fork=False)
    assert alone == [forked()[2]]


def test_a_death_that_nobody_takes_over_breaks_l1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "STANDSTILL", 1e9)
    ended = play_cells(plant(), [Cell(call(MOVES).number, "before")], fork=False)[0]
    assert [broken.id for broken in ended.breaks] == ["L1"]
    assert "after the driver's death" in ended.breaks[0].sentence


def test_the_command_names_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--cell", "1:never"]) == 2
    assert "before, sent, applied, replied, recorded" in capsys.readouterr().err
    assert main(["simulate", "--cell", "999999:sent"]) == 2
    assert main(["simulate", "--kill-matrix", "--trace", "x.txt"]) == 2


def test_one_cell_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    number = call("StartExecution").number
    assert main(["simulate", "--kill-matrix", "--cell", f"{number}:applied", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cells"], told["broken"]) == (1, [])
    assert told["deaths"][0]["call"] == "StartExecution"
