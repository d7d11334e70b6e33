"""Conversions made whole: absent ones held, wild ones replaced, true changes untouched."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.weighing import CellFilter
from agent.weighing.cells import CellBlock

RATE_HZ = 80
NOISE = 120.0
HIGH, LOW = 0x7FFFFF, -0x800000


def times(n: int) -> NDArray[np.int64]:
    return (np.arange(n) * (1_000_000_000 // RATE_HZ)).astype(np.int64)


def rest(n: int, cells: int = 4, seed: int = 3, noise: float = NOISE) -> NDArray[np.int32]:
    return np.random.default_rng(seed).normal(100_000, noise, (n, cells)).round().astype(np.int32)


def fed(
    counts: NDArray[np.int32], present: NDArray[np.bool_] | None = None, cuts: list[int] | None = None
) -> CellBlock:
    """All that a filter gives, fed in pieces; two rows of rest follow, so that nothing is held back."""
    present = np.ones(counts.shape, np.bool_) if present is None else present
    cells = CellFilter(counts.shape[1])
    cells.noise_counts = np.full(counts.shape[1], NOISE)
    t_ns = times(len(counts))
    edges = [0, *sorted(cuts or []), len(counts)]
    parts = [cells.feed(t_ns[a:b], counts[a:b], present[a:b]) for a, b in pairwise(edges)]
    return CellBlock(
        np.concatenate([part.t_ns for part in parts]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.saturated for part in parts]),
        np.concatenate([part.repaired for part in parts]),
    )


@pytest.mark.parametrize("cells", [1, 4])
@pytest.mark.parametrize("leap", [5_000, -5_000, 4_000_000])
def test_a_wild_conversion_is_replaced_by_what_stands_around_it(cells: int, leap: int) -> None:
    counts = rest(200, cells)
    counts[100, 0] += leap
    block = fed(counts)
    assert len(block) == 200
    assert np.flatnonzero(block.repaired).tolist() == [100]
    assert abs(block.counts[100, 0] - 100_000) < 5 * NOISE
    assert np.array_equal(np.delete(block.counts, 100, axis=0), np.delete(counts, 100, axis=0).astype(float))


def test_a_wild_conversion_at_full_scale_is_no_saturation() -> None:
    counts = rest(50)
    counts[25, 2] = HIGH
    block = fed(counts)
    assert block.repaired[25]
    assert not block.saturated.any()


def test_many_wild_conversions_are_all_replaced() -> None:
    counts = rest(2_000)
    where = np.arange(20, 1_980, 35)
    counts[where, where % 4] += 30_000
    block = fed(counts)
    assert np.array_equal(np.flatnonzero(block.repaired), where)
    assert np.abs(block.counts - 100_000).max() < 6 * NOISE


def test_a_step_is_left_as_it_is() -> None:
    """The chip's filter spreads a step over four conversions."""
    ramp = np.clip((np.arange(200) - 99) / 4, 0, 1)
    counts = (rest(200) + (ramp * 40_000)[:, None]).astype(np.int32)
    block = fed(counts)
    assert not block.repaired.any()
    assert np.array_equal(block.counts, counts.astype(float))


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_even_a_step_within_one_conversion_is_left_as_it_is(share: float) -> None:
    counts = rest(60)
    counts[30:] += np.array([40_000, 30_000, 20_000, 10_000], np.int32)
    counts[30] = (counts[29] + share * (counts[31].astype(float) - counts[29])).astype(np.int32)
    assert not fed(counts).repaired.any()


@pytest.mark.parametrize("frequency_hz", [8.0, 16.0, 27.0])
@pytest.mark.parametrize("cells", [1, 4])
def test_a_ring_is_left_as_it_is(frequency_hz: float, cells: int) -> None:
    t_s = np.arange(160) / RATE_HZ
    ring = 8_000 * np.exp(-0.03 * 2 * np.pi * frequency_hz * t_s) * np.sin(2 * np.pi * frequency_hz * t_s)
    counts = np.vstack((rest(40, cells), (rest(160, cells, 5) + ring[:, None]).astype(np.int32)))
    assert fed(counts).repaired.mean() < 0.02


def test_a_knock_on_all_cells_is_no_wild_conversion() -> None:
    counts = rest(60)
    counts[30] += 9_000
    assert not fed(counts).repaired.any()


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 299), max_size=40, unique=True), seed=st.integers(0, 1_000))
@example(cuts=[267], seed=183)  # two cells leap at once, and one of them is absent next
def test_no_cut_between_blocks_shows(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rest(300, seed=seed)
    counts[rng.integers(5, 295, 4), rng.integers(0, 4, 4)] += 20_000
    counts[150:] += 15_000
    present = rng.random((300, 4)) > 0.02
    for row, cell in zip(rng.integers(0, 280, 3), rng.integers(0, 4, 3), strict=True):
        present[row : row + rng.integers(1, 20), cell] = False
    counts[~present] = 0
    whole, pieces = fed(counts, present), fed(counts, present, cuts)
    assert np.array_equal(whole.t_ns, pieces.t_ns)
    assert np.array_equal(whole.counts[:-1], pieces.counts[:-1])
    assert np.array_equal(whole.repaired, pieces.repaired)
    assert np.array_equal(whole.saturated, pieces.saturated)


def test_an_absent_conversion_takes_the_value_before() -> None:
    counts = rest(40)
    present = np.ones((40, 4), np.bool_)
    present[10:12, 1] = False
    counts[10:12, 1] = 0  # as the contract has it
    block = fed(counts, present)
    assert (block.counts[10:12, 1] == counts[9, 1]).all()
    assert np.array_equal(block.counts[:, 0], counts[:, 0].astype(float))
    assert not block.saturated.any()


@pytest.mark.parametrize("cuts", [[], [12], [13, 15]])
def test_what_a_cell_delivered_long_ago_is_no_measurement(cuts: list[int]) -> None:
    present = np.ones((40, 4), np.bool_)
    present[10:20, 1] = False
    block = fed(rest(40), present, cuts)
    assert block.t_ns.tolist() == [*times(40)[:12].tolist(), *times(40)[20:].tolist()]


def test_what_a_cell_delivered_while_it_did_not_measure_is_not_held() -> None:
    counts, present = rest(40), np.ones((40, 4), np.bool_)
    present[20:22, 1] = False
    cells = CellFilter(4)
    cells.feed(times(40)[:20], counts[:20], present[:20])
    cells.forget([1])
    block = cells.feed(times(40)[20:], counts[20:], present[20:])
    assert block.t_ns[0] == times(40)[22]


def test_rows_before_every_cell_delivered_are_left_out() -> None:
    present = np.ones((40, 4), np.bool_)
    present[:7, 3] = False
    block = fed(rest(40), present)
    assert len(block) == 33
    assert block.t_ns[0] == times(40)[7]


def test_an_absence_at_the_beginning_of_a_block_takes_the_last_of_the_block_before() -> None:
    counts = rest(40)
    present = np.ones((40, 4), np.bool_)
    present[20, 0] = False
    assert fed(counts, present, [20]).counts[20, 0] == counts[19, 0]


@pytest.mark.parametrize("end", [HIGH, LOW])
def test_saturation_is_marked_where_it_lasts(end: int) -> None:
    counts = rest(40)
    counts[10:20, 2] = end
    block = fed(counts)
    assert np.flatnonzero(block.saturated).tolist() == list(range(10, 20))


def test_only_a_last_conversion_that_may_be_wild_waits_for_the_next() -> None:
    counts = rest(13)
    counts[10, 0] += 20_000
    present = np.ones((13, 4), np.bool_)
    cells = CellFilter(4)
    cells.noise_counts = np.full(4, NOISE)
    given = [len(cells.feed(times(13)[a:b], counts[a:b], present[a:b])) for a, b in ((0, 10), (10, 11), (11, 13))]
    assert given == [10, 0, 3]


def test_the_counts_of_late_are_those_of_rest() -> None:
    cells = CellFilter(2)
    counts = rest(400, 2)
    cells.feed(times(400), counts, np.ones((400, 2), np.bool_))
    assert np.abs(cells.recent_counts() - 100_000).max() < 3 * NOISE
