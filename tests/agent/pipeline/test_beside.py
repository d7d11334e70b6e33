"""Where edges rub, a plate bears some of what is laid on the one beside it: that is no thing of its own."""

from __future__ import annotations

import pytest

from agent.messages import Movement
from agent.pipeline import Pipeline
from tests.agent.pipeline.feeding import BOARD, OTHER, Board, fed, merged, small_store

RUBS_G = 9.0
FAR = "b000000000000003"


def told_of(plate: str, *boards: str, leant_g: float) -> list[Movement]:
    """What is told of a plate of `OTHER` that gains a few grams for six seconds, while `BOARD` is leant on."""
    names = dict(zip(boards, (f"P{k + 1}" for k in range(len(boards))), strict=True))
    assert names[OTHER] == plate
    streams = []
    for k, board in enumerate(boards):
        by_g = {BOARD: leant_g, OTHER: RUBS_G}.get(board, 0.0)
        stream = Board(f"port{k}", board, seed=k + 1)
        streams.append(stream.introduce() + stream.weigh(3.0))
        for change_g in (by_g, -by_g):
            streams[-1] += stream.weigh(6.0, stream.weight_g + change_g)
    told = fed(Pipeline(small_store(*boards), "a1", "e0"), merged(*streams))
    return [one.data for one in told if isinstance(one.data, Movement) and one.data.plate == plate]


def test_a_plate_beside_one_that_is_leant_on_tells_nothing() -> None:
    assert told_of("P2", BOARD, OTHER, leant_g=6_000.0) == []


@pytest.mark.parametrize(
    ("plate", "boards", "leant_g"),
    [("P2", (BOARD, OTHER), 0.0), ("P3", (BOARD, FAR, OTHER), 6_000.0)],
    ids=["nobody leans", "two plates away"],
)
def test_else_so_many_grams_are_a_thing(plate: str, boards: tuple[str, ...], leant_g: float) -> None:
    moved = told_of(plate, *boards, leant_g=leant_g)
    assert [(one.items, round(one.delta_g)) for one in moved] == [((), RUBS_G), ((), -RUBS_G)]
