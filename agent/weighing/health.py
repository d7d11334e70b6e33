"""Which of a plate's cells measure: silent, stuck, saturated, wild and drifting ones, told from their conversions.

A conversion is never quite the last one: the chip's own noise is tens of counts. What stays the same is stuck. What
leaps there and back while the plate's other cells are calm is wild. What creeps on alone drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.weighing.cells import SATURATED_HIGH, SATURATED_LOW
from agent.weighing.drift import CellDrift
from agent.weighing.few import Places, RowsAhead
from agent.weighing.health_parameters import HealthParameters
from agent.weighing.held import Rows
from agent.weighing.leaps import CellLeaps
from agent.weighing.scale import PlateScale

SILENT, STUCK, SATURATED, WILD, DRIFTING = "cell-silent", "cell-stuck", "cell-saturated", "cell-wild", "cell-drifting"
_NS = 1e-9


class CellHealth:
    """A plate's cells over their raw conversions. `cause` and `since_ns` name the cells that do not measure."""

    def __init__(self, scale: PlateScale, parameters: HealthParameters | None = None) -> None:
        self._p = p = self.parameters = parameters or HealthParameters()
        cells = len(scale.plate.cells)
        self.cells = cells
        self.cause = [""] * cells
        self.since_ns = [0] * cells
        factor = np.abs(scale.counts_per_gram)
        self.leaps = CellLeaps(factor, scale.plate.max_g, p)
        self.drift = CellDrift(factor, scale.plate.max_g, p)
        self._sound_s = dict.fromkeys((SILENT, STUCK, SATURATED), p.sound_s)
        self._sound_s |= {WILD: p.sound_wild_s, DRIFTING: p.sound_drift_s}
        self._last: NDArray[np.int32] | None = None  # conversions that came last
        self._same = [0] * cells  # how often it repeated itself just now
        self._absent = [0] * cells
        self._extreme_ns = [0] * cells  # saturated since; 0: it is not
        self._run_ns = [0] * cells  # when the repeats began
        self._gone_ns = [0] * cells  # and the absences
        self._blemish_ns = [0] * cells
        self._calm = True  # nothing is running

    @property
    def creeping(self) -> bool:
        """A cell creeps on alone now."""
        return self.drift.creeping

    @property
    def drifting(self) -> list[bool]:
        """Cells that drift slowly: they measure, yet somebody should look at them."""
        return self.drift.drifting

    @property
    def suspect(self) -> bool:
        """A cell may just have stopped to measure: what was seen of late is not to be trusted yet."""
        if self._calm:
            return False
        return any(
            not self.cause[c]
            and (self._absent[c] >= self._p.suspect_rows or self._same[c] >= max(self._p.suspect_rows, limit // 3))
            for c, limit in enumerate(self.leaps.limit)
        )

    def saturated_s(self, t_ns: int) -> float:
        """How long a cell that measures has been at the end of its range; 0: none is."""
        if self._calm:
            return 0.0
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
        self.append((t_ns, counts, present), resting=resting)
        changed = False
        now_ns = int(t_ns[-1])
        if not self._calm:
            changed = self._judge(now_ns, no_load)
        if self.drift.held.full(now_ns):
            changed |= self._judge_step(now_ns)
            self.drift.begin()
        if self.leaps.held.full(now_ns):
            changed |= self._judge_window(now_ns)
        return changed

    @property
    def goes_on(self) -> bool:
        """Every cell measures, none drifts, and none was the same, absent or at its end when it came last."""
        return self._calm and self._last is not None and not any(self.cause) and not any(self.drift.drifting)

    def append(self, rows: Rows, *, resting: bool) -> None:
        """Hold rows until there are enough of them to be judged."""
        self.leaps.held.append(rows)
        self.drift.append(rows, resting=resting)

    def take_back(self) -> None:
        """What was appended last, of rest, is to come again."""
        self.leaps.held.take_back()
        self.drift.held.take_back()

    def went_on(self, last: NDArray[np.int32]) -> None:
        """Nothing was found in what was appended; `last` [cells] came last."""
        self._last = last

    def rest_ahead(self, rows: RowsAhead, edges: NDArray[np.int64], whole: NDArray[np.float64], far: Places) -> int:
        """Look at blocks of a plate at rest, each from edge to edge [blocks + 1] of `rows`.

        In none of them a cell is the same or absent for `suspect_rows` in a row, and none ends with one at the end of
        its range. `whole` [cells, n] are their conversions with what is absent held, `far` those of them that leap by
        `far_counts` or more from the one before.
        Returns in how many of them, from the first on, nothing is found. Those are as if looked at one by one; the next
        is for `look`.
        """
        if not self._calm or self._last is None or any(self.cause):
            return 0
        first_ns, last_ns = rows.t_ns[edges[:-1]], rows.t_ns[edges[1:] - 1]
        filled, fine = self.leaps.look_ahead(rows, edges, first_ns, last_ns, far)
        steps, quiet = self.drift.look_ahead(rows, edges, first_ns, last_ns)
        number = min(fine, quiet)
        if not number:
            return 0
        self.leaps.accept(filled, number, rows, edges)
        self.drift.accept(steps, number, rows, edges)
        a, b = int(edges[number - 1]), int(edges[number])
        if a:
            self._last = whole[:, a - 1].astype(np.int32)
        self._count(*rows.rows(a, b))
        return number

    # -- runs of equal, absent and extreme conversions ------------------------------------------

    def _count(self, t_ns: NDArray[np.int64], counts: NDArray[np.int32], present: NDArray[np.bool_]) -> None:
        last = counts[-1]
        if self._last is None:
            self._last = counts[0].copy()
        before = counts[-2] if len(t_ns) > 1 else self._last
        if self._calm and all(present[-1].tolist()) and _moved(last.tolist(), before.tolist()):
            self._last = last
            return
        # the quick look above suffices but for one row in many
        now_ns, values = int(t_ns[-1]), self._last.tolist()
        running = False
        for c, (came, here) in enumerate(zip(counts.T.tolist(), present.T.tolist(), strict=True)):
            run = _run(came, here, values[c], self._same[c], self._absent[c])
            values[c], self._same[c], self._absent[c] = run.value, run.same, run.absent
            self._run_ns[c] = _since(t_ns, run.began, self._run_ns[c]) if run.same else 0
            self._gone_ns[c] = _since(t_ns, run.gone, self._gone_ns[c]) if run.absent else 0
            if here[-1] and SATURATED_LOW < came[-1] < SATURATED_HIGH:
                self._extreme_ns[c] = 0
            elif run.extreme is not None and not self._extreme_ns[c]:
                self._extreme_ns[c] = int(t_ns[run.extreme])
            if run.extreme is not None or self._silent(c, now_ns) or run.same >= self._p.suspect_rows:
                self._blemish_ns[c] = now_ns
            running |= bool(run.same or run.absent or self._extreme_ns[c] or self.cause[c])
        self._last = np.array(values, np.int32)
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
            elif self._same[c] >= self.leaps.limit[c]:
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
        self.leaps.held.clear()
        self.drift.forget()
        return True

    def _judge_window(self, now_ns: int) -> bool:
        leapt, wild = self.leaps.judge(self.cause, self._same)
        for c in leapt:
            if self.cause[c] or c in wild:
                self._blemish_ns[c] = now_ns
        for c in wild:
            self._set(c, WILD, now_ns - round(self._p.window_s / _NS))
        return bool(wild)

    def _judge_step(self, now_ns: int) -> bool:
        """Drift of one cell alone: its usual step is large, whatever hands do now and then."""
        cell, long = self.drift.judge(self.cause)
        if cell is None:
            return False
        self._blemish_ns[cell] = now_ns
        if self.cause[cell] or not long:
            return False
        return self._set(cell, DRIFTING, now_ns - round(self._p.drift_steps * self._p.step_s / _NS))


def _moved(last: list[int], before: list[int]) -> bool:
    """Every cell changed, and is within its range; numbers of Python are quicker for so few."""
    within = min(last) > SATURATED_LOW and max(last) < SATURATED_HIGH
    return within and all(now != then for now, then in zip(last, before, strict=True))


def _since(t_ns: NDArray[np.int64], first: int, before_ns: int) -> int:
    """The last instant before a run that begins at row `first`; at 0 it may go on from an earlier block."""
    return before_ns if before_ns and not first else int(t_ns[max(first - 1, 0)])


@dataclass(slots=True)
class _Run:
    """How a cell's conversions end: its last `value`, how often it was the `same` and how long `absent` just now, the
    rows at which that `began` and at which it was `gone` (0: before), and the first at an end of its range."""

    value: int
    same: int
    absent: int
    began: int = 0
    gone: int = 0
    extreme: int | None = None


def _run(counts: list[int], present: list[bool], value: int, same: int, absent: int) -> _Run:
    """Of conversions [n] that follow on a `value`, which was the `same` so often, or `absent` so long. Numbers of
    Python are quicker for the few rows of a block."""
    run = _Run(value, same, absent)
    for row, (count, here) in enumerate(zip(counts, present, strict=True)):
        if not here:
            run.absent += 1
            continue
        run.absent, run.gone = 0, row + 1
        if count == run.value:
            run.same += 1
        else:
            run.value, run.same, run.began = count, 0, row + 1
        if run.extreme is None and not SATURATED_LOW < count < SATURATED_HIGH:
            run.extreme = row
    return run
