"""Health looked at over many blocks of rest at once is as looked at block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.weighing import CellHealth
from agent.weighing.few import Places, RowsAhead
from agent.weighing.held import HeldRows
from tests.agent.weighing.test_corners import scale

FOUR = [(20.0, 20.0), (380.0, 20.0), (20.0, 280.0), (380.0, 280.0)]
S = 1_000_000_000
BLOCK_NS = S // 4


def state(part: Any) -> Any:
    """What an object holds, in comparable form: rows that are held in one piece, however they came."""
    if isinstance(part, HeldRows):
        return [column.tolist() for column in part.together()] if vars(part)["_blocks"] else []
    if isinstance(part, np.ndarray):
        return part.tolist()
    if isinstance(part, dict):
        return {key: state(value) for key, value in part.items()}
    if isinstance(part, (str, int, float, bool, type(None))):
        return part
    if hasattr(part, "__iter__"):
        return [state(value) for value in part]
    return state(vars(part))


def lively_blocks(leap: NDArray[np.float64], edges: list[int]) -> int:
    """How many blocks there are before the first in which a cell stays the same for three rows in a row."""
    same = leap == 0
    same[0] = True
    run = np.flatnonzero((same[2:] & same[1:-1] & same[:-2]).any(axis=1)) + 2
    return int(np.searchsorted(edges, run[0], side="right")) - 1 if len(run) else len(edges) - 1


def places(flags: NDArray[np.bool_]) -> Places:
    """Of flags [n, cells]."""
    return Places.at(np.flatnonzero(flags.T), len(flags))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    cells=st.sampled_from([1, 2, 4]),
    absent=st.sampled_from([0.0, 0.05]),
    quantum=st.sampled_from([1, 60]),
    spikes=st.sampled_from([0.0, 0.01]),
    creep_g=st.sampled_from([0.0, 0.3]),
    span=st.sampled_from([1, 4, 60, 500]),
)
def test_many_blocks_are_as_one_by_one(
    seed: int, cells: int, absent: float, quantum: int, spikes: float, creep_g: float, span: int
) -> None:
    rng = np.random.default_rng(seed)
    plate = scale(FOUR[:cells])
    at_once, singly = CellHealth(plate), CellHealth(plate)
    t_ns = np.cumsum(rng.integers(11_000_000, 14_000_000, 4_000))
    counts = 300_000.0 + rng.normal(0, 60, (len(t_ns), cells))
    counts[:, 0] += creep_g * np.abs(plate.counts_per_gram[0]) * np.maximum(t_ns / S - 25, 0)
    counts += (rng.random(counts.shape) < spikes) * 50_000
    whole = (np.round(counts / quantum) * quantum).astype(np.int32)
    present = rng.random(whole.shape) >= absent
    present[1:] |= ~present[:-1]  # never two in a row: that is for `look`
    held = whole.copy()
    for row in range(1, len(held)):
        held[row] = np.where(present[row], held[row], held[row - 1])
    edges = [0, *np.flatnonzero(np.diff(t_ns // BLOCK_NS)).tolist()]
    edges = [0, *(edge + 1 for edge in edges[1:])]

    block = 0
    while block < len(edges) - 1:
        end = min(block + span, len(edges) - 1)
        part = slice(edges[block], edges[end])
        rows = t_ns[part], whole[part], present[part]
        own = held[part].astype(np.float64)
        before = held[part.start - 1 : part.start] if part.start else own[:1]
        leap = np.abs(np.diff(np.concatenate((before, own)), axis=0))
        inner = [edge - edges[block] for edge in edges[block : end + 1]]
        lively = lively_blocks(leap, inner)
        ahead = RowsAhead.of(rows, np.flatnonzero(~rows[2].T), places(leap == 0))
        far = places(leap >= at_once.leaps.far_counts)
        taken = 0
        if lively:
            end = inner[lively]
            taken = at_once.rest_ahead(ahead.part(0, end), np.array(inner[: lively + 1]), own[:end].T, far.part(0, end))
        if not taken:
            taken = 1
            at_once.look(
                t_ns[: edges[block + 1]][edges[block] :], rows[1][: inner[1]], rows[2][: inner[1]], resting=True
            )
        for k in range(block, block + taken):
            one = slice(edges[k], edges[k + 1])
            singly.look(t_ns[one], whole[one], present[one], resting=True)
        block += taken
        assert (at_once.cause, at_once.drifting, at_once.creeping) == (singly.cause, singly.drifting, singly.creeping)
    assert state(at_once) == state(singly)


@settings(max_examples=100, deadline=None)
@given(
    spans=st.lists(st.integers(1, 300), min_size=1, max_size=60), held=st.booleans(), least=st.sampled_from([0.25, 1.0])
)
def test_what_fills_is_told_as_block_by_block(spans: list[int], held: bool, least: float) -> None:
    """Spans of blocks in ms, the next beginning a millisecond later."""
    first_ns = np.cumsum([0, *(span + 1 for span in spans)])[:-1] * 1_000_000
    last_ns = first_ns + np.array(spans) * 1_000_000
    before = np.full(1, -100_000_000, np.int64), np.zeros((1, 1), np.int32), np.ones((1, 1), np.bool_)
    rows = HeldRows(least)
    one = HeldRows(least)
    if held:
        rows.append(before)
        one.append(before)
    full = []
    for k, (first, last) in enumerate(zip(first_ns.tolist(), last_ns.tolist(), strict=True)):
        one.append((np.array([first, last]), np.zeros((2, 1), np.int32), np.ones((2, 1), np.bool_)))
        if one.full(last):
            full.append(k)
            one.clear()
    assert rows.fills(first_ns, last_ns).tolist() == full
