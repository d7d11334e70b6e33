"""How straight a load moved, on ways whose places are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.detection import Bend, DetectionParameters
from agent.detection.bend import bend

P = DetectionParameters()
SIGMA_G = np.full(3, 0.6)
RATE_HZ = 80.0
Part = tuple[float, float, float, float, float]  # grams, place x and y in half-spans, from when until when in s


def way(parts: list[Part], press: tuple[float, float, float] | None = None, seed: int = 1) -> Bend | None:
    """The bend of a way on which parts leave, after a `press` (grams, x, y) if there was one."""
    n = 48
    t_s = np.arange(n) / RATE_HZ
    z = np.random.default_rng(seed).normal(0.0, SIGMA_G, (n, 3))
    change: NDArray[np.float64] = np.zeros(3)
    for grams, x, y, begin_s, end_s in parts:
        arm = -grams * np.array([1.0, x, y])
        share = np.clip((t_s - begin_s) / (end_s - begin_s), 0.0, 1.0)
        z += (share * share * (3 - 2 * share))[:, None] * arm
        change += arm
    if press is not None:
        force = np.where(t_s < 0.15, np.sin(np.pi * t_s / 0.15), 0.0) * press[0]
        z += force[:, None] * np.array([1.0, press[1], press[2]])
    return bend(7, np.round(t_s * 1e9).astype(np.int64), z, change, SIGMA_G, P)


def seen(found: Bend | None) -> float:
    assert found is not None
    return found.seen


def test_one_thing_moves_straight_however_it_is_lifted() -> None:
    lifted = [seen(way([(350.0, 0.4, -0.3, 0.2, 0.2 + lasts)])) for lasts in (0.08, 0.15, 0.25)]
    pressed = seen(way([(350.0, 0.4, -0.3, 0.2, 0.3)], press=(200.0, 0.4, -0.3)))
    assert max(*lifted, pressed) < 0.7


def test_two_things_bend_the_way_towards_one_another() -> None:
    found = way([(350.0, 0.6, 0.1, 0.2, 0.3), (250.0, -0.2, 0.5, 0.22, 0.42)])
    assert seen(found) > 3.0
    assert found is not None
    assert np.arctan2(found.seen_y, found.seen_x) == pytest.approx(np.arctan2(0.4, 0.8), abs=0.1)
    assert found.since_ns == 7


def test_a_press_beside_what_is_taken_bends_it_as_well() -> None:
    assert seen(way([(350.0, 0.4, -0.3, 0.2, 0.3)], press=(200.0, -0.6, -0.3))) > 3.0


def test_things_that_stand_at_one_place_bend_nothing() -> None:
    assert seen(way([(350.0, 0.4, 0.2, 0.2, 0.3), (250.0, 0.4, 0.2, 0.22, 0.42)])) < 0.7


def test_the_reach_grows_with_the_weight() -> None:
    light, heavy = (way([(grams, 0.4, 0.2, 0.2, 0.35)]) for grams in (30.0, 1_000.0))
    assert light is not None
    assert heavy is not None
    assert heavy.reach > light.reach


def test_what_is_too_light_or_seen_too_seldom_is_not_told() -> None:
    assert way([(0.5 * P.bend_least_sigmas * SIGMA_G[0], 0.4, 0.2, 0.2, 0.35)]) is None
    t_ns = np.arange(6) * 100_000_000
    z = np.outer([0.0, -100.0, -200.0, -300.0, -350.0, -350.0], [1.0, 0.1, 0.1])
    assert bend(0, t_ns, z, z[-1], SIGMA_G, P) is None  # ten conversions a second
    assert bend(0, t_ns // 10, z[:, :1], z[-1, :1], SIGMA_G[:1], P) is None  # one cell
    assert bend(0, t_ns // 10, z, z[-1], SIGMA_G, P) is not None
