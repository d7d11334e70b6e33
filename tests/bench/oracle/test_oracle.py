"""The information limit."""

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.oracle import learn_priors, oracle
from bench.oracle.measure import Sight, measure
from bench.oracle.priors import kind_of
from bench.recordings.cases import CaseId, make_case
from bench.scoring.report import Score, score_events


def judged(case: CaseId, root: Path) -> Score:
    folder = make_case(case, root)
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    store = tomllib.loads((folder / "store.toml").read_text())
    return score_events(truth, oracle(folder, truth, learn_priors([(truth, store)])))


@pytest.mark.parametrize("family", ["singles", "two_one_back", "misplaced", "leant", "foreign"])
def test_an_oracle_finds_every_event_and_nearly_all_items(family: str, tmp_path: Path) -> None:
    score = judged(CaseId(family, 1), tmp_path)
    assert score.f1 == 1.0
    assert score.items_right >= 0.9


def test_an_oracle_of_one_cell_knows_the_weight_alone(tmp_path: Path) -> None:
    assert judged(CaseId("singles", 1, plates="one", rate_hz=10), tmp_path).items_right >= 0.9


def sight(sigma_g: float = 0.3) -> Sight:
    x, y = np.array([-200.0, 200.0, -200.0, 200.0]), np.array([-130.0, -130.0, 130.0, 130.0])
    shares = np.stack([np.full(4, 0.25), 1 / (4 * x), 1 / (4 * y), 0.4 / (4 * x * y)], axis=1)
    return Sight(shares, np.full(4, sigma_g), np.zeros(4), np.full(4, 0.0125), 0.0, np.stack([np.ones(4), x, y]))


def test_a_measurement_is_as_noisy_as_its_covariance_says() -> None:
    rng = np.random.default_rng(1)
    change = np.array([-350.0, 7000.0, 3500.0, 0.0])
    seen = [measure(sight(), change, (1.0, 0.25), None, rng) for _ in range(3000)]
    errors = np.array([s for s, _ in seen]) - change[:3]
    assert np.abs(errors.mean(axis=0) / errors.std(axis=0)).max() < 0.1
    assert errors.std(axis=0) == pytest.approx(np.sqrt(np.diag(seen[0][1])), rel=0.06)


def test_a_lost_cell_costs_certainty_not_truth() -> None:
    change = np.array([-350.0, 7000.0, 3500.0, 50_000.0])
    whole, exact = measure(sight(1e-9), change, (1.0, 1.0), 2, np.random.default_rng(1))
    assert whole == pytest.approx(change[:3], rel=1e-6)
    _, with_all = measure(sight(), change, (1.0, 1.0), None, np.random.default_rng(1))
    _, with_three = measure(sight(), change, (1.0, 1.0), 2, np.random.default_rng(1))
    assert with_three[0, 0] > 1.9 * with_all[0, 0]
    assert exact.shape == (3, 3)


def test_kinds_of_steps() -> None:
    cases = [
        ({}, "foreign"),
        ({"a": 1}, "one"),
        ({"a": 3}, "same3"),
        ({"a": 1, "b": 1}, "pair"),
        ({"a": 2, "b": 1}, "other"),
    ]
    assert [kind_of(items) for items, _ in cases] == [kind for _, kind in cases]
