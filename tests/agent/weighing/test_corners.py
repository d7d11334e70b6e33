"""Three of four corners: what the fourth carries, by the learnt twist of the plate."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.store import parse_store
from agent.weighing import Corners, PlateScale

SIGNS = np.array([[-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0]])
MODES = np.vstack((np.ones(4), SIGNS))


def forces(weight: float, xi: float, eta: float, twist: float) -> NDArray[np.float64]:
    sx, sy = SIGNS
    result: NDArray[np.float64] = weight / 4 * (1 + sx * xi + sy * eta + twist * sx * sy * xi * eta)
    return result


def scale(places: list[tuple[float, float]]) -> PlateScale:
    text = 'schema = "store/1"\n[store]\nid = "demo"\ncurrency = "EUR"\n'
    text += '[[plate]]\nid = "P1"\nsize_mm = [400.0, 300.0]\nmax_g = 5000.0\n'
    for channel, (x, y) in enumerate(places):
        text += f'[[plate.cell]]\nboard = "b000000000000001"\nchannel = {channel}\n'
        text += f"x_mm = {x}\ny_mm = {y}\nzero_counts = 0\ncounts_per_gram = 400.0\n"
    return PlateScale(parse_store(text.encode(), "shop.toml").plates["P1"])


@pytest.mark.parametrize("twist", [0.0, 0.4, 0.9])
def test_a_load_is_known_from_any_three_corners_once_the_twist_was_learnt(twist: float) -> None:
    rng = np.random.default_rng(3)
    corners = Corners(SIGNS, Corners.of(scale([(20, 20), (380, 20), (20, 280), (380, 280)]))._p)  # type: ignore[union-attr]
    for _ in range(25):
        moved = forces(rng.choice([-350.0, 500.0]), *rng.uniform(-0.8, 0.8, 2), twist) + rng.normal(0, 0.2, 4)
        corners.learn(moved, MODES @ moved)
    assert corners.twist == pytest.approx(twist, abs=0.03)
    for dead in range(4):
        moved = forces(-350.0, 0.5, -0.4, twist)
        flat = moved.copy()
        flat[dead] = corners.others(dead) @ moved
        whole = corners.stand_in(dead, 0).made_whole(MODES @ flat)
        assert whole.modes_g == pytest.approx(MODES @ moved, abs=6.0)
        assert np.abs(whole.modes_g - MODES @ moved).max() < 3 * np.sqrt(whole.variance_g2)


def test_before_any_load_the_variance_says_how_little_is_known() -> None:
    corners = Corners.of(scale([(20, 20), (380, 20), (20, 280), (380, 280)]))
    assert corners is not None
    for twist in (0.0, 0.9):
        moved = forces(-350.0, 0.6, 0.6, twist)
        flat = moved.copy()
        flat[0] = corners.others(0) @ moved
        whole = corners.stand_in(0, 0).made_whole(MODES @ flat)
        assert abs(whole.modes_g[0] + 350.0) < 2.5 * np.sqrt(whole.variance_g2)
        assert np.sqrt(whole.variance_g2) > 20.0


def test_a_known_weight_that_three_corners_show_otherwise_tells_the_twist() -> None:
    corners = Corners.of(scale([(20, 20), (380, 20), (20, 280), (380, 280)]))
    assert corners is not None
    unsure = corners.twist_sd
    for xi, eta in ((0.6, 0.7), (-0.8, 0.5), (0.5, -0.9)):
        moved = forces(-350.0, xi, eta, 0.1)
        flat = moved.copy()
        flat[2] = corners.others(2) @ moved
        corners.learn_from(corners.stand_in(2, 0), MODES @ flat, -350.0, 2.0**2)
    assert corners.twist == pytest.approx(0.1, abs=0.03)
    assert corners.twist_sd < unsure / 5


def test_the_order_of_the_corners_does_not_matter() -> None:
    corners = Corners.of(scale([(380, 280), (20, 20), (20, 280), (380, 20)]))
    assert corners is not None
    assert corners.pattern.tolist() == [1.0, 1.0, -1.0, -1.0]


@pytest.mark.parametrize(
    "places", [[(20, 20), (380, 20), (200, 280), (390, 290)], [(20, 150), (380, 150)], [(200, 150)]]
)
def test_cells_that_are_no_rectangle_cannot_stand_in(places: list[tuple[float, float]]) -> None:
    assert Corners.of(scale(places)) is None


def test_what_was_learnt_outlives_the_process() -> None:
    corners, other = (Corners.of(scale([(20, 20), (380, 20), (20, 280), (380, 280)])) for _ in range(2))
    assert corners is not None and other is not None
    moved = forces(-350.0, 0.6, 0.6, 0.1)
    corners.learn(moved, MODES @ moved)
    other.restore(corners.snapshot())
    assert (other.twist, other.twist_sd) == (corners.twist, corners.twist_sd)
