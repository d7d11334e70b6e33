"""Tared or calibrated while the agent is off: what stands on the plate has not changed by that."""

from __future__ import annotations

import json

import pytest

from agent.journal import CellCalibration, calibrated
from agent.messages import Movement
from agent.messages.events import CHANGE, PICK
from agent.pipeline import Pipeline, Told, without_cells
from agent.pipeline.told import Zeroed
from agent.store import Store
from tests.agent.pipeline.feeding import BOARD, BUSY, COUNTS_PER_GRAM, Board, case, fed, small_store


def movements(told: list[Told]) -> list[Told]:
    return [event for event in told if isinstance(event.data, Movement)]


def with_cell(store: Store, zero_counts: float, counts_per_gram: float) -> Store:
    cell = CellCalibration(board=BOARD, channel=0, zero_counts=zero_counts, counts_per_gram=counts_per_gram)
    return calibrated(store, {cell.key: cell})


@pytest.mark.parametrize(
    ("zero_counts", "counts_per_gram", "weight_g"),
    [
        (1_000 + 2_800 * COUNTS_PER_GRAM, COUNTS_PER_GRAM, 0.0),  # tared with the goods on it
        (1_000, COUNTS_PER_GRAM * 1.05, 2_800.0 / 1.05),
        (9_000, COUNTS_PER_GRAM * 0.95, (2_800.0 - 20.0) / 0.95),
    ],
)
def test_a_calibration_while_the_agent_is_off_is_no_change(
    zero_counts: float, counts_per_gram: float, weight_g: float
) -> None:
    store, board = small_store(BOARD), Board()
    first = Pipeline(store, "a1", "e1")
    fed(first, board.introduce() + board.weigh(6.0), finish=False)
    saved = json.loads(json.dumps(first.snapshot()))
    later = with_cell(store, zero_counts, counts_per_gram)
    second = Pipeline(later, "a1", "e2", saved)
    assert not movements(fed(second, board.introduce() + board.weigh(4.0), finish=False))
    assert second.readings()[0].weight_g == pytest.approx(weight_g, abs=1.0)
    taken = 350.0 * counts_per_gram / COUNTS_PER_GRAM  # a weight of 350 g by the later calibration
    (event,) = movements(fed(second, board.weigh(4.0, board.weight_g - taken)))
    assert event.type == PICK
    board.weight_g = 2_800.0 - taken
    (event,) = movements(fed(Pipeline(later, "a1", "e3", saved), board.introduce() + board.weigh(4.0)))
    assert event.type == CHANGE
    assert isinstance(event.data, Movement)
    assert event.data.delta_g == pytest.approx(-350.0, abs=2.0)


def test_a_tare_that_was_kept_holds_after_a_restart_that_lost_all_since() -> None:
    """The machine stops between the calibration file and the journal: the belief is that of before the tare."""
    store, board = small_store(BOARD), Board()
    first = Pipeline(store, "a1", "e1")
    fed(first, board.introduce() + board.weigh(6.0), finish=False)
    before = json.loads(json.dumps(first.snapshot()))
    kept: list[tuple[Zeroed, ...]] = []
    assert first.tare("P1", kept.append) == ""
    after = json.loads(json.dumps(first.snapshot()))
    ((cell,),) = kept
    later = with_cell(store, cell.zero_counts, cell.counts_per_gram)
    chunks = board.introduce() + board.weigh(4.0)
    for saved in (before, after):
        second = Pipeline(later, "a1", "e2", saved)
        assert not movements(fed(second, chunks, finish=False))
        assert second.readings()[0].weight_g == pytest.approx(0.0, abs=1.0)
        assert second.readings()[0].contents == {"cola": 8}


def test_a_plate_with_other_cells_is_compared_in_grams() -> None:
    """The zero of the new cell is elsewhere: in counts of the old one, 1.5 kg would have come."""
    store, board = small_store(BOARD), Board()
    first = Pipeline(store, "a1", "e1")
    fed(first, board.introduce() + board.weigh(6.0), finish=False)
    saved = without_cells(json.loads(json.dumps(first.snapshot())), "P1")
    later = with_cell(store, 1_000 + 1_500 * COUNTS_PER_GRAM, COUNTS_PER_GRAM)
    board.weight_g += 1_500.0
    assert not movements(fed(Pipeline(later, "a1", "e2", saved), board.introduce() + board.weigh(4.0)))
    assert without_cells(saved, "P9") == saved


def test_what_cannot_be_kept_is_not_tared() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    fed(pipeline, board.introduce() + board.weigh(5.0), finish=False)
    saved = pipeline.snapshot()

    def fail(_cells: tuple[Zeroed, ...]) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        pipeline.tare("P1", fail)
    assert pipeline.snapshot() == saved


def test_plates_of_four_cells_are_followed_cell_by_cell() -> None:
    """Zeros off by hundreds of grams and factors by 1 %, each cell otherwise: the moments must follow, too."""
    busy = case(BUSY)
    first = Pipeline(busy.store, "a1", "e1")
    fed(first, busy.until(22.8), finish=False)
    saved = json.loads(json.dumps(first.snapshot()))
    cells = [cell for plate in busy.store.plates.values() for cell in plate.cells]
    measured = [
        CellCalibration(
            board=cell.board,
            channel=cell.channel,
            zero_counts=cell.zero_counts + 300.0 * (k % 5 - 2) * cell.counts_per_gram,
            counts_per_gram=cell.counts_per_gram * (1 + 0.01 * (k % 3 - 1)),
        )
        for k, cell in enumerate(cells)
    ]
    later = calibrated(busy.store, {cell.key: cell for cell in measured})
    same = fed(Pipeline(busy.store, "a1", "e2", saved), busy.since(22.8))
    told = fed(Pipeline(later, "a1", "e2", saved), busy.since(22.8))
    assert not [event for event in told if event.type == CHANGE]
    assert [(e.type, e.subject) for e in movements(told)] == [(e.type, e.subject) for e in movements(same)]
