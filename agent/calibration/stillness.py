"""Is a plate still, and what do its cells read: a window without slope or unrest, judged by the cells' own noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAD_TO_SIGMA = 1.4826
_WILD_SIGMAS = 8.0


@dataclass(frozen=True)
class StillnessParameters:
    """How long and how calm."""

    window_s: float = 1.5
    least_rows: int = 12  # at 10 SPS the window holds 15
    slope_sigmas: float = 5.0  # between the window's halves
    slope_share: float = 0.0005  # or of the load: creep after setting a weight down is no unrest
    floor_g: float = 0.15  # each cell; a drift this small spoils nothing
    noise_g: float = 15.0  # of a conversion of one cell; what scatters more is no reading
    unrest: float = 2.0  # deviation in the window against the cell's noise


@dataclass(frozen=True, eq=False)
class Reading:
    """A still window: mean counts [cells], their standard errors [cells], and why not, where it is not still."""

    counts: NDArray[np.float64]
    sigma_counts: NDArray[np.float64]
    unquiet: str = ""


class Stillness:
    """Holds the last window of a plate's rows."""

    def __init__(self, counts_per_gram: NDArray[np.float64], parameters: StillnessParameters | None = None) -> None:
        """`counts_per_gram` [cells], roughly right."""
        self._p = parameters or StillnessParameters()
        self._per_gram = np.abs(counts_per_gram)
        self._t = np.empty(0)
        self._rows = np.empty((0, len(counts_per_gram)))

    def feed(self, t_s: NDArray[np.float64], counts: NDArray[np.float64]) -> None:
        """Rows [n, cells] that follow the last."""
        self._t = np.concatenate((self._t, t_s))
        self._rows = np.concatenate((self._rows, counts))
        if len(self._t):
            first = int(np.searchsorted(self._t, self._t[-1] - self._p.window_s))
            # one row before the window is kept: it tells that the window is full
            self._t, self._rows = self._t[max(first - 1, 0) :], self._rows[max(first - 1, 0) :]

    def clear(self) -> None:
        """What was before is of no interest any more."""
        self._t, self._rows = self._t[:0], self._rows[:0]

    @property
    def full(self) -> bool:
        """The window is long enough to judge."""
        return len(self._t) >= self._p.least_rows and self._t[-1] - self._t[0] >= self._p.window_s

    @property
    def latest(self) -> NDArray[np.float64] | None:
        """Median counts [cells] of the last tenths of a second; None before any."""
        if not len(self._t):
            return None
        recent = self._rows[self._t >= self._t[-1] - 0.2]
        result: NDArray[np.float64] = np.median(recent, axis=0)
        return result

    def reading(self) -> Reading:
        """The window as it is."""
        median = np.median(self._rows, axis=0)
        noise = _MAD_TO_SIGMA * np.median(np.abs(np.diff(self._rows, axis=0)), axis=0) / np.sqrt(2)
        noise = np.maximum(noise, 1.0)
        scatter_g = float((noise / self._per_gram).max())
        if scatter_g > self._p.noise_g:
            return Reading(median, noise, f"a cell scatters by {scatter_g:.0f} g: run shelf-agent check")
        off = self._rows - median
        sound = np.abs(off) <= _WILD_SIGMAS * noise
        kept = np.where(sound, self._rows, np.nan)
        unsound = 1.0 - sound.mean(axis=0)
        if (unsound > 0.1).any():
            return Reading(median, noise, "it moves")
        mean = np.nanmean(kept, axis=0)
        sigma = noise / np.sqrt(len(kept))
        half = len(kept) // 2
        slope = np.abs(np.nanmean(kept[:half], axis=0) - np.nanmean(kept[half:], axis=0))
        load_g = np.abs(mean) / self._per_gram
        allowed = np.maximum(self._p.slope_sigmas * sigma * 2, self._p.floor_g * self._per_gram)
        allowed = np.maximum(allowed, self._p.slope_share * np.minimum(load_g, 1e5) * self._per_gram)
        if (slope > allowed).any():
            worst_g = float((slope / self._per_gram).max())
            return Reading(mean, sigma, f"its reading moves by {worst_g:.1f} g within {self._p.window_s:.1f} s")
        deviation = np.nanstd(kept, axis=0)
        if (deviation > self._p.unrest * noise + self._p.floor_g * self._per_gram).any():
            worst_g = float((deviation / self._per_gram).max())
            return Reading(mean, sigma, f"it swings by {worst_g:.1f} g")
        return Reading(mean, sigma)
