"""Cells with their HX711s as time goes on: creep, wander, filter, oscillator, noise, and what may go wrong."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from bench.physics.cell import Cell, exact_counts, filter_taps, noise, wild_counts
from bench.physics.parameters import ADC_FULL_SCALE_COUNTS, GAIN, GRID_HZ, GRID_S, INPUT_NOISE_V
from bench.physics.plate import Past

Signal = npt.NDArray[np.float64]
BATCH = 1024  # conversions whose noise and accidents are drawn at once
WANDER_KNOTS_S = (1.0, 10.0, 100.0)
OSCILLATOR_DRIFT = 1e-4
READ_JITTER_S = 2e-5


class Trouble(Enum):
    """What may be wrong with a channel."""

    NONE = "ok"
    SILENT = "silent"  # the cable is off: no conversion comes
    STUCK = "stuck"  # a broken wire of the bridge: full scale


@dataclass(frozen=True)
class Conversion:
    """One conversion of a channel at an instant (s); `counts` is None where the board had to throw it away."""

    t: float
    channel: int
    counts: int | None


class CellBank:
    """The cells of one plate: how they share its load, creep and wander. Gives loads on the force grid, and keeps as
    much of the past as the longest filter looks back on."""

    def __init__(self, cells: list[Cell], shares: Signal, past: Past, keep: int, rng: np.random.Generator) -> None:
        """`shares` [cells, 4] of the plate's load; `keep` grid points are kept."""
        initial = shares @ past.components
        self._shares, self._keep, self._rng = shares, keep, rng
        self.buffer: Signal = np.tile(initial, (keep, 1))
        self.begins = -keep  # grid point of the buffer's first row
        self._creep_s = np.array([[cell.creep_fast_s for cell in cells], [cell.creep_slow_s for cell in cells]])
        fast = np.array([cell.creep_fast_share for cell in cells])
        self._creep_share = np.array([cell.creep_share for cell in cells]) * np.stack([fast, 1.0 - fast])
        earlier_g = past.recent_g * shares[:, 0]
        self._lagged = initial - earlier_g * np.exp(-past.recent_s / self._creep_s)  # what creep has caught up with
        self._origin = self._lagged.copy()
        self._wander_g = np.array([cell.flicker_g for cell in cells]) / np.sqrt(len(WANDER_KNOTS_S))
        self._knots = rng.standard_normal((2, len(WANDER_KNOTS_S), len(cells)))
        self._knot_s = np.array(WANDER_KNOTS_S)[:, None] * (1.0 - rng.random((len(WANDER_KNOTS_S), len(cells))))

    def extend(self, load: Signal) -> None:
        """Take the plate's load [n, 4] over the next n grid points."""
        force = load @ self._shares.T
        dt_s = len(force) * GRID_S
        # creep and wander take seconds to change: one value a block of some 20 ms is exact to a few milligrams
        self._lagged += (force.mean(axis=0) - self._lagged) * -np.expm1(-dt_s / self._creep_s)
        creep_g = (self._creep_share * (self._lagged - self._origin)).sum(axis=0)
        self.buffer = np.concatenate([self.buffer, force + creep_g + self._wander(dt_s)])
        surplus = len(self.buffer) - self._keep - len(force)
        if surplus > 0:
            self.buffer = self.buffer[surplus:]
            self.begins += surplus

    def _wander(self, dt_s: float) -> Signal:
        period_s = np.array(WANDER_KNOTS_S)[:, None]
        self._knot_s -= dt_s
        over = self._knot_s <= 0.0
        if over.any():
            self._knots[0][over] = self._knots[1][over]
            self._knots[1][over] = self._rng.standard_normal(int(over.sum()))
            self._knot_s = np.where(over, np.maximum(self._knot_s + period_s, 0.0), self._knot_s)
        left = np.clip(self._knot_s / period_s, 0.0, 1.0)
        return np.asarray((self._knots[0] * left + self._knots[1] * (1.0 - left)).sum(axis=0) * self._wander_g)


class Chip:
    """One channel's HX711. Its own oscillator makes the instants; `every_s` replaces it by an even grid, for a
    simulated chip that has an oscillator of its own."""

    def __init__(
        self, cell: Cell, channel: int, periods_s: dict[int, float], rate_hz: int, every_s: float | None,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """`periods_s` between conversions by nominal rate (10, 80)."""
        self.channel, self.trouble, self.gain = channel, Trouble.NONE, GAIN
        self._drawn, self._periods_s, self._every_s, self._rng = cell, periods_s, every_s, rng
        self._drawn_hz = rate_hz
        self._used = BATCH  # of the noise drawn
        self._drift_s, self._drift_phase = float(rng.uniform(60, 300)), float(rng.uniform(0, 2 * np.pi))
        self._next_s = float(rng.uniform(0, every_s or periods_s[rate_hz])) if every_s is None else every_s
        self.set_rate(rate_hz)

    def set_rate(self, rate_hz: int) -> None:
        """The RATE pin: 10 or 80 samples/s; the chip's own oscillator is as fast or slow as before."""
        counts = self._drawn.noise_counts * INPUT_NOISE_V[rate_hz] / INPUT_NOISE_V[self._drawn_hz]
        self.cell = dataclasses.replace(self._drawn, period_s=self._periods_s[rate_hz], noise_counts=counts)
        self._backwards = filter_taps(self.cell)[::-1].copy()
        self._used = BATCH

    def convert(self, until_s: float, load_g: Signal, begins: int, kelvin: float) -> list[Conversion]:
        """Conversions up to an instant; `load_g` is the cell's load from grid point `begins` on, to past `until_s`."""
        times = self._due(until_s)
        if self.trouble is Trouble.SILENT:
            return []
        return [Conversion(t, self.channel, self._counts(t * GRID_HZ - begins, load_g, kelvin)) for t in times]

    def _counts(self, position: float, load_g: Signal, kelvin: float) -> int | None:
        if self._used == BATCH:
            self._draw()
        at, self._used = self._used, self._used + 1
        if self._late[at]:
            return None
        if self.trouble is Trouble.STUCK:
            return ADC_FULL_SCALE_COUNTS - 1
        index, taps = int(position), self._backwards
        end, share = index + 1, position - index
        force = (1.0 - share) * float(load_g[end - len(taps) : end] @ taps)
        force += share * float(load_g[end + 1 - len(taps) : end + 1] @ taps)
        exact = exact_counts(self.cell, force, kelvin) + self._noise[at]
        counts = min(max(round(exact * self.gain / GAIN), -ADC_FULL_SCALE_COUNTS), ADC_FULL_SCALE_COUNTS - 1)
        return int(wild_counts(np.array([counts]), self._rng)[0]) if self._wild[at] else counts

    def _due(self, until_s: float) -> list[float]:
        times = []
        while self._next_s <= until_s:
            times.append(self._next_s)
            if self._every_s is not None:
                self._next_s += self._every_s
                continue
            swing = math.sin(2 * math.pi * self._next_s / self._drift_s + self._drift_phase)
            self._next_s += self.cell.period_s * (1.0 + OSCILLATOR_DRIFT * swing)
            times[-1] += READ_JITTER_S * float(self._rng.random())
        return times

    def _draw(self) -> None:
        """Noise and accidents of the next conversions."""
        self._noise: list[float] = noise(self.cell, BATCH, self._rng).tolist()
        self._wild: list[bool] = (self._rng.random(BATCH) < self.cell.wild_share).tolist()
        self._late: list[bool] = (self._rng.random(BATCH) < self.cell.late_share).tolist()
        self._used = 0
