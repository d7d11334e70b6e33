"""What a cell and its chip make of a load."""

import dataclasses

import numpy as np
import pytest

from bench.physics.cell import (
    Cell,
    conversion_times,
    convert,
    creep_curve,
    creep_g,
    filter_taps,
    filtered_at,
    noise,
)
from bench.physics.parameters import DEFAULT, GRID_HZ, HARSH, nominal_counts_per_gram

FULL = (1 << 23) - 1


def drawn(seed: int = 1, rate_hz: int = 80, harsh: bool = False) -> Cell:
    figures = (HARSH if harsh else DEFAULT).cell
    board_hz = 85.0 if rate_hz == 80 else 10.5
    return Cell.draw(figures, rate_hz, 430.0, 1000, board_hz, 0.0, 4, np.random.default_rng(seed))


def clean(cell: Cell) -> Cell:
    return dataclasses.replace(
        cell,
        noise_counts=0.0,
        wild_share=0.0,
        late_share=0.0,
        nonlinearity=0.0,
        zero_counts=0.0,
        span_per_k=0.0,
        zero_g_per_k=0.0,
        counts_per_gram=430.0,
    )


def test_counts_per_gram_are_those_of_the_datasheet() -> None:
    assert nominal_counts_per_gram(5000.0, 1.0) == pytest.approx(429, abs=1)
    assert nominal_counts_per_gram(20000.0, 1.0) == pytest.approx(107, abs=1)


@pytest.mark.parametrize("seed", range(5))
def test_creep_is_a_twentieth_to_a_tenth_of_a_percent_in_half_an_hour_most_of_it_in_three_minutes(seed: int) -> None:
    cell = drawn(seed)
    three, thirty = creep_curve(cell, np.array([180.0, 1800.0]))
    assert 0.00045 <= thirty <= 0.001
    assert three / thirty > 0.6


def test_creep_follows_every_step_and_what_came_before() -> None:
    cell = drawn()
    load = np.concatenate([np.zeros(10_000), np.full(200_000, 5000.0)])
    assert creep_g(cell, load, 0.0, 1.0)[-1] == pytest.approx(
        5000.0 * creep_curve(cell, np.array([200.0]))[0], rel=0.02
    )
    steady = creep_g(cell, np.full(60_000, 5000.0), 5000.0, 10.0)
    assert steady[0] == 0.0
    assert steady[-1] > 0.3


def test_conversions_come_at_the_chips_own_rate() -> None:
    cell = drawn()
    times = conversion_times(cell, 60.0, np.random.default_rng(1))
    assert np.all(np.diff(times) > 0)
    assert len(times) / 60.0 == pytest.approx(1 / cell.period_s, rel=0.005)


def test_the_output_settles_in_four_conversions_and_never_looks_ahead() -> None:
    cell = clean(drawn())
    load = np.concatenate([np.zeros(1000), np.full(1000, 1000.0)])
    times = np.arange(0.9, 1.2, 0.001)
    out = filtered_at(load, times, filter_taps(cell))
    assert np.all(out[times <= 0.999] == 0.0)
    assert np.all(np.abs(out[times >= 1.0 + 4 * cell.period_s + 1e-3] - 1000.0) < 1e-6)
    assert np.all(np.diff(out) >= -1e-9)


@pytest.mark.parametrize(("rate_hz", "datasheet_nv"), [(80, 90.0), (10, 50.0)])
def test_noise_is_a_few_times_the_datasheets(rate_hz: int, datasheet_nv: float) -> None:
    counts = datasheet_nv * 1e-9 * (1 << 24) / (4.3 / 128)
    for seed in range(6):
        sample = noise(drawn(seed, rate_hz), 20_000, np.random.default_rng(seed))
        assert 2.0 * counts < sample.std() < 4.0 * counts
        harsh = noise(drawn(seed, rate_hz, harsh=True), 20_000, np.random.default_rng(seed))
        assert 4.7 * counts < harsh.std() < 7.4 * counts


def test_an_overload_saturates_and_comes_back() -> None:
    cell = clean(drawn())
    load = np.concatenate([np.full(2000, 100.0), np.full(2000, 60_000.0), np.full(2000, 100.0)])
    times, counts, _ = convert(cell, load, np.zeros(10), 5.9, np.random.default_rng(1))
    assert counts[(times > 2.2) & (times < 3.9)].tolist() == [FULL] * int(((times > 2.2) & (times < 3.9)).sum())
    assert counts[-1] == pytest.approx(43_000, abs=1)


def test_wild_conversions_come_as_often_as_asked() -> None:
    cell = dataclasses.replace(clean(drawn()), wild_share=0.01)
    _, counts, _ = convert(cell, np.full(int(300 * GRID_HZ), 1000.0), np.zeros(400), 299.0, np.random.default_rng(2))
    assert 0.007 < (np.abs(counts - 430_000) > 500).mean() < 0.013


def test_temperature_moves_the_zero() -> None:
    cell = dataclasses.replace(clean(drawn()), zero_g_per_k=0.4)
    _, counts, _ = convert(cell, np.zeros(10_000), np.full(20, 10.0), 9.0, np.random.default_rng(1))
    assert counts[-1] == pytest.approx(4.0 * 430, abs=2)
