"""Levels read through rings: several at once, and what a ring teaches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.detection.parameters import DetectionParameters
from agent.detection.ring import Ring, RingFit, Waves

SIGMA_G = 0.5
RATE_HZ = 80.0
OWN_HZ, WEIGHTS_HZ, DAMPING = 14.0, 10.5, 0.03


def times(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def swing(t_s: NDArray[np.float64], amplitude_g: float, hz: float, damping: float = DAMPING) -> NDArray[np.float64]:
    phase = 2 * math.pi * hz * t_s
    ringing: NDArray[np.float64] = amplitude_g * np.exp(-damping * phase) * np.cos(phase)
    return ringing


def noisy(z: NDArray[np.float64], seed: int = 1) -> NDArray[np.float64]:
    return z + np.random.default_rng(seed).normal(0.0, SIGMA_G, len(z))


def learnt(hz: float, load_g: float = 0.0) -> Ring:
    ring = Ring(DetectionParameters())
    t_s = times(1.0)
    ring.learn(t_s, noisy(swing(t_s, 60.0, hz)), SIGMA_G, load_g)
    assert ring.frequency_hz == pytest.approx(hz, rel=0.01)
    return ring


def fitted(ring: Ring, t_s: NDArray[np.float64], z: NDArray[np.float64], others: Waves = ()) -> RingFit:
    fit = ring.fit(t_s, z, SIGMA_G, others=others)
    assert fit is not None
    return fit


def test_the_weights_ring_is_heard_beside_a_modes_own() -> None:
    t_s = times(0.35)
    z = noisy(100.0 + swing(t_s, 20.0, OWN_HZ) + swing(t_s, 30.0, WEIGHTS_HZ))
    ring = learnt(OWN_HZ)
    alone = fitted(ring, t_s, z)
    both = fitted(ring, t_s, z, others=((WEIGHTS_HZ, DAMPING),))
    assert alone.left_g2 > 20 * both.left_g2
    assert both.left_g2 < 4 * SIGMA_G**2
    assert both.level_g == pytest.approx(100.0, abs=5 * math.sqrt(both.variance_g2))


def test_a_wrong_frequency_is_learnt_anew() -> None:
    ring = learnt(8.7)
    t_s = times(1.0)
    ring.learn(t_s, noisy(swing(t_s, 40.0, 11.0)), SIGMA_G)
    assert ring.frequency_hz == pytest.approx(11.0, rel=0.02)


def test_more_load_rings_slower() -> None:
    ring = learnt(12.0, load_g=1_000.0)
    more, less = ring.at(4_000.0), ring.at(0.0)
    assert more is not None
    assert less is not None
    assert more < 12.0 < less
    p = DetectionParameters()
    assert more == pytest.approx(12.0 * math.sqrt((p.plate_mass_g + 1_000.0) / (p.plate_mass_g + 4_000.0)), rel=0.01)


def test_what_the_weights_ring_explains_teaches_no_moment() -> None:
    t_s = times(1.0)
    heard = ((WEIGHTS_HZ, DAMPING),)
    both, silent = Ring(DetectionParameters()), Ring(DetectionParameters())
    both.learn(t_s, noisy(swing(t_s, 20.0, OWN_HZ) + swing(t_s, 60.0, WEIGHTS_HZ)), SIGMA_G, others=heard)
    assert both.frequency_hz == pytest.approx(OWN_HZ, rel=0.02)
    silent.learn(t_s, noisy(swing(t_s, 60.0, WEIGHTS_HZ)), SIGMA_G, others=heard)
    assert silent.frequency_hz is None


@pytest.mark.parametrize("damping", [0.02, 0.045])
def test_a_long_window_tells_how_fast_a_ring_swings_and_fades(damping: float) -> None:
    t_s = times(1.0)
    fit = fitted(Ring(DetectionParameters()), t_s, noisy(100.0 + swing(t_s, 80.0, 12.35, damping)))
    assert fit.frequency_hz == pytest.approx(12.35, rel=0.01)
    assert fit.damping == pytest.approx(damping, abs=0.011)
    assert fit.left_g2 < (0.06 * 80.0) ** 2
    assert fit.level_g == pytest.approx(100.0, abs=5 * math.sqrt(fit.variance_g2))


def test_what_moves_on_while_a_ring_fades_shows_in_the_second_half() -> None:
    t_s = times(1.0)
    ring = swing(t_s, 80.0, OWN_HZ)
    alone = fitted(learnt(OWN_HZ), t_s, noisy(ring))
    held = fitted(learnt(OWN_HZ), t_s, noisy(ring + 6.0 * np.sin(2 * math.pi * 3.0 * t_s)))
    assert held.tail_g2 > 3 * alone.tail_g2


@pytest.mark.parametrize("hz", [OWN_HZ, 4.0])
def test_a_fit_is_made_up_to_what_it_may_leave(hz: float) -> None:
    t_s = times(0.35)
    z = noisy(100.0 + swing(t_s, 40.0, hz))
    left_g2 = fitted(learnt(OWN_HZ), t_s, z).left_g2
    within = learnt(OWN_HZ).fit(t_s, z, SIGMA_G, most_g2=left_g2)
    assert within == fitted(learnt(OWN_HZ), t_s, z)
    assert learnt(OWN_HZ).fit(t_s, z, SIGMA_G, most_g2=left_g2 / 100) is None


@pytest.mark.parametrize("damping", [0.021, 0.025, 0.041])
def test_a_long_window_tells_a_fading_between_those_that_are_tried(damping: float) -> None:
    t_s = times(1.0)
    fit = fitted(Ring(DetectionParameters()), t_s, noisy(100.0 + swing(t_s, 80.0, 12.35, damping)))
    assert fit.frequency_hz == pytest.approx(12.35, rel=0.003)
    assert fit.damping == pytest.approx(damping, abs=0.002)
    assert fit.left_g2 < 2 * SIGMA_G**2


def test_what_fades_as_no_ring_does_is_fitted_as_before() -> None:
    """So soon that the window tells nothing of it any more."""
    t_s = times(1.0)
    fit = fitted(Ring(DetectionParameters()), t_s, noisy(100.0 + swing(t_s, 80.0, 12.35, 0.15)))
    assert 0.01 < fit.damping < 0.07


@pytest.mark.parametrize("let_go_s", [0.2, 0.4])
def test_a_hand_that_lets_go_early_spoils_neither_level_nor_what_is_left_later(let_go_s: float) -> None:
    t_s = times(1.2)
    z = noisy(100.0 + swing(t_s, 80.0, OWN_HZ)) + np.where(t_s < let_go_s, 15.0, 0.0)
    fit = fitted(learnt(OWN_HZ), t_s, z)
    assert fit.level_g == pytest.approx(100.0, abs=1.0)
    assert fit.tail_g2 < 2 * SIGMA_G**2


def test_a_hand_that_stays_shows_in_the_second_half_by_itself() -> None:
    t_s = times(1.2)
    hand = 6.0 * np.sin(2 * math.pi * 4.0 * t_s)
    fit = fitted(learnt(OWN_HZ), t_s, noisy(swing(t_s, 80.0, OWN_HZ) + hand))
    assert fit.tail_g2 > 10 * SIGMA_G**2
