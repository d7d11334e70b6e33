"""Conversions of many plates of as many cells, a block of each, made whole at once where none is odd."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.weighing.cells import SATURATED_HIGH, SATURATED_LOW, CellFilter
from agent.weighing.scale import PlateScale


class CellsTogether:
    """One block of several plates: `whole` [rows, plates, cells] conversions with what is absent held, behind a plate's
    last row the same again; `far_counts` [plates, cells] the farthest leap among them and those remembered; `lively`
    [plates]: no cell is at the end of its range, nor the same or absent for `few` rows in a row.
    """

    def __init__(
        self,
        filters: Sequence[CellFilter],
        counts: NDArray[np.int32],
        present: NDArray[np.bool_],
        rows: NDArray[np.int64],
        few: int,
    ) -> None:
        """`counts` and `present` [rows, plates, cells], nothing present behind a plate's last of `rows` [plates]. The
        filters must be `settled`."""
        width = len(counts)
        remembered = np.array([own.remembered for own in filters]).transpose(1, 0, 2)
        last = np.array([own.last for own in filters])
        whole = counts.astype(np.float64)
        if not present.all():
            number = np.arange(1, width + 1)[:, np.newaxis, np.newaxis]
            index = np.maximum.accumulate(np.where(present, number, 0), axis=0)
            whole = np.take_along_axis(np.concatenate((last[np.newaxis], whole)), index, axis=0)
        self.whole: NDArray[np.float64] = whole
        every = np.concatenate((remembered, whole))
        leap = np.abs(every[1:] - every[:-1])
        self.far_counts: NDArray[np.float64] = np.maximum.reduce(leap, axis=0)
        same = leap[-width:] == 0.0
        same[0] = True  # what was before is not known for sure
        run = same[few - 1 :]
        for k in range(1, few):
            run = run & same[few - 1 - k : width - k]
        run &= (np.arange(few - 1, width)[:, np.newaxis] < rows)[:, :, np.newaxis]
        high, low = np.maximum.reduce(whole, axis=0), np.minimum.reduce(whole, axis=0)
        odd = np.logical_or.reduce(run, axis=0) | (high >= SATURATED_HIGH) | (low <= SATURATED_LOW)
        self.lively: NDArray[np.bool_] = ~np.logical_or.reduce(odd, axis=1)


class ScalesTogether:
    """Scales of several plates of as many cells and modes, as they were when this was made."""

    def __init__(self, scales: Sequence[PlateScale]) -> None:
        self._zeros = [scale.zero_counts for scale in scales]
        self._zero = np.array(self._zeros)
        self._factor = np.array([scale.counts_per_gram for scale in scales])
        self._shares = np.array([scale.modes_of_cells for scale in scales]).transpose(2, 0, 1).copy()

    def holds(self, scales: Sequence[PlateScale]) -> bool:
        """These are still theirs."""
        return len(scales) == len(self._zeros) and all(
            scale.zero_counts is zero for scale, zero in zip(scales, self._zeros, strict=True)
        )

    def grams(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Grams of counts [rows, plates, cells]."""
        result: NDArray[np.float64] = (counts - self._zero) / self._factor
        return result

    def modes(self, grams: NDArray[np.float64]) -> NDArray[np.float64]:
        """Modes [rows, plates, modes] of grams, cell by cell: the same bits as `PlateScale.to_modes`."""
        total: NDArray[np.float64] = grams[:, :, :1] * self._shares[0]
        for cell in range(1, grams.shape[2]):
            total += grams[:, :, cell : cell + 1] * self._shares[cell]
        return total

    def noise_counts(self, sigma_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Noise of a conversion of each cell [plates, cells] where the weight's is `sigma_g` [plates, 1]."""
        result: NDArray[np.float64] = np.abs(self._factor) * (sigma_g / np.sqrt(self._factor.shape[1]))
        return result
