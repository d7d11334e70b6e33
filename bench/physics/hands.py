"""Force histories of hands and goods on the force grid (g over time), each in the hand's own time.

All return arrays on `GRID_S`; positive presses the plate down.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.physics.parameters import GRID_S, HandFigures, Span

Signal = npt.NDArray[np.float64]


def samples(duration_s: float) -> int:
    """Grid points of a duration, at least one."""
    return max(1, round(duration_s / GRID_S))


def smooth_step(n: int, skew: float = 1.0) -> Signal:
    """From 0 to 1 in n points, flat at both ends; `skew` above 1 starts late, below 1 early."""
    u = (np.arange(n) + 1.0) / n
    s: Signal = u * u * (3.0 - 2.0 * u)
    return np.asarray(s**skew, dtype=np.float64)


def bump(n: int, attack: float = 0.5) -> Signal:
    """A smooth rise and fall between zeros, with its peak of 1 at `attack` of its length."""
    up = max(1, round(n * attack))
    return np.concatenate([smooth_step(up), 1.0 - smooth_step(max(1, n - up))])


def band_noise(n: int, low_hz: float, high_hz: float, rng: np.random.Generator) -> Signal:
    """Gaussian noise of unit deviation between two frequencies; cheap for any length (drawn on a coarse grid)."""
    coarse_hz = max(8.0 * high_hz, 4.0)
    duration_s = n * GRID_S
    m = max(64, 2 * int(np.ceil((duration_s + 4.0 / low_hz) * coarse_hz / 2)))
    frequency = np.fft.rfftfreq(m, 1.0 / coarse_hz)
    spectrum = (rng.standard_normal(len(frequency)) + 1j * rng.standard_normal(len(frequency))) * (
        (frequency >= low_hz) & (frequency <= high_hz)
    )
    coarse = np.fft.irfft(spectrum, m)
    coarse /= max(float(coarse.std()), 1e-12)
    fine: Signal = np.interp(np.arange(n) * GRID_S, np.arange(m) / coarse_hz, coarse)
    return fine


def resting_force(n: int, force_g: float, hand: HandFigures, rng: np.random.Generator) -> Signal:
    """A hand that rests with a mean force: tremor of several per cent at 2-10 Hz, and a slow wander."""
    tremor_hz = hand.tremor_hz.draw(rng)
    tremor = band_noise(n, max(1.5, 0.8 * tremor_hz), 1.25 * tremor_hz, rng) * hand.tremor_share.draw(rng)
    wander = band_noise(n, 0.15, 0.8, rng) * hand.wander_share.draw(rng)
    return np.asarray(force_g * (1.0 + tremor + wander), dtype=np.float64)


def press(hand: HandFigures, rng: np.random.Generator, limit_g: float | None = None) -> Signal:
    """The press of 10-300 g before a unit leaves; may be empty."""
    if rng.random() > hand.press_chance:
        return np.zeros(0)
    force_g = hand.press_g.draw(rng)
    if limit_g is not None:
        force_g = min(force_g, limit_g)
    return force_g * bump(samples(hand.press_s.draw(rng)), float(rng.uniform(0.3, 0.7)))


def unload(weight_g: float, hand: HandFigures, rng: np.random.Generator) -> tuple[Signal, float]:
    """A unit that leaves: from 0 to -weight. Returns the history and when half had moved (s from its start)."""
    return _transfer(-weight_g, hand.unload_s, rng)


def _transfer(change_g: float, duration: Span, rng: np.random.Generator) -> tuple[Signal, float]:
    profile = smooth_step(samples(duration.draw(rng)), float(np.exp(rng.uniform(-0.4, 0.4))))
    half_s = float(np.searchsorted(profile, 0.5)) * GRID_S
    return change_g * profile, half_s


def landing(weight_g: float, hand: HandFigures, rng: np.random.Generator) -> tuple[Signal, float]:
    """A unit that arrives: 0 to weight, with a blow of 1.2-3x its weight. Returns history and half-time (s)."""
    history, half_s = _transfer(weight_g, hand.arrive_s, rng)
    factor, attack = hand.landing_factor.draw(rng), float(rng.uniform(0.2, 0.5))
    blow = (factor - 1.0) * weight_g * bump(samples(hand.landing_s.draw(rng)), attack)
    at = max(samples(half_s), len(history) - round(attack * len(blow)))  # it peaks once the whole weight is there
    n = max(len(history), at + len(blow))
    whole = np.full(n, weight_g)
    whole[: len(history)] = history
    whole[at : at + len(blow)] += blow
    return whole, half_s


def linger(hand: HandFigures, rng: np.random.Generator) -> Signal:
    """A hand that stays a moment on what it has set down; may be empty."""
    if rng.random() > hand.linger_chance:
        return np.zeros(0)
    n = samples(hand.linger_s.draw(rng))
    return held(n, hand.linger_g.draw(rng), 0.03, float(rng.uniform(0.03, 0.1)), hand, rng)


def held(n: int, force_g: float, rise_s: float, fall_s: float, hand: HandFigures, rng: np.random.Generator) -> Signal:
    """A resting force that comes within `rise_s` and goes within `fall_s`, n points in all."""
    envelope = np.ones(n)
    rise, fall = min(samples(rise_s), n // 2), min(samples(fall_s), n // 2)
    if rise:
        envelope[:rise] = smooth_step(rise)
    if fall:
        envelope[n - fall :] = 1.0 - smooth_step(fall)
    return resting_force(n, force_g, hand, rng) * envelope


def knock(hand: HandFigures, rng: np.random.Generator) -> Signal:
    """A blow of a few milliseconds."""
    return hand.knock_g.draw(rng) * bump(samples(hand.knock_s.draw(rng)), 0.4)
