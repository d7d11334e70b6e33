"""Which of a plate's cells measure: silent, stuck, saturated, wild and drifting ones, told from their conversions.

A conversion is never quite the last one: the chip's own noise is tens of counts. What stays the same is stuck. What
leaps there and back while the plate's other cells are calm is wild. What creeps on alone drifts.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.weighing.cells import SATURATED_HIGH, SATURATED_LOW
from agent.weighing.scale import PlateScale

SILENT, STUCK, SATURATED, WILD, DRIFTING = "cell-silent", "cell-stuck", "cell-saturated", "cell-wild", "cell-drifting"
_NS = 1e-9


@dataclass(frozen=True)
class HealthParameters:
    """When a cell does not measure, and when it does again."""

    suspect_rows: int = 3  # so many absent or repeated in a row: nothing is decided on them
    silent_rows: int = 4  # absent; chips whose rates differ leave out one now and then, never several
    silent_s: float = 0.5  # and for so long: chips that a busy machine reads stand still for less, and go on
    stuck_chance: float = 1e-12  # that a sound cell repeats itself so often
    least_repeats: float = 0.02  # of conversions, by chance: 50 nV are some 25 counts
    repeats_slack: float = 1.2  # what was seen may be less than what is usual
    most_repeats: float = 0.9  # a source without noise: repeats say nothing
    unlearnt_rows: int = 40  # before a cell's repeats are known
    repeats_memory_s: float = 30.0
    saturated_s: float = 0.25  # while the other cells say that there is no such load
    overload_s: float = 10.0  # where no other cell can say: nobody leans so hard for so long
    window_s: float = 1.0  # wild and drifting cells are looked for so often
    leap_share: float = 0.01  # of the plate's rated load, there and back within two conversions
    leap_counts: float = 3200.0  # and at least 20 x the usual noise
    calm_share: float = 0.25  # of a leap: other cells move by less
    wild_share: float = 0.08  # of conversions; isolated wild ones are 0.1-1 %
    wild_rows: int = 4  # and at least
    alone_windows: int = 2  # a plate of one cell has none to ask: so many windows in a row
    alone_factor: float = 10.0  # and so much larger leaps
    step_s: float = 0.25  # drift shows in the means of so long
    creeping_steps: int = 4  # so many of them: what happens meanwhile is not measured well
    drift_steps: int = 12  # and so many: the cell does not measure
    drift_steadily: float = 0.75  # of the steps go one way; hands make the others
    drift_evenness: float = 0.25  # and usually differ by less than this share; a hand's press does not
    drift_g: float = 0.25  # a step is larger than this
    drift_share: float = 0.000025  # and than this share of the rated load; creep and warmth take minutes for it
    absorbed_memory_s: float = 600.0
    absorbed_g: float = 10.0  # what one cell drifted at rest within that memory
    absorbed_share: float = 0.0025  # of the rated load: five times what 10 degC explain
    sound_s: float = 1.0  # without a blemish for so long, a cell measures again
    sound_wild_s: float = 2.5  # one that was wild: two windows without a leap
    sound_drift_s: float = 10.0  # one that crept: it must have had the time to be seen again


class CellHealth:
    """A plate's cells over their raw conversions. `cause` and `since_ns` name the cells that do not measure."""

    def __init__(self, scale: PlateScale, parameters: HealthParameters | None = None) -> None:
        self._p = p = self.parameters = parameters or HealthParameters()
        cells = len(scale.plate.cells)
        self.cells = cells
        self.cause = [""] * cells
        self.since_ns = [0] * cells
        self.drifting = [False] * cells  # slowly: it measures, yet somebody should look at it
        self._factor = np.abs(scale.counts_per_gram)
        leap_g = np.maximum(p.leap_counts / self._factor, p.leap_share * scale.plate.max_g)
        self._leap_g = leap_g * (p.alone_factor if cells == 1 else 1.0)
        self._creep_g = max(p.drift_g, p.drift_share * scale.plate.max_g)
        self.creeping = False
        self._absorbed_limit_g = max(p.absorbed_g, p.absorbed_share * scale.plate.max_g)
        self._sound_s = dict.fromkeys((SILENT, STUCK, SATURATED), p.sound_s)
        self._sound_s |= {WILD: p.sound_wild_s, DRIFTING: p.sound_drift_s}
        self._last: NDArray[np.int32] | None = None  # conversions that came last
        self._same = [0] * cells  # how often it repeated itself just now
        self._absent = [0] * cells
        self._extreme_ns = [0] * cells  # saturated since; 0: it is not
        self._run_ns = [0] * cells  # when the repeats began
        self._gone_ns = [0] * cells  # and the absences
        self._blemish_ns = [0] * cells
        self._repeats = np.full(cells, -1.0)  # share of conversions; below 0: not learnt
        self._limit = [p.unlearnt_rows] * cells
        self._calm = True  # nothing is running
        self._window: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]] = []
        self._wild_windows = [0] * cells
        self._step: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]] = []
        self._means: deque[NDArray[np.float64]] = deque(maxlen=p.drift_steps + 1)
        self._resting = True  # all of this step so far
        self._rested = False  # all of the step before
        self._pending: NDArray[np.float64] | None = None  # the last step, where it was one at rest
        self._absorbed = np.zeros(cells)

    @property
    def suspect(self) -> bool:
        """A cell may just have stopped to measure: what was seen of late is not to be trusted yet."""
        if self._calm:
            return False
        return any(
            not self.cause[c]
            and (self._absent[c] >= self._p.suspect_rows or self._same[c] >= max(self._p.suspect_rows, limit // 3))
            for c, limit in enumerate(self._limit)
        )

    def saturated_s(self, t_ns: int) -> float:
        """How long a cell that measures has been at the end of its range; 0: none is."""
        since = [ns for ns, cause in zip(self._extreme_ns, self.cause, strict=True) if ns and not cause]
        return (t_ns - min(since)) * _NS if since else 0.0

    def look(
        self,
        t_ns: NDArray[np.int64],
        counts: NDArray[np.int32],
        present: NDArray[np.bool_],
        *,
        resting: bool,
        no_load: NDArray[np.bool_] | None = None,
    ) -> bool:
        """Rows [n], counts and present [n, cells]; whether a `cause` changed.

        `resting`: the plate rests; `no_load` [cells]: by the other cells, nothing loads this one (None: not known).
        """
        if not len(t_ns):
            return False
        self._count(t_ns, counts, present)
        self._window.append((t_ns, counts, present))
        self._step.append((t_ns, counts, present))
        self._resting &= resting
        changed = False
        now_ns = int(t_ns[-1])
        if not self._calm:
            changed = self._judge(now_ns, no_load)
        if self._step and (now_ns - int(self._step[0][0][0])) * _NS >= self._p.step_s:
            changed |= self._judge_step(now_ns)
            self._resting = True
        if self._window and (now_ns - int(self._window[0][0][0])) * _NS >= self._p.window_s:
            changed |= self._judge_window(now_ns)
        return changed

    # -- runs of equal, absent and extreme conversions ------------------------------------------

    def _count(self, t_ns: NDArray[np.int64], counts: NDArray[np.int32], present: NDArray[np.bool_]) -> None:
        last = counts[-1]
        if self._last is None:
            self._last = counts[0].copy()
            self._run_ns = [int(t_ns[0])] * self.cells
        before = counts[-2] if len(t_ns) > 1 else self._last
        moved = (last != before) & (last < SATURATED_HIGH) & (last > SATURATED_LOW) & present[-1]
        if self._calm and moved.all():
            self._last = last
            return
        # the quick look above suffices but for one row in many
        filled = np.where(present[0], counts[0], self._last)
        rows = [filled]
        for k in range(1, len(t_ns)):
            filled = np.where(present[k], counts[k], filled)
            rows.append(filled)
        whole = np.array(rows)
        previous = np.vstack((self._last, whole[:-1]))
        self._last = whole[-1]
        running = False
        for c in range(self.cells):
            here = present[:, c]
            changed = here & (whole[:, c] != previous[:, c])
            self._same[c], began = _tail(changed, here, self._same[c])
            self._absent[c], gone = _tail(here, ~here, self._absent[c])
            self._run_ns[c] = _since(t_ns, began, self._run_ns[c]) if self._same[c] else 0
            self._gone_ns[c] = _since(t_ns, gone, self._gone_ns[c]) if self._absent[c] else 0
            extreme = here & ((counts[:, c] >= SATURATED_HIGH) | (counts[:, c] <= SATURATED_LOW))
            if not extreme[-1] and here[-1]:
                self._extreme_ns[c] = 0
            elif extreme.any() and not self._extreme_ns[c]:
                self._extreme_ns[c] = int(t_ns[int(extreme.argmax())])
            p = self._p
            if extreme.any() or self._silent(c, int(t_ns[-1])) or self._same[c] >= p.suspect_rows:
                self._blemish_ns[c] = int(t_ns[-1])
            running |= bool(self._same[c] or self._absent[c] or self._extreme_ns[c] or self.cause[c])
        self._calm = not running

    def _judge(self, now_ns: int, no_load: NDArray[np.bool_] | None) -> bool:
        p = self._p
        changed = False
        for c in range(self.cells):
            cause = ""
            if self._silent(c, now_ns):
                cause = SILENT
            elif self._extreme_ns[c]:
                lasted_s = (now_ns - self._extreme_ns[c]) * _NS
                if lasted_s >= (p.saturated_s if no_load is not None and no_load[c] else p.overload_s):
                    cause = SATURATED
            elif self._same[c] >= self._limit[c]:
                cause = STUCK
            if cause and not self.cause[c]:
                began = {SILENT: self._gone_ns, SATURATED: self._extreme_ns, STUCK: self._run_ns}[cause]
                changed |= self._set(c, cause, began[c])
            elif self.cause[c] and (now_ns - self._blemish_ns[c]) * _NS >= self._sound_s[self.cause[c]]:
                changed |= self._set(c, "", now_ns)
        return changed

    def _silent(self, c: int, now_ns: int) -> bool:
        p = self._p
        return self._absent[c] >= p.silent_rows and (now_ns - self._gone_ns[c]) * _NS >= p.silent_s

    def _set(self, c: int, cause: str, since_ns: int) -> bool:
        self.cause[c], self.since_ns[c] = cause, since_ns
        self._calm = False
        self._means.clear()
        self._window.clear()
        self._step.clear()
        self._rested = self._resting = False
        self._pending = None
        return True

    # -- what shows over a second ---------------------------------------------------------------

    def _judge_window(self, now_ns: int) -> bool:
        t_ns, counts, present = (np.concatenate(column) for column in zip(*self._window, strict=True))
        self._window.clear()
        if len(t_ns) < self._p.wild_rows + 1:
            return False
        grams = counts / self._factor
        self._learn_repeats(counts, present, (int(t_ns[-1]) - int(t_ns[0])) * _NS)
        return self._look_for_wild(grams, present, now_ns)

    def _learn_repeats(self, counts: NDArray[np.int32], present: NDArray[np.bool_], span_s: float) -> None:
        p = self._p
        both = present[1:] & present[:-1]
        seen = np.count_nonzero(both, axis=0)
        equal = np.count_nonzero(both & (counts[1:] == counts[:-1]), axis=0)
        for c in range(self.cells):
            if self.cause[c] or not seen[c] or self._same[c] >= p.suspect_rows:
                continue
            share = equal[c] / seen[c]
            known = self._repeats[c]
            pace = min(span_s / p.repeats_memory_s, 1.0)
            self._repeats[c] = share if known < 0 else known + pace * (share - known)
            likely = max(self._repeats[c] * p.repeats_slack, p.least_repeats)
            never = likely > p.most_repeats
            self._limit[c] = 1 << 30 if never else math.ceil(math.log(p.stuck_chance) / math.log(likely))

    def _look_for_wild(self, grams: NDArray[np.float64], present: NDArray[np.bool_], now_ns: int) -> bool:
        """Leaps there and back in two conversions, while the other cells moved far less."""
        p = self._p
        step = np.diff(grams, axis=0)
        leap = np.minimum(np.abs(step[:-1]), np.abs(step[1:]))
        back = (step[:-1] * step[1:] < 0) & (leap > self._leap_g) & present[1:-1] & present[2:] & present[:-2]
        if not back.any():
            self._wild_windows = [0] * self.cells
            return False
        sound = np.array([not cause for cause in self.cause])
        moved = np.maximum(np.abs(step[:-1]), np.abs(step[1:]))
        changed = False
        for c in range(self.cells):
            others = sound.copy()
            others[c] = False
            calm = back[:, c]
            if others.any():
                calm = calm & (moved[:, others].max(axis=1) < p.calm_share * leap[:, c])
            half = len(calm) // 2
            spread = bool(calm[:half].any() and calm[half:].any())
            number = int(np.count_nonzero(calm))
            wild = spread and number >= max(p.wild_rows, p.wild_share * len(calm))
            self._wild_windows[c] = self._wild_windows[c] + 1 if wild else 0
            if number and self.cause[c]:
                self._blemish_ns[c] = now_ns
            if self._wild_windows[c] >= (p.alone_windows if self.cells == 1 else 1) and not self.cause[c]:
                self._blemish_ns[c] = now_ns
                changed |= self._set(c, WILD, now_ns - round(p.window_s / _NS))
        return changed

    # -- what shows step by step ----------------------------------------------------------------

    def _judge_step(self, now_ns: int) -> bool:
        """Drift of one cell alone: its usual step is large, whatever hands do now and then."""
        _, counts, present = (np.concatenate(column) for column in zip(*self._step, strict=True))
        self._step.clear()
        counts = counts[present.all(axis=1)]
        if not len(counts):
            self._means.clear()
            self._rested = self.creeping = False
            self._pending = None
            return False
        mean = np.median(counts, axis=0) / self._factor
        if self._resting and self._pending is not None:  # the step before has been followed by rest
            self._absorb(self._pending)
        both = self._resting and self._rested and bool(self._means)
        self._pending = mean - self._means[-1] if both else None
        self._means.append(mean)
        self._rested = self._resting
        p = self._p
        cell = self._creeps(p.creeping_steps)
        self.creeping = cell is not None
        if cell is None:
            return False
        self._blemish_ns[cell] = now_ns
        if self.cause[cell] or self._creeps(p.drift_steps) != cell:
            return False
        return self._set(cell, DRIFTING, now_ns - round(p.drift_steps * p.step_s / _NS))

    def _creeps(self, steps: int) -> int | None:
        """The cell that crept on alone over so many steps; None: no one."""
        p = self._p
        if len(self._means) <= steps or self.cells == 1:
            return None
        way = np.diff(np.array(self._means)[-steps - 1 :], axis=0)
        usual = np.median(way, axis=0)
        size = np.abs(usual)
        cell = int(size.argmax())
        if size[cell] < self._creep_g or (np.delete(size, cell) > p.calm_share * size[cell]).any():
            return None
        uneven = float(np.median(np.abs(way[:, cell] - usual[cell])))
        steady = np.count_nonzero(way[:, cell] * usual[cell] > 0) >= p.drift_steadily * steps
        return cell if steady and uneven < p.drift_evenness * size[cell] else None

    def _absorb(self, step_g: NDArray[np.float64]) -> None:
        """What each cell moved at rest, where no contact was: slow drift of one cell alone."""
        p = self._p
        self._absorbed += step_g
        self._absorbed *= 1.0 - p.step_s / p.absorbed_memory_s
        size = np.abs(self._absorbed)
        for c in range(self.cells):
            if self.cause[c]:
                self._absorbed[c] = size[c] = 0.0
            limit = self._absorbed_limit_g * (0.5 if self.drifting[c] else 1.0)
            self.drifting[c] = bool(size[c] > limit and (np.delete(size, c) < size[c] / 2).all())


def _since(t_ns: NDArray[np.int64], first: int, before_ns: int) -> int:
    """The last instant before a run that begins at row `first`; at 0 it may go on from an earlier block."""
    return before_ns if before_ns and not first else int(t_ns[max(first - 1, 0)])


def _tail(breaks: NDArray[np.bool_], counted: NDArray[np.bool_], before: int) -> tuple[int, int]:
    """How many are counted after the last break, going on from `before` where there is none; and where they begin."""
    where = np.flatnonzero(breaks)
    if not len(where):
        return before + int(np.count_nonzero(counted)), 0
    first = int(where[-1]) + 1
    return int(np.count_nonzero(counted[first:])), first
