"""A block of rest of many plates: which of them go on with nothing to be found in any cell, looked at once for all.

What is taken is as if each plate's `CellHealth.look` had looked at it alone, bit for bit; what may be odd is for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.weighing.cells import SATURATED_HIGH, SATURATED_LOW
from agent.weighing.drift import CellDrift
from agent.weighing.health import CellHealth
from agent.weighing.held import HeldRows
from agent.weighing.leaps import CellLeaps
from agent.weighing.medians import median


def look_at_rest(
    healths: Sequence[CellHealth],
    t_ns: Sequence[NDArray[np.int64]],
    counts: NDArray[np.int32],
    present: NDArray[np.bool_],
) -> list[bool]:
    """Let plates of as many cells take a block: `t_ns` [n] of each, two rows at least, `counts` and `present`
    [rows, plates, cells] with anything behind a plate's last. Which of them took it; the others are as before."""
    number = np.array([len(own) for own in t_ns])
    plates = np.arange(len(t_ns))
    last, before = counts[number - 1, plates], counts[number - 2, plates]
    moved = np.logical_and.reduce((last != before) & (last < SATURATED_HIGH) & (last > SATURATED_LOW), axis=1)
    behind = np.arange(len(counts))[:, np.newaxis] >= number
    there = np.logical_and.reduce(np.logical_and.reduce(present, axis=2) | behind, axis=0)
    fine = (moved & there).tolist()
    asked = [k for k, health in enumerate(healths) if fine[k] and health.goes_on]
    drifts, leaps = {}, {}
    for k in asked:
        health, n, now_ns = healths[k], int(number[k]), int(t_ns[k][-1])
        health.append((t_ns[k], counts[:n, k], present[:n, k]), resting=True)
        if health.drift.held.full(now_ns):
            drifts[k] = health.drift
        if health.leaps.held.full(now_ns):
            leaps[k] = health.leaps
    steps, windows = _Steps(drifts), _Windows(leaps)
    took = [False] * len(healths)
    for k in asked:
        if k in steps.odd or k in windows.odd:
            healths[k].take_back()
            continue
        steps.accept(k)
        windows.accept(k)
        healths[k].went_on(last[k])
        took[k] = True
    return took


class _Steps:
    """Complete steps of several plates, of which all cells measure. `odd`: plates in which something may creep."""

    def __init__(self, drifts: Mapping[int, CellDrift]) -> None:
        self.odd: set[int] = set()
        self._drifts = drifts
        self._step: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        for plates in _as_long({k: drift.held for k, drift in drifts.items()}):
            own = [drifts[k] for k in plates]
            counts, there = _side_by_side([drift.held for drift in own])
            mean = median(counts, 1) / np.array([drift.factor for drift in own])
            absorbed = _absorbed(own)
            far = np.maximum.reduce(np.abs(absorbed), axis=1) > np.array([drift.unabsorbed_g for drift in own])
            odd = ~there | far | _creeps(own, mean)
            for row, plate in enumerate(plates):
                self._step[plate] = mean[row], absorbed[row]
            self.odd.update(np.array(plates)[odd].tolist())

    def accept(self, plate: int) -> None:
        """The step was one of rest. Nothing where none is complete."""
        if plate in self._step:
            self._drifts[plate].rested(*self._step[plate])


def _absorbed(drifts: Sequence[CellDrift]) -> NDArray[np.float64]:
    """What each plate's cells have drifted [plates, cells], as the step completes."""
    known = np.array([drift.absorbed_g for drift in drifts])
    pending = [drift.followed_g for drift in drifts]
    later = [k for k, step_g in enumerate(pending) if step_g is not None]
    if later:
        known[later] = drifts[0].faded(known[later] + np.array([pending[k] for k in later]))
    return known


def _creeps(drifts: Sequence[CellDrift], mean_g: NDArray[np.float64]) -> NDArray[np.bool_]:
    """In which plates a cell's usual way over the last steps, `mean_g` [plates, cells] among them, is a long one."""
    out = np.zeros(len(drifts), np.bool_)
    recent = [drift.recent_g for drift in drifts]
    known = [k for k, means in enumerate(recent) if means]
    if known:
        before = np.concatenate([means for k in known for means in recent[k]])
        before = before.reshape(len(known), -1, mean_g.shape[1])
        means = np.concatenate((before, mean_g[known, np.newaxis]), axis=1)
        usual = np.abs(median(means[:, 1:] - means[:, :-1], 1))
        least = np.array([drifts[k].creep_g for k in known])
        out[known] = np.maximum.reduce(usual, axis=1) >= least
    return out


class _Windows:
    """Complete windows of several plates, of which all cells measure. `odd`: plates in which a cell may leap."""

    def __init__(self, leaps: Mapping[int, CellLeaps]) -> None:
        self.odd: set[int] = set()
        self._leaps = leaps
        self._repeats: dict[int, list[int]] = {}
        for plates in _as_long({k: own.held for k, own in leaps.items()}):
            counts, there = _side_by_side([leaps[k].held for k in plates])
            step = np.abs(counts[:, 1:] - counts[:, :-1])
            far = np.array([leaps[k].far_counts for k in plates])
            odd = ~there | (np.maximum.reduce(step, axis=1) >= far).any(axis=1)
            self._repeats.update(zip(plates, np.add.reduce(step == 0, axis=1).tolist(), strict=True))
            self.odd.update(np.array(plates)[odd].tolist())

    def accept(self, plate: int) -> None:
        """No cell leapt. Nothing where no window is complete."""
        if plate in self._repeats:
            self._leaps[plate].calm(self._repeats[plate])


def _as_long(held: Mapping[int, HeldRows]) -> list[list[int]]:
    """Plates with as many rows held."""
    groups: dict[int, list[int]] = {}
    for plate, rows in held.items():
        groups.setdefault(len(rows), []).append(plate)
    return list(groups.values())


def _side_by_side(held: Sequence[HeldRows]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Counts [plates, n, cells] of as many rows each, and [plates] whether all are present."""
    blocks = [block for rows in held for block in rows.blocks]
    cells = blocks[0][1].shape[1]
    counts = np.concatenate([block[1] for block in blocks]).reshape(len(held), -1, cells)
    present = np.concatenate([block[2] for block in blocks]).reshape(len(held), -1)
    return counts, np.logical_and.reduce(present, axis=1)
