"""Plates: on change, at most twice a second, the latest counts."""

from __future__ import annotations

from agent.messages import PlateState
from agent.uplink.plates import PERIOD_S, PlateBoard


def state(weight_g: float | None, *, stable: bool = True) -> PlateState:
    return PlateState(weight_g=weight_g, stable=stable, contents={"a": 1}, time=0)


def test_on_change_only_and_never_faster_than_allowed() -> None:
    board = PlateBoard()
    board.seen("P1", state(100.0))
    assert [plate for plate, _ in board.due(0.0)] == ["P1"]
    board.seen("P1", state(100.4))
    assert board.due(10.0) == []
    board.seen("P1", state(150.0))
    assert len(board.due(10.0)) == 1
    board.seen("P1", state(200.0))
    board.seen("P1", state(250.0))
    assert board.due(10.0 + PERIOD_S / 2) == []
    assert board.due(10.0 + PERIOD_S)[0][1].weight_g == 250.0


def test_small_steps_add_up_and_not_measured_is_a_change() -> None:
    board = PlateBoard()
    for number in range(12):
        board.seen("P1", state(100.0 + number / 10))
        due = board.due(float(number))
        assert bool(due) == (number in (0, 10))
    board.seen("P1", state(None, stable=False))
    assert board.due(20.0)[0][1].weight_g is None


def test_after_a_reconnection_all_is_due_again() -> None:
    board = PlateBoard()
    board.seen("P1", state(1.0))
    board.due(0.0)
    board.forget_sent()
    assert len(board.due(1.0)) == 1
