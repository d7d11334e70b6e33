"""Learned unit weights: moved by what was weighed, never far, and kept."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.inference import InferenceParameters
from agent.inference.weights import UnitWeights
from tests.agent.inference.scene import store

P = InferenceParameters()
ITEMS = store().items


def test_untaught_it_is_the_store_file() -> None:
    assert UnitWeights(ITEMS, P).of("cola") == (350.0, 4.0)


def test_what_is_weighed_again_and_again_is_believed() -> None:
    weights = UnitWeights(ITEMS, P)
    for value in np.random.default_rng(1).normal(354.0, 1.0, 400):
        weights.learn("cola", float(value))
    mean, variance = weights.of("cola")
    assert mean == pytest.approx(353.5, abs=0.6)
    assert 1.0 <= variance < 5.0
    assert weights.learned()["cola"][0] == P.weights_memory
    assert weights.of("zero") == (351.0, 4.0)


@given(st.lists(st.floats(1.0, 20_000.0), max_size=80))
def test_no_run_of_mistakes_leads_far_away(seen: list[float]) -> None:
    weights = UnitWeights(ITEMS, P)
    for value in seen:
        weights.learn("cola", value)
    mean, variance = weights.of("cola")
    assert abs(mean - 350.0) <= P.weights_bound * 350.0 * (1 + 1e-12)
    assert 4.0 / P.weights_spread**2 <= variance <= 4.0 * P.weights_spread**2
    again = UnitWeights(ITEMS, P)
    again.restore(json.loads(json.dumps(weights.snapshot())))
    assert again.of("cola") == (mean, variance)


def test_what_the_mean_is_off_by_adds_up_and_what_units_deviate_averages_out() -> None:
    weights = UnitWeights(ITEMS, P)
    one, many = weights.unit("cola").times(1), weights.unit("cola").times(20)
    assert (one[0], many[0]) == (350.0, 7000.0)
    assert one[1] == pytest.approx(4.0 * (1 + 1 / P.weights_prior))
    assert many[1] == pytest.approx(4.0 * (20 + 400 / P.weights_prior))
    for _ in range(40):
        weights.learn("cola", 350.0)
    assert weights.unit("cola").times(20)[1] / weights.of("cola")[1] < many[1] / 4.0
