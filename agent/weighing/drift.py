"""Cells that creep on alone, seen in medians over short steps: fast, so that they do not measure, or slowly at rest."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from agent.weighing.few import RowsAhead
from agent.weighing.health_parameters import HealthParameters
from agent.weighing.held import HeldRows, Rows, all_present
from agent.weighing.medians import median, medians_between, windows


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps that whole blocks at rest complete: `block` [k] after which each is complete, `mean_g` [k, cells]."""

    block: NDArray[np.int64]
    mean_g: NDArray[np.float64]
    absorbed: NDArray[np.float64]
    """[k, cells] what is absorbed when each begins to be followed by rest."""


class CellDrift:
    """Of a plate's cells. `creeping`: one creeps now; `drifting` [cells]: slowly, which somebody should look at."""

    def __init__(self, factor: NDArray[np.float64], max_g: float, parameters: HealthParameters) -> None:
        """`factor` [cells]: counts a gram, without sign."""
        self._p = p = parameters
        self.cells = len(factor)
        self.factor = factor
        self.creep_g = max(p.drift_g, p.drift_share * max_g)
        self._absorbed_limit_g = max(p.absorbed_g, p.absorbed_share * max_g)
        self.held = HeldRows(p.step_s)
        self.creeping = False
        self.drifting = [False] * self.cells
        self._means: deque[NDArray[np.float64]] = deque(maxlen=p.drift_steps + 1)
        self._resting = True  # all of this step so far
        self._rested = False  # all of the step before
        self._pending: NDArray[np.float64] | None = None  # the last step, where it was one at rest
        self._absorbed = np.zeros(self.cells)

    def append(self, rows: Rows, *, resting: bool) -> None:
        """Rows of the present step."""
        self.held.append(rows)
        self._resting &= resting

    def forget(self) -> None:
        """A cell went bad or came back: steps across that say nothing."""
        self._means.clear()
        self.held.clear()
        self._rested = self._resting = False
        self._pending = None

    @property
    def recent_g(self) -> list[NDArray[np.float64]]:
        """Means [cells] of the steps with which the next may show that a cell creeps; none before there are enough."""
        steps = self._p.creeping_steps
        return [self._means[k] for k in range(-steps, 0)] if len(self._means) >= steps and self.cells > 1 else []

    @property
    def followed_g(self) -> NDArray[np.float64] | None:
        """The way of the step before [cells], where it was one at rest and rest has followed."""
        return self._pending if self._resting else None

    @property
    def absorbed_g(self) -> NDArray[np.float64]:
        """What each cell [cells] has drifted at rest."""
        return self._absorbed

    @property
    def unabsorbed_g(self) -> float:
        """A cell that has drifted no farther surely does not drift."""
        return self._absorbed_limit_g / 2

    def faded(self, absorbed_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is left of it a step later."""
        return absorbed_g * (1.0 - self._p.step_s / self._p.absorbed_memory_s)

    def rested(self, mean_g: NDArray[np.float64], absorbed_g: NDArray[np.float64]) -> None:
        """The step is complete: its mean [cells], in which no cell creeps; `absorbed_g` [cells] with the one before."""
        self._absorbed = absorbed_g
        self._follow(mean_g)
        self.held.clear()
        self.creeping = False
        self.begin()

    def _follow(self, mean_g: NDArray[np.float64]) -> None:
        both = self._resting and self._rested and bool(self._means)
        self._pending = mean_g - self._means[-1] if both else None
        self._means.append(mean_g)
        self._rested = self._resting

    def judge(self, cause: list[str]) -> tuple[int | None, bool]:
        """The step is complete: which cell creeps, and whether it has done so for so long that it does not measure.

        `cause` [cells] names those that do not measure already. `begin` is to follow.
        """
        _, counts, present = self.held.together()
        self.held.clear()
        if not present.all():
            counts = counts[present.all(axis=1)]
        if not len(counts):
            self._means.clear()
            self._rested = self.creeping = False
            self._pending = None
            return None, False
        mean = median(counts, 0) / self.factor
        step_g = self.followed_g
        if step_g is not None:
            self._absorb(step_g, cause)
        self._follow(mean)
        cell = self._creeps(self._p.creeping_steps)
        self.creeping = cell is not None
        if cell is None:
            return None, False
        return cell, self._creeps(self._p.drift_steps) == cell

    def begin(self) -> None:
        """The next step begins."""
        self._resting = True

    def look_ahead(
        self, rows: RowsAhead, edges: NDArray[np.int64], first_ns: NDArray[np.int64], last_ns: NDArray[np.int64]
    ) -> tuple[Steps, int]:
        """Steps of blocks at rest that follow, each from edge to edge of `rows`, while every cell measures; and in how
        many blocks from the first on nothing is found."""
        filled = self.held.fills(first_ns, last_ns)
        nothing = Steps(filled[:0], np.empty((0, self.cells)), np.empty((0, self.cells)))
        if not len(filled):
            return nothing, len(last_ns)
        if self.creeping or any(self.drifting):
            return nothing, 0
        ends = edges[filled + 1]
        _, first, there = self.held.held_with(rows.rows(0, int(ends[0])))
        first = first[all_present(there)]
        whole = ends - rows.absent.searchsorted(ends)  # whole rows up to each end
        none = np.concatenate(([len(first) == 0], whole[1:] == whole[:-1]))
        if none.any():
            filled, ends = filled[: int(np.argmax(none))], ends[: int(np.argmax(none))]
        if not len(filled):
            return nothing, 0
        mean = np.empty((self.cells, len(filled))).T  # each cell's in one piece
        mean[0] = median(first, 0)
        mean[1:] = _medians(rows, ends)
        mean /= self.factor
        steps = Steps(filled, mean, self._absorbed_by(mean))
        quiet = self._leading_quiet(steps)
        if quiet < len(filled):
            return steps, int(filled[quiet])
        return steps, int(filled[-1]) + 1 if none.any() else len(last_ns)

    def accept(self, steps: Steps, blocks: int, rows: RowsAhead, edges: NDArray[np.int64]) -> None:
        """Take over what was looked ahead at, up to so many blocks, in which nothing was found."""
        number = int(steps.block.searchsorted(blocks))
        begin = 0
        if number:
            begin = int(steps.block[number - 1]) + 1
            self._resting_on(steps.mean_g[:number], steps.absorbed[number - 1])
            self.held.clear()
            self.begin()
        if begin < blocks:
            self.held.append(rows.rows(int(edges[begin]), int(edges[blocks])))

    def _resting_on(self, mean_g: NDArray[np.float64], absorbed: NDArray[np.float64]) -> None:
        """Steps that all ended at rest, of which none was found to be anything; `absorbed` [cells] with the last."""
        if len(mean_g) == 1:
            self._pending = self._first_way(mean_g)
        else:
            self._pending = mean_g[-1] - mean_g[-2] if len(mean_g) > 2 or self._resting else None
        self._absorbed = absorbed.copy()
        self._rested = self._resting if len(mean_g) == 1 else True
        self._means.extend(mean_g[-self._p.drift_steps - 1 :])
        self.creeping = False

    def _first_way(self, mean_g: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """What the first of some steps leaves pending."""
        both = self._resting and self._rested and bool(self._means)
        return mean_g[0] - self._means[-1] if both else None

    def _absorbed_by(self, mean_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """`_absorbed` [k, cells] as each of these steps at rest completes: with what was pending before it."""
        decay = 1.0 - self._p.step_s / self._p.absorbed_memory_s
        later: NDArray[np.float64] = mean_g[1:-1] - mean_g[:-2] if len(mean_g) > 1 else mean_g[:0]
        begun = self._absorbed
        early = [begun := begun if step is None else (begun + step) * decay for step in self._pending_early(mean_g)]
        rest = later[max(len(early) - 2, 0) :]
        columns = np.array(early).T.tolist()
        for column, ways in zip(columns, rest.T.tolist(), strict=True):
            absorbed = column[-1]
            column += [absorbed := (absorbed + way) * decay for way in ways]
        packed = struct.pack(f"{mean_g.size}d", *chain.from_iterable(columns))  # quicker than numpy is with lists
        return np.frombuffer(packed).reshape(self.cells, -1).T

    def _pending_early(self, mean_g: NDArray[np.float64]) -> list[NDArray[np.float64] | None]:
        """What is pending before each of the first steps, up to three: None where a part of it was no rest."""
        known = [self._pending if self._resting else None, self._first_way(mean_g)]
        if len(mean_g) > 2:
            known.append(mean_g[1] - mean_g[0] if self._resting else None)
        return known[: len(mean_g)]

    def _leading_quiet(self, steps: Steps) -> int:
        """How many of these steps at rest are surely no creeping and no drift."""
        p, mean_g = self._p, steps.mean_g
        odd: NDArray[np.bool_] = np.logical_or.reduce(np.abs(steps.absorbed) > self._absorbed_limit_g / 2, axis=1)
        if self.cells > 1:
            all_means = np.concatenate((np.array(self._means).reshape(-1, self.cells), mean_g))
            known = len(all_means) - len(mean_g)
            ways = all_means[1:] - all_means[:-1]
            if len(ways) >= p.creeping_steps and self._may_creep(ways):
                usual = np.abs(_medians_of(ways, p.creeping_steps)).max(axis=1)
                # the window that ends with mean m begins `creeping_steps` before it
                of_step = np.arange(len(mean_g)) + known - p.creeping_steps
                there = of_step >= 0
                odd[there] |= usual[of_step[there]] >= self.creep_g
        return len(odd) if not odd.any() else int(np.argmax(odd))

    def _may_creep(self, ways: NDArray[np.float64]) -> bool:
        """Whether anywhere so many of `creeping_steps` ways in a row are long that their median may be."""
        steps = self._p.creeping_steps
        far = (np.abs(ways) >= self.creep_g).view(np.int8)
        last = len(far) - steps + 1
        number = far[:last].copy()
        for k in range(1, steps):
            number += far[k : last + k]
        return bool((number >= steps - steps // 2).any())

    def _creeps(self, steps: int) -> int | None:
        """The cell that crept on alone over so many steps; None: no one."""
        p = self._p
        if len(self._means) <= steps or self.cells == 1:
            return None
        means = np.array(self._means)[-steps - 1 :]
        way = means[1:] - means[:-1]
        usual = median(way, 0)
        size = np.abs(usual)
        cell = int(size.argmax())
        if size[cell] < self.creep_g or (np.delete(size, cell) > p.calm_share * size[cell]).any():
            return None
        uneven = float(np.median(np.abs(way[:, cell] - usual[cell])))
        steady = np.count_nonzero(way[:, cell] * usual[cell] > 0) >= p.drift_steadily * steps
        return cell if steady and uneven < p.drift_evenness * size[cell] else None

    def _absorb(self, step_g: NDArray[np.float64], cause: list[str]) -> None:
        """What each cell moved at rest, where no contact was: slow drift of one cell alone."""
        self._absorbed = self.faded(self._absorbed + step_g)
        size = np.abs(self._absorbed)
        if not any(cause) and not any(self.drifting) and float(size.max()) <= self.unabsorbed_g:
            return
        for c in range(self.cells):
            if cause[c]:
                self._absorbed[c] = size[c] = 0.0
            limit = self._absorbed_limit_g * (0.5 if self.drifting[c] else 1.0)
            self.drifting[c] = bool(size[c] > limit and (np.delete(size, c) < size[c] / 2).all())


def _medians(rows: RowsAhead, ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Medians [k - 1, cells] of the whole ones among rows between neighbouring `ends` [k]; some are everywhere."""
    width, columns = ends[1:] - ends[:-1], rows.counts.T
    lacking = rows.absent.searchsorted(ends)
    if lacking[-1]:
        columns = columns.copy()
        columns[:, rows.absent] = _BEYOND  # what is beyond all others comes last
    return medians_between(columns, ends[:-1], width, width - (lacking[1:] - lacking[:-1]))


def _medians_of(ways: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Medians [n - steps + 1, cells] of `steps` rows in a row of `ways` [n, cells]."""
    return median(windows(np.ascontiguousarray(ways.T), steps), 2).T


_BEYOND = np.iinfo(np.int32).max
