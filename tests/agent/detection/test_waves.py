"""A level and fading swings are found as by least squares term by term."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.detection.waves import Heard, sharpened, solve

RATE_HZ = 80.0


def window(seed: int, rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    t_s = np.arange(rows) / RATE_HZ + rng.normal(0, 1e-4, rows)
    t_s -= t_s[0]
    swing = 2 * np.pi * 13.0 * t_s
    return t_s, 1_500.0 + 30.0 * np.exp(-0.04 * swing) * np.cos(swing + 1.0) + rng.normal(0, 0.3, rows)


def terms(t_s: NDArray[np.float64], hz: float, damping: float) -> list[NDArray[np.float64]]:
    swing = 2 * np.pi * hz * t_s
    return [np.exp(-damping * swing) * np.cos(swing), np.exp(-damping * swing) * np.sin(swing)]


@pytest.mark.parametrize("beside", [(), (22.0,), (22.0, 30.0)])
@pytest.mark.parametrize("rows", [16, 60])
def test_each_frequency_is_fitted_as_by_least_squares(beside: tuple[float, ...], rows: int) -> None:
    t_s, z = window(1, rows)
    frequency, damping = np.repeat([9.0, 13.0, 17.0], 2), np.tile([0.03, 0.05], 3)
    others: list[Heard] = [(np.array([hz]), 0.04) for hz in beside]
    solved = solve(t_s, z, frequency, damping, others, each=2)
    for k, (hz, fades) in enumerate(zip(frequency.tolist(), damping.tolist(), strict=True)):
        columns = [np.ones(rows), *terms(t_s, hz, fades), *(own for other in beside for own in terms(t_s, other, 0.04))]
        design = np.stack(columns, axis=1)
        best, _, _, _ = np.linalg.lstsq(design, z, rcond=None)
        apart = z - design @ best
        detail = solved.detail(k)
        assert solved.levels[k] == pytest.approx(best[0], rel=1e-8)
        assert solved.residual[k] == pytest.approx(float(apart @ apart), rel=1e-6)
        assert detail.unit == pytest.approx(float(np.linalg.inv(design.T @ design)[0, 0]), rel=1e-6)
        assert detail.amplitude_g == pytest.approx(float(np.hypot(best[1], best[2])), rel=1e-6)
        assert detail.apart == pytest.approx(apart, abs=1e-5)


def test_the_true_frequency_leaves_least() -> None:
    t_s, z = window(2, 40)
    frequency = np.array([9.0, 11.0, 13.0, 15.0, 19.0])
    solved = solve(t_s, z, frequency, np.full(5, 0.04))
    assert frequency[solved.residual.argmin()] == 13.0
    assert solved.levels[2] == pytest.approx(1_500.0, abs=0.5)


@pytest.mark.parametrize(("hz", "damping"), [(12.8, 0.05), (13.2, 0.03), (13.1, 0.055)])
def test_a_guess_comes_nearer_to_the_true_ring_with_each_step(hz: float, damping: float) -> None:
    t_s, z = window(3, 80)
    far = [(hz, damping)]
    for _ in range(3):
        far.append(sharpened(t_s, z, *far[-1]))
    assert far[-1] == pytest.approx((13.0, 0.04), rel=0.03)
    residual = solve(t_s, z, np.array([guess for guess, _ in far]), np.array([fades for _, fades in far])).residual
    assert residual[2] < residual[1] < residual[0]
