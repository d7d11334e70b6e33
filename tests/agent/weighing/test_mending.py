"""Wild conversions mended for many blocks at once: what is said to hold surely, holds block by block."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.weighing import CellFilter
from agent.weighing.mending import Mending

NOISE = 100.0
ROWS = 20  # a block


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    cells=st.sampled_from([1, 2, 4]),
    spikes=st.sampled_from([0.0, 0.002, 0.01, 0.05]),
    size=st.sampled_from([1_000.0, 1_400.0, 4_000.0, 400_000.0]),
    quieter=st.sampled_from([0.4, 0.7, 1.0, 1.6]),
)
def test_what_surely_holds_is_as_block_by_block(
    seed: int, cells: int, spikes: float, size: float, quieter: float
) -> None:
    rng = np.random.default_rng(seed)
    blocks = 40
    counts = rng.normal(50_000.0, NOISE, (ROWS * (blocks + 1), cells))
    counts += (rng.random(counts.shape) < spikes) * size * rng.choice([-1.0, 0.8, 1.0], counts.shape)
    counts = np.round(counts).astype(np.int32)
    there = np.ones(counts.shape, np.bool_)
    own = CellFilter(cells)
    own.noise_counts = np.full(cells, NOISE)
    own.feed(np.arange(ROWS, dtype=np.int64), counts[:ROWS], there[:ROWS])
    made = own.mended_ahead(*own.whole_ahead(counts[ROWS:], there[ROWS:]), np.arange(blocks + 1) * ROWS)
    noise = NOISE * quieter * rng.uniform(0.9, 1.1, (blocks, 1)) * np.ones(cells)
    sure = made.surely(0, own.limit_counts(noise), own.context)
    assert sure.any() or spikes > 0.0 or quieter < 0.5
    for block in range(1, blocks):  # before the first there is the filter's own memory
        if sure[block]:
            assert goes_on(own, made, block, noise[block])


def goes_on(own: CellFilter, made: Mending, block: int, noise: NDArray[np.float64]) -> bool:
    """Whether the filter would make of a block what was foreseen, after those before."""
    a, b, seen = int(made.first[block]), int(made.end[block]), int(made.seen[block])
    return own.goes_on_with(own.before(made.whole, a), made.raw[:, a:seen].T, made.whole[:, a:b].T, noise)


def test_a_lonely_spike_is_mended_and_told_surely() -> None:
    counts = np.round(np.random.default_rng(1).normal(50_000.0, NOISE, (ROWS * 9, 4))).astype(np.int32)
    counts[ROWS * 5 + 7, 2] += 30_000
    there = np.ones(counts.shape, np.bool_)
    own = CellFilter(4)
    own.noise_counts = np.full(4, NOISE)
    own.feed(np.arange(ROWS, dtype=np.int64), counts[:ROWS], there[:ROWS])
    made = own.mended_ahead(*own.whole_ahead(counts[ROWS:], there[ROWS:]), np.arange(9) * ROWS)
    at = ROWS * 4 + 7
    assert made.whole[2, at] == (made.raw[2, at - 1] + made.raw[2, at + 1]) / 2
    assert (made.whole != made.raw).sum() == 1
    assert made.surely(0, np.full((8, 4), 9.0 * NOISE), own.context).all()
    assert not made.surely(0, np.full((8, 4), 400.0 * NOISE), own.context)[4]  # there it would be no wild one


def test_a_spike_at_the_end_of_a_block_waits_for_the_next() -> None:
    counts = np.round(np.random.default_rng(1).normal(50_000.0, NOISE, (ROWS * 9, 4))).astype(np.int32)
    counts[ROWS * 5 - 1, 2] += 30_000
    there = np.ones(counts.shape, np.bool_)
    own = CellFilter(4)
    own.noise_counts = np.full(4, NOISE)
    own.feed(np.arange(ROWS, dtype=np.int64), counts[:ROWS], there[:ROWS])
    made = own.mended_ahead(*own.whole_ahead(counts[ROWS:], there[ROWS:]), np.arange(9) * ROWS)
    at = ROWS * 4 - 1
    assert (made.end[3], made.seen[3], made.first[4]) == (at, at + 1, at)
    assert made.whole[2, at] == (made.raw[2, at - 1] + made.raw[2, at + 1]) / 2
    assert (made.whole != made.raw).sum() == 1
    noise = np.full((8, 4), NOISE)
    assert np.flatnonzero(~made.surely(0, own.limit_counts(noise), own.context)).tolist() == [3]  # it is to be asked
    assert all(goes_on(own, made, block, noise[block]) for block in range(1, 8))
    assert not goes_on(own, made, 3, noise[3] * 100)  # there it would not be held back


def test_a_single_conversion_that_leaps_may_be_held_back() -> None:
    own = CellFilter(2)
    own.noise_counts = np.full(2, NOISE)
    there = np.ones((ROWS, 2), np.bool_)
    own.feed(np.arange(ROWS, dtype=np.int64), np.full((ROWS, 2), 50_000, np.int32), there)
    for leap, sure in ((200, True), (30_000, False)):
        made = own.mended_ahead(
            *own.whole_ahead(np.array([[50_000, 50_000 + leap]], np.int32), there[:1]), np.arange(2)
        )
        assert made.surely(0, np.full((1, 2), 9.0 * NOISE), own.context).tolist() == [sure]
