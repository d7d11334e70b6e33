"""What shows in a cell's conversions over a second: how often it repeats itself, and leaps there and back."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agent.weighing.few import Places, RowsAhead
from agent.weighing.health_parameters import HealthParameters
from agent.weighing.held import HeldRows, Rows

_NS = 1e-9


class CellLeaps:
    """Of a plate's cells. `limit` [cells]: so many repeats in a row no sound cell gives."""

    def __init__(self, factor: NDArray[np.float64], max_g: float, parameters: HealthParameters) -> None:
        """`factor` [cells]: counts a gram, without sign."""
        self._p = p = parameters
        self.cells = len(factor)
        self._factor = factor
        self._leap_g = np.maximum(p.leap_counts / factor, p.leap_share * max_g)
        self._leap_g = self._leap_g * (p.alone_factor if self.cells == 1 else 1.0)
        self.far_counts: NDArray[np.float64] = self._leap_g * factor * _SURELY
        """[cells]: what leaps by less is no leap."""
        self.held = HeldRows(p.window_s)
        self.limit = [p.unlearnt_rows] * self.cells
        self._repeats = [-1.0] * self.cells  # share of conversions; below 0: not learnt
        self._windows = [0] * self.cells  # in a row in which each was wild

    def judge(self, cause: list[str], same: list[int]) -> tuple[list[int], list[int]]:
        """The window is complete: cells that leapt at all, and those that do not measure for it.

        `cause` [cells] names those that do not measure already, `same` [cells] how often each repeated itself just now.
        """
        t_ns, counts, present = self.held.together()
        self.held.clear()
        if len(t_ns) < self._p.wild_rows + 1:
            return [], []
        learns = [not cause[c] and same[c] < self._p.suspect_rows for c in range(self.cells)]
        self._repeated((t_ns, counts, present), learns)
        return self._wild(counts, present, cause)

    def calm(self, repeats: list[int]) -> None:
        """The window is complete: every cell measures, none leapt, and each [cells] repeated itself so often."""
        blocks = self.held.blocks
        span_s = (int(blocks[-1][0][-1]) - int(blocks[0][0][0])) * _NS
        number = len(self.held)
        self.held.clear()
        if number > self._p.wild_rows:
            self._learn([number - 1] * self.cells, repeats, span_s, [True] * self.cells)
            self._windows = [0] * self.cells

    def look_ahead(
        self,
        rows: RowsAhead,
        edges: NDArray[np.int64],
        first_ns: NDArray[np.int64],
        last_ns: NDArray[np.int64],
        far: Places,
    ) -> tuple[NDArray[np.int64], int]:
        """Of blocks at rest that follow, each from edge to edge of `rows`: those that complete a window, and in how
        many blocks from the first on nothing is found. `far` are the conversions that leap far from the one before."""
        filled = self.held.fills(first_ns, last_ns)
        if not len(filled):
            return filled, len(last_ns)
        ends = edges[filled + 1]
        window = self.held.held_with(rows.rows(0, int(ends[0])))
        if self._far(window) and self._odd(window):
            return filled, int(filled[0])
        again = (far.row[1:] == far.row[:-1] + 1) & (far.cell[1:] == far.cell[:-1])
        turns = Places(far.cell[1:][again], far.row[1:][again])  # there and back, or on
        often = (turns.in_windows(ends, self.cells) >= self._p.wild_rows).any(axis=1)
        for number in np.flatnonzero(often).tolist():
            if self._odd(rows.rows(int(ends[number]), int(ends[number + 1]))):
                return filled, int(filled[number + 1])
        return filled, len(last_ns)

    def _odd(self, window: Rows) -> bool:
        """Whether a cell leaps in it as no sound one does."""
        _, counts, present = window
        return len(counts) > self._p.wild_rows and self._often_far(counts) and any(self._leapt(counts, present)[1])

    def _often_far(self, counts: NDArray[np.int32]) -> bool:
        """Whether a cell may leap there and back so often that it is odd: as nearly never."""
        far = np.abs(counts[1:] - counts[:-1]) >= self.far_counts
        number = np.add.reduce(far[1:] & far[:-1], axis=0)
        return bool(np.maximum.reduce(number) >= self._p.wild_rows)

    def _far(self, rows: Rows) -> bool:
        """Whether a cell leaps far in them."""
        _, counts, present = rows
        both = present[1:] & present[:-1]
        return bool((both & (np.abs(counts[1:] - counts[:-1]) >= self.far_counts)).any())

    def accept(self, filled: NDArray[np.int64], blocks: int, rows: RowsAhead, edges: NDArray[np.int64]) -> None:
        """Take over what was looked ahead at, up to so many blocks, in which nothing was found."""
        filled = filled[: int(filled.searchsorted(blocks))]
        begin = 0
        if len(filled):
            begin = int(filled[-1]) + 1
            ends = edges[filled + 1]
            held = self.held.held_with(rows.rows(0, int(ends[0])))
            if len(held[0]) > self._p.wild_rows:
                self._repeated(held, [True] * self.cells)
                self._windows = [0] * self.cells
            self.held.clear()
            self._repeated_often(rows, ends)
        if begin < blocks:
            self.held.append(rows.rows(int(edges[begin]), int(edges[blocks])))

    def _repeated(self, rows: Rows, learns: list[bool]) -> None:
        """How often each cell repeats itself by its nature, told from a window."""
        t_ns, counts, present = rows
        both = present[1:] & present[:-1]
        seen = np.add.reduce(both, axis=0).tolist()
        equal = np.add.reduce(both & (counts[1:] == counts[:-1]), axis=0).tolist()
        self._learn(seen, equal, (int(t_ns[-1]) - int(t_ns[0])) * _NS, learns)

    def _repeated_often(self, rows: RowsAhead, ends: NDArray[np.int64]) -> None:
        """The same of the windows between neighbouring `ends` [k] of `rows`, one after the other."""
        pairs = ends[1:] - ends[:-1] - 1
        long = pairs >= self._p.wild_rows
        if long.any():
            same = rows.alike.in_windows(ends, self.cells)
            seen = pairs[:, np.newaxis] - rows.apart.in_windows(ends, self.cells)
            span_s = (rows.t_ns[ends[1:] - 1] - rows.t_ns[ends[:-1]]).astype(np.float64) * _NS
            self._windows = [0] * self.cells
            if not long.all():
                seen, same, span_s = seen[long], same[long], span_s[long]
            self._learn_repeats(seen, same, span_s, [True] * self.cells)
        self._limit_repeats()

    def _learn(self, seen: list[int], equal: list[int], span_s: float, learns: list[bool]) -> None:
        self._learn_repeats(np.array([seen]), np.array([equal]), np.array([span_s]), learns)
        self._limit_repeats()

    def _learn_repeats(
        self, seen: NDArray[np.int64], equal: NDArray[np.int64], span_s: NDArray[np.float64], learns: list[bool]
    ) -> None:
        """Windows one after the other, `span_s` [k], of which so many pairs [k, cells] were `seen` and `equal`."""
        pace = np.minimum(span_s / self._p.repeats_memory_s, 1.0)
        share = equal / np.maximum(seen, 1)
        every = bool((seen > 0).all())
        all_paces, columns = pace.tolist(), share.T.tolist()
        for c in range(self.cells):
            shares, paces = columns[c], all_paces
            if not every:
                there = seen[:, c] > 0
                shares, paces = share[there, c].tolist(), pace[there].tolist()
            if not learns[c] or not shares:
                continue
            known = self._repeats[c] if self._repeats[c] >= 0 else shares[0]  # the first says all that is known
            for own, by in zip(shares, paces, strict=True):
                known += by * (own - known)
            self._repeats[c] = known

    def _limit_repeats(self) -> None:
        """As many repeats in a row as no sound cell gives, by what is known of each."""
        p = self._p
        for c, known in enumerate(self._repeats):
            if known < 0:
                continue
            likely = max(self._repeats[c] * p.repeats_slack, p.least_repeats)
            never = likely > p.most_repeats
            self.limit[c] = 1 << 30 if never else math.ceil(math.log(p.stuck_chance) / math.log(likely))

    def _wild(
        self, counts: NDArray[np.int32], present: NDArray[np.bool_], cause: list[str]
    ) -> tuple[list[int], list[int]]:
        """Cells that leapt at all, and those that have been odd for long enough."""
        number, odd = self._leapt(counts, present, cause)
        self._windows = [windows + 1 if o else 0 for windows, o in zip(self._windows, odd, strict=True)]
        least = self._p.alone_windows if self.cells == 1 else 1
        wild = [c for c in range(self.cells) if self._windows[c] >= least and not cause[c]]
        return [c for c in range(self.cells) if number[c]], wild

    def _leapt(
        self, counts: NDArray[np.int32], present: NDArray[np.bool_], cause: list[str] | None = None
    ) -> tuple[list[int], list[bool]]:
        """How often each cell leapt there and back in two conversions, while the other cells moved far less, and
        whether that is odd: often, and all over the window. `cause` names cells that do not measure (None: all do)."""
        p = self._p
        grams = counts / self._factor
        step = grams[1:] - grams[:-1]
        size = np.abs(step)
        leap = np.minimum(size[:-1], size[1:])
        far = leap > self._leap_g
        if far.any():
            far = (step[:-1] * step[1:] < 0) & far & present[1:-1] & present[2:] & present[:-2]
        if not far.any():
            return [0] * self.cells, [False] * self.cells
        sound = np.array([not name for name in cause]) if cause is not None else np.ones(self.cells, np.bool_)
        moved = np.maximum(size[:-1], size[1:])
        often, odd = [], []
        for c in range(self.cells):
            others = sound.copy()
            others[c] = False
            calm = far[:, c]
            if others.any():
                calm = calm & (moved[:, others].max(axis=1) < p.calm_share * leap[:, c])
            half = len(calm) // 2
            spread = bool(calm[:half].any() and calm[half:].any())
            number = int(np.count_nonzero(calm))
            often.append(number)
            odd.append(spread and number >= max(p.wild_rows, p.wild_share * len(calm)))
        return often, odd


_SURELY = 0.999  # counts are turned into grams and back
