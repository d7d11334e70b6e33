"""What is seldom among many conversions to come: lists of places are quicker than flags for each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.weighing.held import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Conversions [k] of a plate: `cell`, and `row`, which rises from one to the next of a cell."""

    cell: NDArray[np.int64]
    row: NDArray[np.int64]

    @classmethod
    def at(cls, flat: NDArray[np.int64], rows: int) -> Places:
        """By their places in [cells, rows]."""
        return cls(*np.divmod(flat, max(rows, 1)))

    def part(self, begin: int, end: int) -> Places:
        """Those in rows from `begin` to `end`, counted from there."""
        inside = (self.row >= begin) & (self.row < end)
        return Places(self.cell[inside], self.row[inside] - begin)

    def in_windows(self, ends: NDArray[np.int64], cells: int) -> NDArray[np.int64]:
        """How many of each cell [windows, cells] lie between neighbouring `ends`, behind the first row there."""
        inside = (self.row > ends[0]) & (self.row < ends[-1])
        cell, row = self.cell[inside], self.row[inside]
        window = ends.searchsorted(row, side="right") - 1
        behind = row != ends[window]
        at = window[behind] * cells + cell[behind]
        return np.bincount(at, minlength=(len(ends) - 1) * cells).reshape(-1, cells)


@dataclass(frozen=True, slots=True, eq=False)
class RowsAhead:
    """Rows of a plate to come: `t_ns` [n], `counts` and `present` [n, cells].

    `absent` are the rows [k] in which a cell is absent, `alike` the conversions that repeat the one before, `apart`
    those that are absent or follow on one that is.
    """

    t_ns: NDArray[np.int64]
    counts: NDArray[np.int32]
    present: NDArray[np.bool_]
    absent: NDArray[np.int64]
    alike: Places
    apart: Places

    @classmethod
    def of(cls, rows: Rows, absent: NDArray[np.int64], same: Places) -> RowsAhead:
        """`absent` [k] are places in [cells, n]; `same` are conversions that repeat the one before, or are absent."""
        t_ns, counts, present = rows
        number = len(counts)
        # the first of the next cell follows on none, and is in no window
        apart = _each_once(np.concatenate((absent, absent[absent < counts.size - 1] + 1)))
        row, cell = same.row[same.row > 0], same.cell[same.row > 0]
        both = present[row, cell] & present[row - 1, cell]
        return cls(
            t_ns,
            counts,
            present,
            _each_once(absent % max(number, 1)),
            Places(cell[both], row[both]),
            Places.at(apart, number),
        )

    def part(self, begin: int, end: int) -> RowsAhead:
        """Rows from `begin` to `end`."""
        first, last = self.absent.searchsorted((begin, end)).tolist()
        return RowsAhead(
            self.t_ns[begin:end],
            self.counts[begin:end],
            self.present[begin:end],
            self.absent[first:last] - begin,
            self.alike.part(begin, end),
            self.apart.part(begin, end),
        )

    def rows(self, begin: int, end: int) -> Rows:
        """As they came, from `begin` to `end`."""
        return self.t_ns[begin:end], self.counts[begin:end], self.present[begin:end]


def _each_once(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """In order; `numpy.unique` takes longer for few."""
    ordered = np.sort(values)
    differs = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=differs[1:])
    return ordered[differs]
