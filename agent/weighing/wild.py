"""Wild conversions: one that leaves both its neighbours, which agree with each other, is no weight.

The chip's filter spreads every true change over four conversions. Where a plate has other cells they must stay calm
too, for a ring at a third of the rate looks alike in one cell alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.weighing.few import Places
from agent.weighing.medians import median, windows


@dataclass(frozen=True)
class CellFilterParameters:
    """When a conversion is wild."""

    wild_sigmas: float = 9.0  # against the cell's own noise; rarer than once a year by chance
    wild_over_motion: float = 4.0  # and against how much the cell has just been moving
    agreement: float = 0.3  # neighbours agree when they differ by less than this share of the leap
    calm_share: float = 0.25  # other cells are calm below this share of the leap
    motion_samples: int = 12
    start_noise_counts: float = 160.0  # before any is measured: 3 x the data sheet's 50 counts
    held_rows: int = 2  # absent ones in a row that take the value before; what is older is no measurement


@dataclass(frozen=True, eq=False)
class Leaps:
    """Conversions that leap from the one before, [k] each, cell by cell: where, and by how many counts."""

    at: Places
    size: NDArray[np.float64]

    @classmethod
    def beyond(cls, leap: NDArray[np.float64], least_counts: NDArray[np.float64]) -> Leaps:
        """Of rows [cells, n] that leap so far from the one before, those by more than `least_counts` [cells]."""
        flat = np.flatnonzero(leap > least_counts[:, np.newaxis])
        return cls(Places.at(flat, leap.shape[1]), leap.reshape(-1)[flat])


@dataclass(frozen=True, eq=False)
class Turns:
    """Conversions that leap there and back, [k] each: `row`, `cell`, and `size` in counts, the smaller of both leaps.
    `wild`: they are, at a noise at which such leaps are far."""

    row: NDArray[np.int64]
    cell: NDArray[np.int64]
    size: NDArray[np.float64]
    wild: NDArray[np.bool_]


class WildRule:
    """What is wild among conversions of a plate."""

    def __init__(self, parameters: CellFilterParameters) -> None:
        self._p = parameters

    def limit_counts(self, noise_counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Leaps up to here are no wild conversion's, at such a noise."""
        return self._p.wild_sigmas * noise_counts

    def wild(self, raw: NDArray[np.float64], noise_counts: NDArray[np.float64]) -> tuple[NDArray[np.int64], bool]:
        """Of rows [n, cells]: which conversions are wild, as pairs [k, 2] of row and cell, and whether the last may be.

        `noise_counts` [cells].
        """
        if len(raw) < 2:  # a leap needs a row before
            return _NONE, False
        step = raw[1:] - raw[:-1]
        leap = np.abs(step)
        far = leap > self.limit_counts(noise_counts)
        if not np.count_nonzero(far):  # quicker than `any`, for so few
            return _NONE, False
        pending = self._last_may_be(leap, far[-1])
        odd = far[:-1] & far[1:]  # and a row after
        if not np.count_nonzero(odd):
            return _NONE, pending
        odd &= step[:-1] * step[1:] < 0
        found = []
        for row in np.flatnonzero(np.logical_or.reduce(odd, axis=1)).tolist():
            smaller = list(map(min, leap[row].tolist(), leap[row + 1].tolist()))
            columns = zip(odd[row].tolist(), raw[row].tolist(), raw[row + 2].tolist(), smaller, strict=True)
            candidates = [
                there and abs(after - before) < self._p.agreement * size for there, before, after, size in columns
            ]
            cell = self._wild_in_row(leap, row, smaller, candidates)
            if cell is not None:
                found.append((row + 1, cell))
        return np.array(found, np.int64).reshape(-1, 2), pending

    def last_may_be(self, raw: NDArray[np.float64], noise_counts: NDArray[np.float64]) -> bool:
        """Whether the last of rows [n, cells], two at least, may be wild."""
        leap = np.abs(raw[1:] - raw[:-1])
        return self._last_may_be(leap, leap[-1] > self.limit_counts(noise_counts))

    def _last_may_be(self, leap: NDArray[np.float64], far: NDArray[np.bool_]) -> bool:
        candidates = far.tolist()
        last = len(leap) - 1
        return any(candidates) and self._wild_in_row(leap, last, leap[last].tolist(), candidates) is not None

    def _wild_in_row(
        self, leap: NDArray[np.float64], row: int, size: list[float], candidates: list[bool]
    ) -> int | None:
        """Of the candidates [cells], that left by leap `row`: the one that moved by far more than it did before, by
        `size` [cells], while the plate's other cells stayed calm. Numbers of Python are quicker for so few.

        Others are calm by how they came, whatever they do next: else the last row would have to wait for that."""
        came = leap[row].tolist()
        cell = max(range(len(came)), key=came.__getitem__)  # no other has calm cells beside it
        calm = self._p.calm_share * size[cell]
        if not candidates[cell] or any(other >= calm for c, other in enumerate(came) if c != cell):
            return None
        before = leap[max(0, row - self._p.motion_samples + 1) : row, cell].tolist()
        if before and not size[cell] > self._p.wild_over_motion * _median(before):
            return None
        return cell

    def turns(self, raw: NDArray[np.float64], leaps: Leaps) -> Turns:
        """Where rows [cells, n] leap there and back, by `leaps` each: neither in the first nor in the last."""
        row, cell, size = leaps.at.row, leaps.at.cell, leaps.size
        back = (row[1:] == row[:-1] + 1) & (cell[1:] == cell[:-1]) & (row[:-1] > 0)
        size = np.minimum(size[:-1], size[1:])[back]
        cell, row = cell[:-1][back], row[:-1][back]
        turned = (raw[cell, row] - raw[cell, row - 1]) * (raw[cell, row + 1] - raw[cell, row]) < 0
        cell, row, size = cell[turned], row[turned], size[turned]
        wild = np.zeros(len(row), np.bool_)
        known = row >= self._p.motion_samples
        if known.any():
            wild[known] = self._lonely(raw, row[known], cell[known])
        return Turns(row, cell, size, wild)

    def _lonely(self, raw: NDArray[np.float64], row: NDArray[np.int64], cell: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which turns [k] of rows [cells, n] are wild, if they are far: by what `wild` asks besides."""
        p = self._p
        before = p.motion_samples
        near = windows(raw, before + 2)[:, row - before]
        leap = np.abs(near[:, :, 1:] - near[:, :, :-1])
        size = np.minimum(leap[:, :, before - 1], leap[:, :, before])
        lonely = np.abs(near[:, :, before + 1] - near[:, :, before - 1]) < p.agreement * size
        lonely &= size > p.wild_over_motion * median(leap[:, :, : before - 1], 2)
        came = leap[:, :, before - 1]
        result: NDArray[np.bool_] = self._alone(came.T, size.T, lonely.T)[np.arange(len(row)), cell]
        return result

    def _alone(
        self, came: NDArray[np.float64], size: NDArray[np.float64], candidates: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Of the candidates, those of a `size` beside which the plate's other cells stayed calm as they `came`."""
        if came.shape[1] == 1:
            return candidates.copy()
        order = np.sort(came, axis=1)
        others = np.where(came == order[:, -1:], order[:, -2:-1], order[:, -1:])
        return candidates & (others < self._p.calm_share * size)


def mended(raw: NDArray[np.float64], wild: NDArray[np.int64]) -> NDArray[np.float64]:
    """A copy of rows [n, cells] with wild conversions [k, 2] replaced by the mean of their neighbours."""
    whole = raw.copy()
    row, cell = wild[:, 0], wild[:, 1]
    whole[row, cell] = (raw[row - 1, cell] + raw[row + 1, cell]) / 2
    return whole


def _median(values: list[float]) -> float:
    """Of a few."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


_NONE: NDArray[np.int64] = np.empty((0, 2), np.int64)
