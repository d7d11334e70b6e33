"""Conversions of a plate's cells made whole: absent ones held, wild ones replaced, saturated ones marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.weighing.mending import LEAST_NOISE, Mending, mending
from agent.weighing.wild import CellFilterParameters, Leaps, WildRule, mended

SATURATED_HIGH = 0x7FFFFF
SATURATED_LOW = -0x800000


@dataclass(frozen=True, eq=False)
class CellBlock:
    """Conversions of a plate: `t_ns` [n], `counts` [n, cells] whole, `saturated` [n], `repaired` [n]."""

    t_ns: NDArray[np.int64]
    counts: NDArray[np.float64]
    saturated: NDArray[np.bool_]
    repaired: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.t_ns)


class CellFilter:
    """A stream of conversions of one plate; holds back only a last one that may be wild."""

    def __init__(self, cells: int, parameters: CellFilterParameters | None = None) -> None:
        self._p = parameters or CellFilterParameters()
        self._rule = WildRule(self._p)
        self._cells = cells
        self.noise_counts = np.full(cells, self._p.start_noise_counts)
        self._t = np.empty(0, np.int64)  # context, then what is held back
        self._raw = np.empty((0, cells))
        self._saturated = np.empty(0, np.bool_)
        self._given = 0  # rows of the context that were given already
        self._last: NDArray[np.float64] | None = None
        self._absent = np.zeros(cells, np.int64)  # rows in a row

    def feed(self, t_ns: NDArray[np.int64], counts: NDArray[np.int32], present: NDArray[np.bool_]) -> CellBlock:
        """Whole conversions of counts [n, cells] where `present` [n, cells]; the last row may wait for the next.

        Rows of which a cell has been absent for too long are left out.
        """
        rows, t_ns, saturated = self._hold_absent(t_ns, counts, present)
        self._t = np.concatenate((self._t, t_ns))
        self._raw = np.concatenate((self._raw, rows))
        self._saturated = np.concatenate((self._saturated, saturated))
        n = len(self._t)
        wild, pending = self._rule.wild(self._raw, self.noise_counts)
        end = n - 1 if pending else n
        first = min(self._given, end)
        spoilt = np.zeros(n, np.bool_)
        if len(wild):
            self._raw = mended(self._raw, wild)
            spoilt[wild[:, 0]] = True
            self._saturated = self._saturated & ~spoilt
        block = CellBlock(self._t[first:end], self._raw[first:end], self._saturated[first:end], spoilt[first:end])
        keep = max(0, end - self._p.motion_samples)
        self._t, self._raw, self._saturated = self._t[keep:], self._raw[keep:], self._saturated[keep:]
        self._given = end - keep
        return block

    @property
    def foreseeable(self) -> bool:
        """Nothing is held back, and every cell has delivered: `whole_ahead` may be asked."""
        return self.held_back == 0 and self._last is not None and len(self._raw) > 0

    def whole_ahead(
        self, counts: NDArray[np.int32], present: NDArray[np.bool_], absent: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Conversions [n, cells] that follow, none of them saturated, as `feed` would make them whole if none is wild.
        The columns of both should lie side by side. `absent` [k] are places in [cells, n] (None: they are sought).

        Returns:
            [cells, n] whole conversions, and [cells, n] how far each leaps from the one before.
        """
        assert self._last is not None
        rows = counts.T.astype(np.float64, order="C")  # each cell's conversions side by side
        flat, n = rows.reshape(-1), len(counts)
        if absent is None:
            absent = np.flatnonzero(~present.T)
        if len(absent):
            begins = absent % n == 0
            flat[absent[begins]] = self._last[absent[begins] // n]
            absent = absent[~begins]
            follows = np.zeros(len(absent), np.bool_)  # an absence of another: the value before that
            follows[1:] = absent[1:] == absent[:-1] + 1
            for which in (~follows, *([follows] * (self._p.held_rows - 1))):
                at = absent[which]
                flat[at] = flat[at - 1]
        leap = np.empty_like(rows)
        np.subtract(rows[:, 1:], rows[:, :-1], out=leap[:, 1:])
        leap[:, 0] = rows[:, 0] - self._raw[-1]
        return rows, np.abs(leap, out=leap)

    def mended_ahead(
        self,
        raw: NDArray[np.float64],
        leap: NDArray[np.float64],
        edges: NDArray[np.int64],
        unknown: NDArray[np.bool_] | None = None,
    ) -> Mending:
        """`whole_ahead`'s rows [cells, n] in blocks between `edges` [blocks + 1], what is wild by the noise of now
        mended; blocks that are `unknown` [blocks] (None: none is) will not be taken as they are.

        Noise changes: `Mending.surely`, or else `goes_on_with`, tells what holds.
        """
        limit_counts = self.limit_counts(self.noise_counts)
        leaps = Leaps.beyond(leap, LEAST_NOISE * limit_counts)
        last_leap = leap[:, edges[1:] - 1].T
        held_back = self._held_back_ahead(raw, last_leap, edges, limit_counts)
        turns = self._rule.turns(raw, leaps)
        made = mending(raw, leaps, last_leap, turns, edges, held_back, limit_counts, self._p.motion_samples)
        closely = np.flatnonzero(made.closely)
        if unknown is not None:
            made.follow_closely(np.flatnonzero(unknown))
        if not len(closely):
            return made
        whole = raw.copy() if made.whole is raw else made.whole
        for block in closely.tolist():
            a, b = int(made.first[block]), int(made.end[block])
            before = self.before(whole, a)
            rows = np.concatenate((before, raw[:, a : int(made.seen[block])].T))
            found, _ = self._rule.wild(rows, self.noise_counts)
            if len(found) and found[0, 0] >= len(before):
                whole[:, a:b] = mended(rows, found)[len(before) : len(before) + b - a].T
        return replace(made, whole=whole)

    def _held_back_ahead(
        self,
        raw: NDArray[np.float64],
        last_leap: NDArray[np.float64],
        edges: NDArray[np.int64],
        limit_counts: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Of which blocks between `edges` [blocks + 1] the last row is likely held back, by the noise of now."""
        out = (last_leap > limit_counts).any(axis=1) & (edges[1:] - edges[:-1] > 1)
        for block in np.flatnonzero(out).tolist():
            end = int(edges[block + 1])
            near = raw[:, max(end - self._p.motion_samples - 1, 0) : end].T
            out[block] = self._rule.last_may_be(near, self.noise_counts)
        return out

    @property
    def context(self) -> int:
        """How many conversions before a block are looked at with it."""
        return self._p.motion_samples

    def before(self, whole: NDArray[np.float64], row: int) -> NDArray[np.float64]:
        """Conversions [k, cells] that are remembered before a row of `whole` [cells, n], which follow."""
        kept = self._p.motion_samples
        if row >= kept:
            return whole[:, row - kept : row].T
        return np.concatenate((self._raw, whole[:, :row].T))[-kept:]

    def goes_on_with(
        self,
        before: NDArray[np.float64],
        raw: NDArray[np.float64],
        whole: NDArray[np.float64],
        noise_counts: NDArray[np.float64],
    ) -> bool:
        """Whether at such a noise `feed` would make `whole` [n, cells] of conversions `raw` that follow `before`, and
        hold back one more where `raw` has one."""
        rows = np.concatenate((before, raw))
        found, pending = self._rule.wild(rows, noise_counts)
        if pending != (len(raw) > len(whole)) or (len(found) and found[0, 0] < len(before)):
            return False
        made = mended(rows, found)[len(before) :] if len(found) else raw
        return bool((made[: len(whole)] == whole).all())

    def leaps_to(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest leap [cells] among the conversions that are remembered and to the next, `row` [cells]."""
        result: NDArray[np.float64] = np.abs(np.diff(np.concatenate((self._raw, row[np.newaxis])), axis=0)).max(axis=0)
        return result

    def forget(self, cells: Sequence[int]) -> None:
        """What these cells delivered last is not to be held: they did not measure."""
        if self._last is not None:
            self._last[cells] = np.nan

    def stale(self, present: NDArray[np.bool_], absent: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of rows [n] that follow, with cells `present` [n, cells], hold a value for too long; `absent` [k] are
        the places in [cells, n] of those that are not."""
        most, out = self._p.held_rows, np.zeros(len(present), np.bool_)
        late = absent[most:]
        last = late[late - absent[: len(late)] == most] % max(len(present), 1)
        out[last[last >= most]] = True  # else the run is that of two cells
        for cell, before in enumerate(self._absent.tolist()):
            if before:
                came = present[:, cell]
                out[max(most - before, 0) : int(came.argmax()) if came.any() else None] = True
        return out

    def accept(
        self, t_ns: NDArray[np.int64], rows: NDArray[np.float64], present: NDArray[np.bool_], *, held_back: int = 0
    ) -> None:
        """Take over `whole_ahead`'s rows [cells, n] that came at `t_ns` [n]: none of them is wild, saturated or stale,
        but the last is `held_back` where that is 1.

        `present` [m, cells] is of the last of them, as many as may be held and one.
        """
        self._absent = np.zeros(self._cells, np.int64) if present.all() else self._absences(_last_present(present))[-1]
        kept = self._p.motion_samples + held_back
        if len(t_ns) >= kept:  # as nearly always: nothing of before is left
            self._t, self._raw = t_ns[-kept:], rows[:, -kept:].T.copy()
            self._saturated = np.zeros(kept, np.bool_)
        else:
            self._t = np.concatenate((self._t, t_ns))[-kept:]
            self._raw = np.concatenate((self._raw, rows.T))[-kept:]
            self._saturated = np.concatenate((self._saturated, np.zeros(len(t_ns), np.bool_)))[-kept:]
        if held_back:
            self._saturated[-1] = _at_end(rows[:, -1:].T, present[-1:])[0]
        self._given = len(self._t) - held_back
        self._last = rows[:, -1].copy()

    @property
    def settled(self) -> bool:
        """Nothing is held back or absent, and as much is remembered as ever is."""
        return (
            self._last is not None and len(self._t) == self._given == self._p.motion_samples and not self._absent.any()
        )

    @property
    def remembered(self) -> NDArray[np.float64]:
        """Conversions [rows, cells] given last; where it is `settled`, of as many rows for every filter."""
        return self._raw

    @property
    def last(self) -> NDArray[np.float64] | None:
        """What each cell [cells] delivered last."""
        return self._last

    def limit_counts(self, noise_counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Leaps up to here are no wild conversion's, at such a noise."""
        return self._rule.limit_counts(noise_counts)

    @property
    def held_back(self) -> int:
        """How many rows wait for the next."""
        return len(self._t) - self._given

    def recent_counts(self) -> NDArray[np.float64]:
        """Mean counts [cells] of the last conversions."""
        result: NDArray[np.float64] = self._raw[: max(self._given, 1)].mean(axis=0)
        return result

    def _hold_absent(
        self, t_ns: NDArray[np.int64], counts: NDArray[np.int32], present: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Absent conversions take the value before, for a while; rows before every cell has delivered are left out."""
        rows = counts.astype(np.float64)
        if not len(rows):
            return rows, t_ns, np.zeros(0, np.bool_)
        saturated = _at_end(counts, present)
        if np.count_nonzero(present) == present.size:  # quicker than `all`, for so few
            self._absent = np.zeros(self._cells, np.int64)
            self._last = rows[-1].copy()
            return rows, t_ns, saturated
        index = _last_present(present)
        before = np.full(self._cells, np.nan) if self._last is None else self._last
        rows = np.concatenate((before[np.newaxis], rows))[index, np.arange(self._cells)]
        absences = self._absences(index)
        stale = np.maximum.reduce(absences, axis=1) > self._p.held_rows
        self._absent = absences[-1]
        self._last = rows[-1].copy()
        known = ~(np.logical_or.reduce(np.isnan(rows), axis=1) | stale)
        if not known.all():
            rows, t_ns, saturated = rows[known], t_ns[known], saturated[known]
        return rows, t_ns, saturated

    def _absences(self, last_present: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many rows in a row each cell has been absent by each row [n, cells]."""
        number = np.arange(1, len(last_present) + 1)[:, None]
        result: NDArray[np.int64] = np.where(last_present > 0, number - last_present, number + self._absent)
        return result


def _at_end(counts: NDArray[np.int32] | NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """In which rows [n] of [n, cells], of which there are some, a cell is at an end of its range."""
    if np.maximum.reduce(counts, axis=None) < SATURATED_HIGH and np.minimum.reduce(counts, axis=None) > SATURATED_LOW:
        return np.zeros(len(counts), np.bool_)  # as nearly always
    at_end = ((counts >= SATURATED_HIGH) | (counts <= SATURATED_LOW)) & present
    saturated: NDArray[np.bool_] = np.logical_or.reduce(at_end, axis=1)
    return saturated


def _last_present(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number, from 1 on, of the last row up to each row [n, cells] in which each cell was present; 0: none was."""
    index = np.where(present, np.arange(1, len(present) + 1)[:, None], 0)
    result: NDArray[np.int64] = np.maximum.accumulate(index, axis=0)
    return result
