"""What a plate would weigh over the blocks to come: worked out once for all, used as long as the plate rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.detection import Outlook, PlateDetector
from agent.pipeline.board import Rows
from agent.weighing import CellFilter, PlateScale
from agent.weighing.cells import SATURATED_HIGH, SATURATED_LOW
from agent.weighing.few import Places, RowsAhead
from agent.weighing.mending import Mending

Number = TypeVar("Number", bound=np.generic)

FEW = 3  # rows that stay the same: so many are no suspicion yet
WITHIN = 0.999  # of the load that a plate bears: below, nothing can be too heavy


@dataclass(frozen=True, eq=False)
class Foresight:
    """Blocks of a plate from `begin_ns` on, which `came` between `edges` [blocks + 1]: the `mending` of what is wild
    among them when what is absent is held, what that weighs, which conversions then leap `far` from the one before,
    which blocks are `lively` [blocks]: no cell stays the same, or absent, for `FEW` rows in a row, or ends at the end
    of its range, and the numbers of those that are `departing` [k] from rest by the noise of when it was made, or lack
    what a cell carried.

    A block of the `mending` and the `outlook` begins a row early where the one before held back its last."""

    rows: Rows
    first: int  # number of the board's row that is the first
    begin_ns: int
    block_ns: int
    zero_counts: NDArray[np.float64]
    edges: NDArray[np.int64]
    came: RowsAhead
    mending: Mending
    far: Places
    lively: NDArray[np.bool_]
    departing: NDArray[np.int64]
    outlook: Outlook

    def holds(self, rows: Rows, scale: PlateScale, position: int, begin_ns: int) -> bool:
        """Whether it says anything of the blocks from `begin_ns` on, whose first row has the number `position`."""
        block = (begin_ns - self.begin_ns) // self.block_ns
        if rows is not self.rows or scale.zero_counts is not self.zero_counts or not 0 <= block < len(self.outlook):
            return False
        return self.first + int(self.outlook.first[block]) == position

    def calm_until(self, begin: int) -> int:
        """Up to which block it is worth to look from block `begin` on: the first that departs."""
        departing, k = self.departing, int(self.departing.searchsorted(begin))
        return int(departing[k]) if k < len(departing) else len(self.outlook)


def foresee(
    rows: Rows,
    edges: NDArray[np.int64],
    begin_ns: int,
    block_ns: int,
    columns: slice | NDArray[np.int64],
    cells: CellFilter,
    scale: PlateScale,
    detector: PlateDetector,
    far_counts: NDArray[np.float64],
) -> Foresight | None:
    """Of blocks that begin and end at `edges` [blocks + 1] of a board's rows, those before the first that is empty;
    None where that is the first of all. Leaps of `far_counts` [cells] or more are far."""
    edges = edges[: _leading(edges[1:] > edges[:-1]) + 1]
    if len(edges) < 2:
        return None
    a, b = int(edges[0]), int(edges[-1])
    counts, present = _by_columns(rows.counts[a:b, columns]), _by_columns(rows.present[a:b, columns])
    edges = edges - a
    first = edges[:-1]
    absent = np.flatnonzero(~present.T)
    stale = _having(cells.stale(present, absent), first) if len(absent) else np.zeros(len(first), np.bool_)
    raw, leap = cells.whole_ahead(counts, present, absent)
    mending = cells.mended_ahead(raw, leap, edges, stale)
    lively = ~stale
    if counts.max() >= SATURATED_HIGH or counts.min() <= SATURATED_LOW:
        lively &= ~_at_end(raw[:, edges[1:] - 1])
        stale |= _having(_at_end(mending.whole), mending.first)
    outlook = Outlook(
        rows.t_ns[a:b],
        scale.modes_of_columns(mending.whole),
        mending.first,
        mending.end - mending.first,
        detector.parameters,
    )
    repeats = leap == 0.0
    repeats[:, 0] = True  # what was before is not known for sure
    same = np.flatnonzero(repeats)
    lively[first.searchsorted(_stays(same, raw.shape[1]), side="right") - 1] = False
    return Foresight(
        rows,
        rows.first + a,
        begin_ns,
        block_ns,
        scale.zero_counts,
        edges,
        RowsAhead.of((rows.t_ns[a:b], counts, present), absent, Places.at(same, raw.shape[1])),
        mending,
        _far(leap, mending, far_counts),
        lively,
        np.flatnonzero(detector.departs(outlook.inner) | stale),
        outlook,
    )


def _stays(same: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Of places [k] in [cells, rows] where a cell is the same once more: rows in which it is so for the `FEW`th time in
    a row."""
    run = same[FEW - 1 :]
    last: NDArray[np.int64] = run[run - same[: len(run)] == FEW - 1] % rows
    return last[last >= FEW - 1]


def _far(leap: NDArray[np.float64], mending: Mending, far_counts: NDArray[np.float64]) -> Places:
    """Where rows [cells, n], that leap so far from the one before, leap by `far_counts` [cells] or more."""
    if (far_counts <= mending.least_counts).any():
        return Places.at(np.flatnonzero(leap >= far_counts[:, np.newaxis]), leap.shape[1])
    leaps = mending.leaps
    far = leaps.size >= far_counts[leaps.at.cell]
    return Places(leaps.at.cell[far], leaps.at.row[far])


def _having(rows: NDArray[np.bool_], first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which blocks [blocks], that begin with their `first` rows, have any of some rows [n]."""
    out = np.zeros(len(first), np.bool_)
    out[first.searchsorted(np.flatnonzero(rows), side="right") - 1] = True
    return out


def _at_end(whole: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows of [cells, n] have a cell at the end of its range."""
    result: NDArray[np.bool_] = np.logical_or.reduce((whole >= SATURATED_HIGH) | (whole <= SATURATED_LOW), axis=0)
    return result


def _by_columns(rows: NDArray[Number]) -> NDArray[Number]:
    """The same [n, cells], each column in one piece, as most are: a row is too short for numpy to be quick along it."""
    if rows.strides[0] == rows.itemsize:
        return rows
    out = np.empty((rows.shape[1], len(rows)), rows.dtype)
    for column, own in zip(out, rows.T, strict=True):
        column[:] = own
    return out.T


def _leading(flags: NDArray[np.bool_]) -> int:
    """How many are true before the first that is not."""
    return len(flags) if flags.all() else int(np.argmin(flags))
