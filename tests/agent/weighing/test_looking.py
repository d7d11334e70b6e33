"""Cells of many plates looked at together are judged as by each plate alone, to the last bit of what is remembered."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.weighing import CellHealth, look_at_rest
from tests.agent.weighing.test_corners import scale

FOUR = [(20.0, 20.0), (380.0, 20.0), (20.0, 280.0), (380.0, 280.0)]
PLATES, CELLS, BLOCK_NS, PERIOD_NS = 4, 4, 250_000_000, 12_500_000
ODD = ("stuck", "absent", "wild", "saturated", "fast drift", "slow drift", "none")


def block(number: int, rows: int, rng: np.random.Generator, odd: str, plate: int) -> tuple[NDArray[np.int32], ...]:
    """A block of all plates, [rows, plates, cells]; one plate's first cell is odd in it."""
    counts = 300_000 + rng.normal(0, 30, (rows, PLATES, CELLS))
    present = np.ones(counts.shape, np.bool_)
    own = counts[:, plate, 0]
    if odd == "stuck":
        own[rows // 3 :] = own[rows // 3]
    elif odd == "absent":
        present[rows // 2 :, plate, 0] = False
    elif odd == "wild":
        own[::5] += 40_000
    elif odd == "saturated":
        own[-4:] = 0x7FFFFF
    elif odd == "fast drift":
        own += 4_000.0 * number
    elif odd == "slow drift":
        own += 90.0 * number
    return np.round(counts).astype(np.int32), present


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    odd=st.lists(st.sampled_from(ODD), min_size=1, max_size=4),
    plate=st.integers(0, PLATES - 1),
)
def test_what_is_looked_at_together_is_as_if_each_were_alone(seed: int, odd: list[str], plate: int) -> None:
    rng = np.random.default_rng(seed)
    alone = [CellHealth(scale(FOUR)) for _ in range(PLATES)]
    together = copy.deepcopy(alone)
    for number in range(40):
        kind = odd[number // 10] if number // 10 < len(odd) else "none"
        phases = rng.integers(0, PERIOD_NS, PLATES)
        t_ns = [
            np.arange(number * BLOCK_NS + int(phase), (number + 1) * BLOCK_NS, PERIOD_NS, np.int64) for phase in phases
        ]
        counts, present = block(number, max(map(len, t_ns)), rng, kind, plate)
        took = look_at_rest(together, t_ns, counts, present)
        for k, (one, other) in enumerate(zip(alone, together, strict=True)):
            own = t_ns[k], counts[: len(t_ns[k]), k], present[: len(t_ns[k]), k]
            one.look(*own, resting=True)
            if not took[k]:
                other.look(*own, resting=True)
            assert one.cause == other.cause
            assert one.drifting == other.drifting
            assert one.creeping == other.creeping
            assert one.leaps.limit == other.leaps.limit
            assert one.drift.absorbed_g.tolist() == other.drift.absorbed_g.tolist()
            assert [mean.tolist() for mean in one.drift.recent_g] == [mean.tolist() for mean in other.drift.recent_g]
    first = np.arange(41 * BLOCK_NS, 42 * BLOCK_NS, PERIOD_NS, np.int64)
    counts, present = block(41, len(first), rng, "none", plate)
    for k, (one, other) in enumerate(zip(alone, together, strict=True)):  # and they go on alike
        assert one.look(first, counts[:, k], present[:, k], resting=True) == other.look(
            first, counts[:, k], present[:, k], resting=True
        )
        assert one.saturated_s(int(first[-1])) == other.saturated_s(int(first[-1]))
        assert one.suspect == other.suspect


@pytest.mark.parametrize("odd", [kind for kind in ODD if kind != "none"])
def test_sound_plates_are_taken_together_and_an_odd_one_is_not(odd: str) -> None:
    rng = np.random.default_rng(1)
    healths = [CellHealth(scale(FOUR)) for _ in range(PLATES)]
    taken: list[list[bool]] = []
    for number in range(60):
        t_ns = np.arange(number * BLOCK_NS, (number + 1) * BLOCK_NS, PERIOD_NS, np.int64)
        counts, present = block(number, len(t_ns), rng, odd if number >= 5 else "none", 2)
        took = look_at_rest(healths, [t_ns] * PLATES, counts, present)
        taken.append(took)
        for k, health in enumerate(healths):
            if not took[k]:
                health.look(t_ns, counts[:, k], present[:, k], resting=True)
    assert not any(taken[0])  # nothing is known of them yet
    sound = [took[k] for took in taken[1:] for k in (0, 1, 3)]
    assert np.mean(sound) > 0.9  # by chance one repeats itself now and then
    assert not all(took[2] for took in taken[5:])
