"""Force histories of hands."""

import numpy as np
import pytest

from bench.physics import hands
from bench.physics.parameters import DEFAULT, GRID_S

HAND = DEFAULT.hand


@pytest.mark.parametrize("seed", range(20))
def test_a_unit_leaves_within_a_quarter_second_and_wholly(seed: int) -> None:
    history, half_s = hands.unload(350.0, HAND, np.random.default_rng(seed))
    assert history[-1] == pytest.approx(-350.0)
    assert 0.08 <= len(history) * GRID_S <= 0.26
    assert history[round(half_s / GRID_S)] == pytest.approx(-175.0, abs=15.0)
    assert np.all(np.diff(history) <= 0)


@pytest.mark.parametrize("seed", range(20))
def test_a_landing_peaks_at_up_to_three_times_the_weight_and_ends_at_it(seed: int) -> None:
    history, _ = hands.landing(500.0, HAND, np.random.default_rng(seed))
    assert history[-1] == pytest.approx(500.0, abs=1.0)
    assert 1.19 * 500 <= history.max() <= 3.0 * 500 + 1


def test_a_resting_hand_trembles_by_several_percent_and_keeps_its_mean() -> None:
    shares = []
    for seed in range(30):
        force = hands.resting_force(20_000, 200.0, HAND, np.random.default_rng(seed))
        fast = force - np.convolve(force, np.ones(700) / 700, mode="same")
        shares.append(fast[700:-700].std() / 200.0)
        assert force.mean() == pytest.approx(200.0, rel=0.1)
    assert 0.01 < np.median(shares) < 0.08


def test_band_noise_lies_in_its_band() -> None:
    signal = hands.band_noise(60_000, 2.0, 10.0, np.random.default_rng(4))
    power = np.abs(np.fft.rfft(signal)) ** 2
    frequency = np.fft.rfftfreq(len(signal), GRID_S)
    inside = power[(frequency > 1.5) & (frequency < 11.0)].sum()
    assert inside / power.sum() > 0.97
    assert signal.std() == pytest.approx(1.0, abs=0.15)


def test_what_is_held_comes_and_goes() -> None:
    force = hands.held(3000, 100.0, 0.2, 0.2, HAND, np.random.default_rng(1))
    assert abs(force[0]) < 1.0
    assert abs(force[-1]) < 1.0
    assert abs(force[1500]) > 50.0
