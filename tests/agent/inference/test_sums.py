"""Densities by their logarithms."""

from __future__ import annotations

import math

import pytest

from agent.inference.sums import log_normal, log_t


def test_a_spread_that_was_estimated_has_heavier_tails_and_is_normal_near_its_middle() -> None:
    assert log_t(101.0, 100.0, 4.0, 20.0, 1.5) == pytest.approx(log_normal(101.0, 100.0, 4.0), abs=0.02)
    at_five_sds = log_t(110.0, 100.0, 4.0, 20.0, 1.5) - log_normal(110.0, 100.0, 4.0)
    assert at_five_sds == pytest.approx(12.5 - 10.5 * math.log(2.25), abs=0.01)
    far_out = log_t(140.0, 100.0, 4.0, 20.0, 1.5) - log_t(130.0, 100.0, 4.0, 20.0, 1.5)
    assert far_out == pytest.approx(log_normal(140.0, 100.0, 9.0) - log_normal(130.0, 100.0, 9.0))
    assert log_t(110.0, 100.0, 4.0, 1e9, 1.5) == pytest.approx(log_normal(110.0, 100.0, 4.0), abs=1e-6)


def test_a_spread_that_was_estimated_makes_a_density_all_the_same() -> None:
    step_g = 0.01
    total = sum(math.exp(log_t(k * step_g, 0.0, 4.0, 20.0, 1.5)) * step_g for k in range(-20_000, 20_001))
    assert total == pytest.approx(1.0, abs=0.03)
