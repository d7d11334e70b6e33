"""Wild conversions among those to come, mended for many blocks at once, and at which noise that holds.

What is wild depends on the noise, which is known only block by block. Where one conversion of a block leaps there and
back, far from any other, that is told for all such blocks together; the rest is looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.weighing.wild import Leaps, Turns

LEAST_NOISE = 0.5  # of what was known beforehand: at less, other leaps may be far


@dataclass(frozen=True, eq=False)
class Mending:
    """Blocks of conversions to come: `raw` [cells, n], `whole` [cells, n] with what is wild by the noise of before
    replaced; block k begins with row `first` [blocks] and ends before `end` [blocks]. It sees rows up to `seen`
    [blocks]: one more where the last is held back until the next block shows whether it was wild.

    `leaps` are all of the raw ones by more than `least_counts` [cells], `turns` those that leap there and back, `block`
    [turns] says where, `mended` [turns] which were replaced. `closely` [blocks]: only a look at the block itself tells
    what is wild.
    """

    raw: NDArray[np.float64]
    whole: NDArray[np.float64]
    leaps: Leaps
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    seen: NDArray[np.int64]
    turns: Turns
    block: NDArray[np.int64]
    mended: NDArray[np.bool_]
    closely: NDArray[np.bool_]
    least_counts: NDArray[np.float64]
    last_leap: NDArray[np.float64]
    """[blocks, cells] from the last conversion but one that each block sees to the last."""

    def surely(self, begin: int, limit_counts: NDArray[np.float64], context: int) -> NDArray[np.bool_]:
        """In which blocks from `begin` on just this is wild where leaps beyond `limit_counts` [blocks, cells] are far.

        `context` is how many rows before a block are looked at with it.
        """
        number = len(limit_counts)
        odd = self.closely[begin : begin + number] | (limit_counts < self.least_counts).any(axis=1)
        odd |= (self.last_leap[begin : begin + number] > limit_counts).any(axis=1)  # may be held back
        odd |= (self.seen > self.end)[begin : begin + number]
        turns, of_block = self.turns, self.block - begin
        for later in range(_CONTEXT_BLOCKS + 1):
            at = of_block + later
            there = np.flatnonzero((at >= 0) & (at < number))
            at = at[there]
            if later:
                near = self.first[at + begin] - turns.row[there] <= context
                there, at = there[near], at[near]
            far = turns.size[there] > limit_counts[at, turns.cell[there]]
            odd[at[far & ~self.mended[there]]] = True
            if not later:
                odd[at[~far & self.mended[there]]] = True
        return ~odd

    def follow_closely(self, blocks: NDArray[np.int64]) -> None:
        """Where these blocks may lie in the rows before another, that is to be looked at itself."""
        for later in range(1, _CONTEXT_BLOCKS + 1):
            self.closely[np.minimum(blocks + later, len(self.closely) - 1)] = True


_CONTEXT_BLOCKS = 2  # that may lie in the rows before a block: rest has at least eight rows a block


def mending(
    raw: NDArray[np.float64],
    leaps: Leaps,
    last_leap: NDArray[np.float64],
    turns: Turns,
    edges: NDArray[np.int64],
    held_back: NDArray[np.bool_],
    limit_counts: NDArray[np.float64],
    context: int,
) -> Mending:
    """Of `raw` rows [cells, n] in blocks between `edges` [blocks + 1], the last of each a `last_leap` [blocks, cells]
    from the one before, of which some hold back that row, `held_back` [blocks]: what is wild where leaps beyond
    `limit_counts` [cells] are far. `leaps` and `turns` are those beyond `LEAST_NOISE` times as much."""
    seen = edges[1:]
    end = seen - held_back
    first = np.concatenate((edges[:1], end[:-1]))
    block = first.searchsorted(turns.row, side="right") - 1
    far = turns.size > limit_counts[turns.cell]
    single = _single(turns.row, block, first, end, context)
    mended = far & turns.wild & single
    closely = np.zeros(len(first), np.bool_)
    closely[block[far & ~single]] = True
    row, cell = turns.row[mended], turns.cell[mended]
    whole = raw
    least_counts = LEAST_NOISE * limit_counts
    rough = block[:0]
    if len(row):
        whole = raw.copy()
        before, after = raw[cell, row - 1], raw[cell, row + 1]
        whole[cell, row] = (before + after) / 2
        rough = block[mended][np.abs(after - before) / 2 > least_counts[cell]]  # what was mended may still leap
    made = Mending(raw, whole, leaps, first, end, seen, turns, block, mended, closely, least_counts, last_leap)
    made.follow_closely(rough)
    return made


def _single(
    row: NDArray[np.int64],
    block: NDArray[np.int64],
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    context: int,
) -> NDArray[np.bool_]:
    """Which turns [k] are in the only row of their block, and of the rows before it, that has any; and have their
    neighbours in them."""
    rows = np.unique(row)
    reach = rows.searchsorted(first[block] - context), rows.searchsorted(end[block])
    inside = (row + 1 < end[block]) & (row >= context)
    result: NDArray[np.bool_] = (reach[1] - reach[0] == 1) & inside
    return result
