"""The rule for wild conversions, against its own words conversion by conversion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.weighing import CellFilterParameters
from agent.weighing.wild import Leaps, WildRule

NOISE = 100.0
P = CellFilterParameters()


def leaps(raw: NDArray[np.float64], row: int, size: NDArray[np.float64], cell: int) -> bool:
    """Whether a cell leaps to `row` by `size` [cells] more than noise, than its own motion, and came alone."""
    leap = np.abs(np.diff(raw, axis=0))
    before = leap[max(0, row - P.motion_samples) : row - 1, cell]
    limit = max(P.wild_sigmas * NOISE, P.wild_over_motion * float(np.median(before)) if len(before) else 0.0)
    others = np.delete(leap[row - 1], cell)
    return bool(size[cell] > limit and (others < P.calm_share * size[cell]).all())


def told(raw: NDArray[np.float64]) -> tuple[list[list[int]], bool]:
    step = np.diff(raw, axis=0)
    size = np.abs(step)
    found = []
    for row in range(1, len(raw) - 1):
        smaller = np.minimum(size[row - 1], size[row])
        for cell in range(raw.shape[1]):
            back = step[row - 1, cell] * step[row, cell] < 0
            agree = abs(raw[row + 1, cell] - raw[row - 1, cell]) < P.agreement * smaller[cell]
            if back and agree and leaps(raw, row, smaller, cell):
                found.append([row, cell])
    last = len(raw) - 1
    return found, last > 0 and any(leaps(raw, last, size[-1], cell) for cell in range(raw.shape[1]))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 30),
    st.sampled_from([1, 2, 4]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.02, 0.2, 0.5]),
    st.sampled_from([1.0, 4.0, 8.0]),
)
def test_as_told_conversion_by_conversion(rows: int, cells: int, seed: int, often: float, moving: float) -> None:
    rng = np.random.default_rng(seed)
    raw = np.round(rng.normal(0.0, moving * NOISE, (rows, cells)))
    raw += (rng.random(raw.shape) < often) * rng.choice([-30_000.0, -2_000.0, 1_200.0, 5_000.0], raw.shape)
    found, pending = WildRule(P).wild(raw, np.full(cells, NOISE))
    assert (found.tolist(), pending) == told(raw)


@pytest.mark.parametrize("cells", [1, 4])
def test_what_is_wild_turns_and_is_lonely(cells: int) -> None:
    """By the rule for all rows at once, as by that for a block."""
    rng = np.random.default_rng(5)
    raw = np.round(rng.normal(0.0, NOISE, (2_000, cells)))
    raw += (rng.random(raw.shape) < 0.02) * rng.choice([-30_000.0, 5_000.0], raw.shape)
    leap = np.abs(np.diff(raw, axis=0, prepend=raw[:1]))
    noise = np.full(cells, NOISE)
    found, _ = WildRule(P).wild(raw, noise)
    columns = np.ascontiguousarray(raw.T)
    turns = WildRule(P).turns(columns, Leaps.beyond(np.ascontiguousarray(leap.T), P.wild_sigmas * noise))
    wild = np.stack((turns.row, turns.cell), axis=1)[turns.wild]
    late = found[found[:, 0] >= P.motion_samples]
    assert len(late)
    assert sorted(wild.tolist()) == late.tolist()
