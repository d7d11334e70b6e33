"""A load that was read by one calibration, read again by another."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.store import Cell, Plate
from agent.weighing import Calibration, Carried, PlateScale

PLATE = Plate(
    id="P1",
    size_mm=(450.0, 300.0),
    max_g=20_000.0,
    cell=[
        Cell(board="b000000000000001", channel=k, x_mm=x, y_mm=y, zero_counts=8e4, counts_per_gram=(-1) ** k * 420.0)
        for k, (x, y) in enumerate([(20.0, 20.0), (430.0, 20.0), (20.0, 280.0), (430.0, 280.0)])
    ],
)  # fmt: skip
CELLS = [(cell.board, cell.channel) for cell in PLATE.cells]
fours = st.lists(st.floats(-0.2, 0.2), min_size=4, max_size=4).map(np.array)


def scale_of(zero_counts: np.ndarray, counts_per_gram: np.ndarray) -> PlateScale:
    numbers = zip(CELLS, zero_counts.tolist(), counts_per_gram.tolist(), strict=True)
    return PlateScale(PLATE, {cell: Calibration(zero, per_gram) for cell, zero, per_gram in numbers})


@given(fours, fours, fours, fours)
def test_the_same_counts_are_read_by_the_later_calibration(
    load: np.ndarray, zero: np.ndarray, factor: np.ndarray, unrest: np.ndarray
) -> None:
    """Also where the level that is remembered is a little beside what the cells read just now."""
    before = PlateScale(PLATE)
    after = scale_of(before.zero_counts * (1 + zero), before.counts_per_gram * (1 + factor))
    counts = before.zero_counts + before.counts_per_gram * (3_000.0 * load)
    modes = before.to_modes(before.grams(counts[None]))[0]
    saved = json.loads(json.dumps(Carried.by(before, modes, 3_000.0 * load + unrest).document()))
    grams = Carried.of(saved).read_by(after)
    assert grams is not None
    assert after.to_modes(grams[None])[0] == pytest.approx(after.to_modes(after.grams(counts[None]))[0], abs=1.0)
    same = Carried.of(saved).read_by(before)
    assert same is not None and same.tolist() == saved["grams"]


def test_counts_of_another_cell_say_nothing() -> None:
    before = PlateScale(PLATE)
    carried = Carried.by(before, np.array([3_000.0, 0.0, 0.0]), np.zeros(4))
    assert carried.read_by(scale_of(before.zero_counts, before.counts_per_gram * 1.5)) is None
    cells = [PLATE.cells[0].model_copy(update={"channel": 7}), *PLATE.cells[1:]]
    assert carried.read_by(PlateScale(PLATE.model_copy(update={"cells": tuple(cells)}))) is None


def test_cells_that_give_the_modes_are_those_nearest_to_what_was_read() -> None:
    scale = PlateScale(PLATE)
    near = np.array([800.0, 300.0, 200.0, 700.0])
    grams = scale.cell_grams(np.array([2_100.0, 0.0, 30.0]), near)
    assert scale.to_modes(grams[None])[0] == pytest.approx([2_100.0, 0.0, 30.0])
    twist = np.array([1.0, -1.0, -1.0, 1.0])  # what the modes do not tell
    assert grams @ twist == pytest.approx(near @ twist)
