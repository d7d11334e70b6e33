"""Rest over many blocks at once: what a plate's detector would see block after block, if nothing departed.

All sums run over the rows of a block in the order in which `numpy` adds up the rows of one block alone, so that how
many blocks are looked at together never shows in a single bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.detection.parameters import DetectionParameters


@dataclass(frozen=True, eq=False)
class Departure:
    """How far blocks went from the mean of the block before, [blocks, modes] each, and how far that is.

    `step` of the mean, `row` the farthest of a row, `mean` the farthest of the mean of `mean_samples` rows.
    """

    step: NDArray[np.float64]
    row: NDArray[np.float64]
    mean: NDArray[np.float64]

    def part(self, begin: int, end: int) -> Departure:
        """Blocks from `begin` to `end`."""
        return Departure(self.step[begin:end], self.row[begin:end], self.mean[begin:end])


class Outlook:
    """Rows of a plate cut into blocks, with all figures of each block that do not depend on what the detector knows.

    `t_ns` [n], `z` [n, modes]; [blocks]: `first` row and `count` of rows, `last_ns`, `span_ns` from the first row to
    the last, and whether the rows are `enough` to learn from; [blocks, modes]: `mean`, `variance`.
    """

    def __init__(
        self,
        t_ns: NDArray[np.int64],
        z: NDArray[np.float64],
        first: NDArray[np.int64],
        count: NDArray[np.int64],
        parameters: DetectionParameters,
    ) -> None:
        """Every block has at least one row; each column of `z` should lie in one piece."""
        p = parameters
        self.t_ns, self.z, self.first, self.count = t_ns, z, first, count
        self._samples = p.mean_samples
        self.last_ns: NDArray[np.int64] = t_ns[first + count - 1]
        self.span_ns: NDArray[np.int64] = self.last_ns - t_ns[first]
        rows = max(p.block_samples, p.mean_samples)
        self.enough: NDArray[np.bool_] = (count >= rows) & (self.span_ns >= p.block_ns * 3 // 4)
        width = int(count.max())
        self._least = int(count.min())  # rows from here on are not there in every block
        self._absent = np.arange(self._least, width)[:, np.newaxis] >= count
        index = first + np.arange(width)[:, np.newaxis]
        blocks = np.empty((z.shape[1], *index.shape))  # [modes, width, blocks]
        for own, column in zip(blocks, z.T, strict=True):
            column.take(index, out=own, mode="clip")
        self._clear(blocks, self._least)
        mean = self._sum(blocks) / count
        self.mean = mean.T  # a column of each mode lies in one piece, as do all that are [blocks, modes]
        self.inner = self._departure(blocks, np.concatenate((mean[:, :1], mean[:, :-1]), axis=1), mean)
        """Of all blocks, where the mean before the first of them is its own."""
        blocks -= mean[:, np.newaxis]
        blocks *= blocks
        self._clear(blocks, self._least)
        self.variance = (self._sum(blocks) / np.maximum(count - 1, 1)).T

    def __len__(self) -> int:
        return len(self.count)

    def departure(self, begin: int, end: int, base: NDArray[np.float64]) -> Departure:
        """Of blocks from `begin` to `end`, where `base` [modes] is the mean before the first of them."""
        inner = self.inner.part(begin, end)
        if begin and np.array_equal(base, self.mean[begin - 1]):
            return inner
        first, count = int(self.first[begin]), int(self.count[begin])
        off = self.z[first : first + count] - base
        m = self._samples
        total = off[m - 1 :]
        for k in range(1, m):
            total = total + off[m - 1 - k : count - k]
        own = self.mean[begin] - base, np.abs(off).max(axis=0), np.abs(total).max(axis=0, initial=0.0) / m
        step, row, mean = (np.concatenate((a[np.newaxis], b[1:])) for a, b in zip(own, _columns(inner), strict=True))
        return Departure(step, row, mean)

    def _departure(
        self, blocks: NDArray[np.float64], before: NDArray[np.float64], mean: NDArray[np.float64]
    ) -> Departure:
        m, width = self._samples, blocks.shape[1]
        off = blocks - before[:, np.newaxis]
        self._clear(off, self._least)
        far = np.zeros_like(before)
        if width >= m:
            total = off[:, m - 1 :] + off[:, m - 2 : width - 1]
            for k in range(2, m):
                total += off[:, m - 1 - k : width - k]
            self._clear(total, self._least - (m - 1))
            far = np.abs(total, out=total).max(axis=1) / m
        row = np.abs(off, out=off).max(axis=1)
        return Departure((mean - before).T, row.T, far.T)

    def _clear(self, rows: NDArray[np.float64], least: int) -> None:
        """Nothing where a block has no row; that adds nothing to a sum, and is never the farthest."""
        if len(self._absent):
            np.copyto(rows[:, max(least, 0) :], 0.0, where=self._absent[max(-least, 0) :])

    def _sum(self, blocks: NDArray[np.float64]) -> NDArray[np.float64]:
        """[modes, width, blocks] over `width`, as `numpy.sum` adds [rows, modes] of a single block over its rows: one
        after the other, as it does wherever the numbers that are added up do not lie side by side."""
        if len(blocks) == 1:  # of a single mode they do
            out = np.empty((1, blocks.shape[2]))
            for count in np.flatnonzero(np.bincount(self.count)).tolist():
                alike = self.count == count
                out[0, alike] = np.ascontiguousarray(blocks[0, :count, alike]).sum(axis=1)
            return out
        if blocks.shape[2] == 1:
            blocks = np.repeat(blocks, 2, axis=2)
        total: NDArray[np.float64] = np.add.reduce(blocks, axis=1)[:, : len(self.count)]
        return total


def _columns(departure: Departure) -> tuple[NDArray[np.float64], ...]:
    return departure.step, departure.row, departure.mean


@dataclass(frozen=True, eq=False)
class NoiseAhead:
    """Noise as it stands before each of some blocks and after the last: [blocks + 1, modes], and the rate."""

    variance: NDArray[np.float64]
    wander: NDArray[np.float64]
    sigma_g: NDArray[np.float64]
    rate_hz: list[float]

    @property
    def wander_g(self) -> NDArray[np.float64]:
        """[blocks + 1, modes]"""
        result: NDArray[np.float64] = np.sqrt(self.wander)
        return result


@dataclass(frozen=True, eq=False)
class RestAhead:
    """What `PlateDetector.look_ahead` saw: from block `begin` of an outlook on, the plate rests in `still` blocks."""

    outlook: Outlook
    begin: int
    still: int
    noise: NoiseAhead
