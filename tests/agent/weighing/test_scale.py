"""Counts to weight and place, from loads that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.store import Plate, parse_store
from agent.weighing import Calibration, PlateScale

BOARD = "b000000000000001"
HEAD = """\
schema = "store/1"
[store]
id = "demo"
currency = "EUR"
[[plate]]
id = "P1"
size_mm = [450.0, 300.0]
max_g = 20000.0
"""
CORNERS = [(20.0, 20.0), (430.0, 20.0), (20.0, 280.0), (430.0, 280.0)]
FACTORS = [(80_000.0, 107.0), (-5_000.0, -111.5), (0.0, 103.2), (12.5, 99.9)]


def plate(places: list[tuple[float, float]], factors: list[tuple[float, float]] = FACTORS) -> Plate:
    cells = "".join(
        f'[[plate.cell]]\nboard = "{BOARD}"\nchannel = {k}\nx_mm = {x}\ny_mm = {y}\n'
        f"zero_counts = {zero}\ncounts_per_gram = {factor}\n"
        for k, ((x, y), (zero, factor)) in enumerate(zip(places, factors, strict=False))
    )
    return parse_store((HEAD + cells).encode(), "shop.toml").plates["P1"]


def shares(x_mm: float, y_mm: float) -> np.ndarray:
    """How a rigid plate on four corners shares a load."""
    u, v = (x_mm - 20) / 410, (y_mm - 20) / 260
    return np.array([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v])


def counts_of(loads: list[tuple[float, float, float]]) -> np.ndarray:
    """Counts [1, 4] with loads (grams, x, y) on the four-cell plate."""
    grams = sum((w * shares(x, y) for w, x, y in loads), np.zeros(4))
    return np.array([[zero + factor * g for (zero, factor), g in zip(FACTORS, grams, strict=True)]])


@given(st.floats(1, 20_000), st.floats(0, 450), st.floats(0, 300))
def test_a_load_is_told_with_its_weight_and_place(weight_g: float, x_mm: float, y_mm: float) -> None:
    scale = PlateScale(plate(CORNERS))
    modes = scale.to_modes(scale.grams(counts_of([(weight_g, x_mm, y_mm)])))[0]
    assert modes[0] == pytest.approx(weight_g, abs=1e-6)
    assert scale.position_mm(modes) == pytest.approx((x_mm, y_mm), abs=1e-3)


@given(st.floats(-300, -50), st.floats(0, 450), st.floats(0, 300), st.floats(0, 450))
def test_a_change_is_told_where_it_acts_whatever_else_stands_there(
    delta_g: float, x_mm: float, y_mm: float, other_mm: float
) -> None:
    scale = PlateScale(plate(CORNERS))
    before, after = ([(3_000.0, other_mm, 99.0), (w, x_mm, y_mm)] for w in (400.0, 400.0 + delta_g))
    modes = [scale.to_modes(scale.grams(counts_of(loads)))[0] for loads in (before, after)]
    change = modes[1] - modes[0]
    assert change[0] == pytest.approx(delta_g, abs=1e-6)
    assert scale.position_mm(change) == pytest.approx((x_mm, y_mm), abs=1e-2)


def test_an_empty_plate_weighs_nothing() -> None:
    scale = PlateScale(plate(CORNERS))
    modes = scale.to_modes(scale.grams(counts_of([])))[0]
    assert modes == pytest.approx([0.0, 0.0, 0.0])
    assert scale.position_mm(np.zeros(3)) is None


@pytest.mark.parametrize(
    ("places", "modes"),
    [
        ([(225.0, 150.0)], 1),
        ([(20.0, 150.0), (430.0, 150.0)], 2),
        ([(20.0, 20.0), (430.0, 280.0)], 2),  # two cells tell a place along a line only
        ([(20.0, 20.0), (430.0, 20.0), (225.0, 280.0)], 3),
        (CORNERS, 3),
    ],
)
def test_the_cells_say_what_can_be_told(places: list[tuple[float, float]], modes: int) -> None:
    scale = PlateScale(plate(places))
    assert scale.modes == modes
    told = scale.to_modes(scale.grams(np.full((5, len(places)), 90_000.0)))
    assert told.shape == (5, modes)
    assert (scale.position_mm(told[0]) is not None) == (modes == 3)


def test_a_cell_mounted_upside_down_weighs_with_the_right_sign() -> None:
    scale = PlateScale(plate([(225.0, 150.0)], [(1_000.0, -400.0)]))
    assert scale.grams(np.array([[1_000.0 - 400.0 * 350.0]]))[0, 0] == pytest.approx(350.0)


def test_a_calibration_overrides_the_store_file_channel_by_channel() -> None:
    scale = PlateScale(plate(CORNERS), {(BOARD, 1): Calibration(7.0, 50.0), ("other", 0): Calibration(0.0, 1.0)})
    grams = scale.grams(np.array([[80_000.0, 507.0, 0.0, 12.5]]))[0]
    assert grams == pytest.approx([0.0, 10.0, 0.0, 0.0])


@given(st.integers(1, 40), st.data())
def test_a_block_is_weighed_bit_for_bit_as_its_rows_alone(rows: int, data: st.DataObject) -> None:
    scale = PlateScale(plate(CORNERS))
    seed = data.draw(st.integers(0, 1_000))
    grams = scale.grams(np.random.default_rng(seed).normal(90_000, 1e4, (rows, 4)))
    whole = scale.to_modes(grams)
    alone = np.vstack([scale.to_modes(grams[k : k + 1]) for k in range(rows)])
    assert np.array_equal(whole, alone)
