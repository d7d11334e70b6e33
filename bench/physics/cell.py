"""A load cell with its HX711: from the load on it to counts at the chip's own instants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from bench.physics.parameters import (
    ADC_FULL_SCALE_COUNTS,
    CELL_CAPACITY_G,
    COUNTS_PER_VOLT,
    GRID_HZ,
    GRID_S,
    INPUT_NOISE_V,
    CellFigures,
)

Signal = npt.NDArray[np.float64]
Value = TypeVar("Value", float, Signal)
CREEP_STEP_S = 0.1  # creep is slow: it is reckoned on this grid
NOISE_OVERSAMPLING = 4


@dataclass(frozen=True)
class Cell:
    """One cell and chip as drawn for one recording."""

    counts_per_gram: float  # what it truly does; the store file says it with the corner error
    zero_counts: float
    nonlinearity: float
    creep_share: float
    creep_fast_share: float
    creep_fast_s: float
    creep_slow_s: float
    zero_g_per_k: float
    span_per_k: float
    flicker_g: float
    noise_counts: float
    noise_coloured: float
    wild_share: float
    late_share: float
    filter_order: int
    period_s: float

    @classmethod
    def draw(
        cls,
        figures: CellFigures,
        nominal_hz: int,
        counts_per_gram: float,
        zero_counts: float,
        board_hz: float,
        gain_error: float,
        order: int,
        rng: np.random.Generator,
    ) -> Cell:
        """A cell whose store entry is given; `gain_error` is this room's corner error (1 sd)."""
        factor = figures.noise_factor.draw(rng)
        true_gain = counts_per_gram * (1.0 + gain_error * float(np.clip(rng.standard_normal(), -2.5, 2.5)))
        return cls(
            counts_per_gram=true_gain,
            zero_counts=zero_counts + figures.zero_offset_g.draw_signed(rng) * true_gain,
            nonlinearity=figures.nonlinearity.draw_signed(rng),
            creep_share=figures.creep_share.draw(rng),
            creep_fast_share=figures.creep_fast_share.draw(rng),
            creep_fast_s=figures.creep_fast_s.draw(rng),
            creep_slow_s=figures.creep_slow_s.draw(rng),
            zero_g_per_k=figures.zero_drift_per_k.draw_signed(rng) * CELL_CAPACITY_G,
            span_per_k=figures.span_drift_per_k.draw_signed(rng),
            flicker_g=figures.flicker_g.draw(rng),
            noise_counts=factor * INPUT_NOISE_V[nominal_hz] * COUNTS_PER_VOLT,
            noise_coloured=figures.noise_coloured.draw(rng),
            wild_share=figures.wild_share.draw(rng),
            late_share=figures.late_share.draw(rng),
            filter_order=order,
            period_s=1.0 / (board_hz * (1.0 + figures.rate_spread.draw_signed(rng))),
        )


def creep_g(cell: Cell, load_g: Signal, earlier_g: float, earlier_s: float) -> Signal:
    """Creep over a load history [n, force grid], in g on the same grid.

    A change dF adds `creep_share` dF (a (1 - e^(-t/fast)) + (1 - a)(1 - e^(-t/slow))). Before the recording the cell
    had taken `earlier_g` of its load `earlier_s` ago, the rest long ago.
    """
    stride = round(CREEP_STEP_S / GRID_S)
    coarse = np.concatenate([[0.0], np.diff(load_g[::stride])])
    t: Signal = np.arange(len(coarse), dtype=np.float64) * CREEP_STEP_S
    m = 1 << (2 * len(coarse) - 1).bit_length()
    kernel = creep_curve(cell, t)
    out = np.fft.irfft(np.fft.rfft(coarse, m) * np.fft.rfft(kernel, m), m)[: len(coarse)]
    out += earlier_g * (creep_curve(cell, t + earlier_s) - creep_curve(cell, np.array([earlier_s])))
    return np.asarray(np.interp(np.arange(len(load_g)) * GRID_S, t, out), dtype=np.float64)


def creep_curve(cell: Cell, t_s: Signal) -> Signal:
    """Creep per gram of load change, t_s after it."""
    fast = cell.creep_fast_share * -np.expm1(-t_s / cell.creep_fast_s)
    slow = (1.0 - cell.creep_fast_share) * -np.expm1(-t_s / cell.creep_slow_s)
    return np.asarray(cell.creep_share * (fast + slow), dtype=np.float64)


def flicker(cell: Cell, n: int, rng: np.random.Generator) -> Signal:
    """A slow wander (g, force grid): equal powers at about 1, 10 and 100 s."""
    t = np.arange(n) * GRID_S
    out = np.zeros(n)
    for knot_s in (1.0, 10.0, 100.0):
        knots = np.arange(0.0, t[-1] + 2 * knot_s, knot_s)
        out += np.interp(t, knots - rng.uniform(0, knot_s), rng.standard_normal(len(knots)))
    return np.asarray(out * cell.flicker_g / np.sqrt(3.0), dtype=np.float64)


def conversion_times(cell: Cell, duration_s: float, rng: np.random.Generator) -> Signal:
    """The instants (s) at which the chip's conversions are ready: its own rate, drifting by some 1e-4."""
    n = int(duration_s / cell.period_s) + 2
    drift = 1.0 + 1e-4 * np.sin(2 * np.pi * (np.arange(n) * cell.period_s / rng.uniform(60, 300) + rng.random()))
    times = rng.uniform(0, cell.period_s) + np.cumsum(cell.period_s * drift) + rng.uniform(0, 2e-5, n)
    return np.asarray(times[times < duration_s], dtype=np.float64)


def filter_taps(cell: Cell) -> Signal:
    """The chip's decimation filter on the force grid: a sinc of the chip's order, a period a stage."""
    stage = max(1.0, cell.period_s * GRID_HZ)
    n = int(np.ceil(stage))
    box = np.ones(n)
    box[-1] -= n - stage
    taps = box
    for _ in range(cell.filter_order - 1):
        taps = np.convolve(taps, box)
    return np.asarray(taps / taps.sum(), dtype=np.float64)


def filtered_at(load_g: Signal, times_s: Signal, taps: Signal) -> Signal:
    """The filter's output at each instant: a mean over the conversions before it, never what is yet to come."""
    k = len(taps)
    padded = np.concatenate([np.full(k, load_g[0]), load_g, load_g[-1:]])
    position = times_s * GRID_HZ
    index = np.minimum(position.astype(np.int64), len(load_g) - 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, k + 1)
    out = np.empty(len(times_s))
    backwards = taps[::-1]
    for lo in range(0, len(times_s), 8192):  # bounded memory for recordings of hours
        part = slice(lo, lo + 8192)
        window = windows[index[part] + 1]
        share = position[part] - index[part]
        out[part] = (1.0 - share) * (window[:, :-1] @ backwards) + share * (window[:, 1:] @ backwards)
    return out


def noise(cell: Cell, n: int, rng: np.random.Generator) -> Signal:
    """Noise (counts) of n conversions: a part white, a part coloured by the chip's overlapping filter."""
    white = rng.standard_normal(n)
    box = np.ones(NOISE_OVERSAMPLING)
    taps = box
    for _ in range(cell.filter_order - 1):
        taps = np.convolve(taps, box)
    taps /= np.sqrt((taps**2).sum())
    fine = rng.standard_normal(n * NOISE_OVERSAMPLING + len(taps))
    coloured = np.convolve(fine, taps, mode="valid")[: n * NOISE_OVERSAMPLING : NOISE_OVERSAMPLING]
    share = cell.noise_coloured
    mixed = np.sqrt(1.0 - share) * white + np.sqrt(share) * coloured
    return np.asarray(cell.noise_counts * mixed, dtype=np.float64)


def convert(
    cell: Cell, load_g: Signal, temperature_k: Signal, duration_s: float, rng: np.random.Generator
) -> tuple[Signal, npt.NDArray[np.int64], Signal]:
    """Conversions of a recording: instants (s) and counts, saturated at the converter's ends; and the instants of
    those that the board threw away.

    `load_g` is the load with its creep on the force grid, `temperature_k` the change of temperature a second.
    """
    times = conversion_times(cell, duration_s, rng)
    force = filtered_at(load_g, times, filter_taps(cell))
    kelvin = np.interp(times, np.arange(len(temperature_k)), temperature_k)
    counts = read_out(cell, force, kelvin, noise(cell, len(times), rng), rng)
    kept = rng.random(len(counts)) >= cell.late_share
    return times[kept], counts[kept], times[~kept]


def read_out(
    cell: Cell, force_g: Signal, kelvin: Signal, noise_counts: Signal, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Counts of conversions whose filtered force, change of temperature and noise are given; some wild, all saturated
    at the converter's ends."""
    exact = exact_counts(cell, force_g, kelvin) + noise_counts
    counts = np.clip(np.rint(exact), -ADC_FULL_SCALE_COUNTS, ADC_FULL_SCALE_COUNTS - 1).astype(np.int64)
    wild = rng.random(len(counts)) < cell.wild_share
    counts[wild] = wild_counts(counts[wild], rng)
    return counts


def exact_counts(cell: Cell, force_g: Value, kelvin: Value) -> Value:
    """Counts (not rounded, without noise) of a force and a change of temperature; for numbers and arrays."""
    force = force_g * (1.0 + cell.span_per_k * kelvin) + cell.zero_g_per_k * kelvin
    force = force + cell.nonlinearity * 4.0 * force * (CELL_CAPACITY_G - force) / CELL_CAPACITY_G
    return cell.zero_counts + cell.counts_per_gram * force


def wild_counts(counts: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Wild conversions: anywhere, some hundred grams off, all ones, or saturated."""
    n = len(counts)
    kind = rng.random(n)
    anywhere = rng.integers(-ADC_FULL_SCALE_COUNTS, ADC_FULL_SCALE_COUNTS, n)
    off = counts + np.rint(rng.choice([-1, 1], n) * np.exp(rng.uniform(np.log(2e3), np.log(2e6), n))).astype(np.int64)
    out = np.where(kind < 0.45, anywhere, off)
    out = np.where(kind > 0.85, -1, out)
    out = np.where(kind > 0.95, ADC_FULL_SCALE_COUNTS - 1, out)
    return np.clip(out, -ADC_FULL_SCALE_COUNTS, ADC_FULL_SCALE_COUNTS - 1)
