"""A board's microsecond counter on the host's monotonic line.

USB delivers late, never early: the true offset between the two clocks is the lower envelope of
(arrival - board time). The envelope is taken a second of board time at a time, its slope is the board's rate
error, and the mapping follows it without ever running backwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WRAP_US = 1 << 32
_US_NS = 1_000


@dataclass(frozen=True)
class ClockParameters:
    """How a board's clock is followed."""

    slot_us: int = 1_000_000  # the envelope takes the quickest delivery of so long a stretch
    slots: int = 64  # stretches remembered: long enough to see 20 ppm under 1 ms of jitter
    slots_for_rate: int = 12  # below this, jitter would pass for a rate error
    max_rate_error: float = 0.01  # ceramic resonators keep 0.5 %
    max_slew: float = 0.03  # the mapping is bent by at most this, so that time never turns
    step_ns: int = 1_000_000_000  # a disagreement beyond this is no jitter: the mapping starts anew


class BoardClock:
    """Maps the wrapping `t_board_us` of one run of a board to `t_mono_ns`. State only; no clock of its own."""

    def __init__(self, parameters: ClockParameters | None = None) -> None:
        self._p = parameters or ClockParameters()
        self._last_us: int | None = None  # unwrapped
        self._arrival_ns = 0
        self._knot_us = 0
        self._knot_ns = 0
        self._rate = 1.0
        self._slot: int | None = None
        self._slot_low = 0
        self._envelope = _Envelope(self._p.slots)
        self._floor_ns: int | None = None

    def restart(self) -> None:
        """The board began again: its counter says nothing of the past, but time goes on from where it was."""
        self._last_us = None
        self._slot = None
        self._envelope.clear()
        self._rate = 1.0

    def to_mono(self, t_board_us: NDArray[np.int64], arrival_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Instants on the monotonic line, strictly rising, of counters [n] that arrived at `arrival_ns` [n]."""
        if not len(t_board_us):
            return np.empty(0, np.int64)
        unwrapped = self._unwrap(t_board_us, int(arrival_ns[0]))
        slots = unwrapped // self._p.slot_us
        delay_ns = arrival_ns - unwrapped * _US_NS
        edges = np.flatnonzero(slots[1:] != slots[:-1]) + 1
        out = (
            self._mapped(unwrapped, slots, delay_ns, edges) if len(edges) else self._mapped_within(unwrapped, delay_ns)
        )
        self._last_us = int(unwrapped[-1])
        self._arrival_ns = int(arrival_ns[-1])
        out = self._rising(out)
        self._floor_ns = int(out[-1])
        return out

    def _mapped_within(self, t_us: NDArray[np.int64], delay_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Instants of a single slot."""
        self._enter(int(t_us[0]) // self._p.slot_us, int(t_us[0]))
        self._slot_low = min(self._slot_low, int(delay_ns.min()))
        elapsed_ns: NDArray[np.int64] = ((t_us - self._knot_us) * (_US_NS * self._rate)).astype(np.int64)
        return elapsed_ns + self._knot_ns

    def _mapped(
        self, t_us: NDArray[np.int64], slots: NDArray[np.int64], delay_ns: NDArray[np.int64], edges: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Instants of several slots, which begin at the first row and at `edges`."""
        begins = np.concatenate((_FIRST, edges))
        firsts = slots[begins], t_us[begins]
        lows = np.minimum.reduceat(delay_ns, begins)
        entered = list(zip(*(column.tolist() for column in firsts), lows.tolist(), strict=True))
        knots = []
        k = 0
        while k < len(entered):
            slot, first_us, low = entered[k]
            self._enter(slot, first_us)
            knots.append((self._knot_us, self._knot_ns, _US_NS * self._rate))
            self._slot_low = min(self._slot_low, low)
            k += 1
            if self._envelope.full and k < len(entered):
                knots += self._entered(firsts[0][k:], firsts[1][k:], lows[k:])
                k = len(knots)
        knot_us, knot_ns, rate = zip(*knots, strict=True)
        number = np.diff(begins, append=len(t_us))
        elapsed_us = t_us - np.repeat(knot_us, number)
        result: NDArray[np.int64] = np.repeat(knot_ns, number) + (elapsed_us * np.repeat(rate, number)).astype(np.int64)
        return result

    def _entered(
        self, slots: NDArray[np.int64], first_us: NDArray[np.int64], lows: NDArray[np.int64]
    ) -> list[tuple[int, int, float]]:
        """Knots of slots [k] that follow, with their first samples and least delays, from a full envelope on: as
        `_enter` makes them one by one. Ends before one that is no small step from what was."""
        assert self._slot is not None
        ended, ended_low = np.append(self._slot, slots[:-1]), np.append(self._slot_low, lows[:-1])
        at_us, low_ns = self._envelope.windows((ended * 2 + 1) * self._p.slot_us // 2, ended_low)
        drift = self._drifts(at_us, low_ns)
        wanted = (low_ns + drift[:, np.newaxis] * (first_us[:, np.newaxis] - at_us) * _US_NS).min(axis=1)
        knots = self._bent_often(zip(first_us.tolist(), drift.tolist(), wanted.tolist(), strict=True))
        number = len(knots)
        if number:
            self._envelope.take(at_us[number - 1], low_ns[number - 1])
            self._slot, self._slot_low = int(slots[number - 1]), int(lows[number - 1])
        return knots

    def _drifts(self, at_us: NDArray[np.int64], low_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """`_drift` [k] of as many envelopes [k, stretches], which are full."""
        half, row = low_ns.shape[1] // 2, np.arange(len(low_ns))
        early, late = low_ns[:, :half].argmin(axis=1), half + low_ns[:, half:].argmin(axis=1)
        apart_us = np.maximum(at_us[row, late] - at_us[row, early], self._p.slot_us)
        slope = (low_ns[row, late] - low_ns[row, early]) / (apart_us * _US_NS)
        result: NDArray[np.float64] = np.clip(slope, -self._p.max_rate_error, self._p.max_rate_error)
        return result

    def _rising(self, t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same instants, each at least 1 ns after the one before it, also after those of the call before."""
        first_ns = int(t_ns[0])
        floor_ns = first_ns if self._floor_ns is None else max(self._floor_ns + 1, first_ns)
        if floor_ns == first_ns and (t_ns[1:] > t_ns[:-1]).all():
            return t_ns
        steps = np.arange(len(t_ns))
        shifted = t_ns - steps
        shifted[0] = floor_ns
        result: NDArray[np.int64] = np.maximum.accumulate(shifted) + steps
        return result

    def _unwrap(self, t_board_us: NDArray[np.int64], arrival_ns: int) -> NDArray[np.int64]:
        if self._last_us is None:
            first = int(t_board_us[0])
            self._knot_us, self._knot_ns = first, arrival_ns
        else:
            step = (int(t_board_us[0]) - self._last_us) % WRAP_US
            if step > WRAP_US // 2:
                step -= WRAP_US
            silent_us = (arrival_ns - self._arrival_ns) // _US_NS - step
            if silent_us > WRAP_US // 2:
                step += WRAP_US * round(silent_us / WRAP_US)
            first = self._last_us + step
        out = np.empty(len(t_board_us), np.int64)
        out[0] = first
        steps = out[1:]
        np.subtract(t_board_us[1:], t_board_us[:-1], out=steps)
        steps &= WRAP_US - 1
        steps[steps > WRAP_US // 2] -= WRAP_US
        return np.cumsum(out, out=out)

    def _enter(self, slot: int, t_us: int) -> None:
        """At the first sample of a new slot, bend the mapping towards the envelope of the slots before."""
        if slot == self._slot:
            return
        if self._slot is not None:
            self._envelope.append((self._slot * 2 + 1) * self._p.slot_us // 2, self._slot_low)
            self._bend(t_us)
        self._slot = slot
        self._slot_low = 1 << 62

    def _bend(self, t_us: int) -> None:
        drift = self._drift()
        wanted = float((self._envelope.low_ns + drift * (t_us - self._envelope.at_us) * _US_NS).min())
        if not self._bent(t_us, drift, wanted):
            here_ns, behind_ns = self._behind(t_us, wanted)
            self._envelope.clear()
            self._knot_us, self._knot_ns, self._rate = t_us, here_ns + int(behind_ns), 1.0 + drift

    def _bent(self, t_us: int, drift: float, wanted: float) -> bool:
        """The mapping goes on from here towards where it is `wanted`; False, and nothing done, where that is a step."""
        here_ns, behind_ns = self._behind(t_us, wanted)
        if abs(behind_ns) > self._p.step_ns:
            return False
        slew = behind_ns / (self._p.slot_us * _US_NS)
        self._knot_us, self._knot_ns = t_us, here_ns
        self._rate = 1.0 + drift + min(max(slew, -self._p.max_slew), self._p.max_slew)
        return True

    def _bent_often(self, slots: Iterable[tuple[int, float, float]]) -> list[tuple[int, int, float]]:
        """`_bent` for slots that follow each other, up to the first that is a step: their knots."""
        slot_ns, most, step_ns = self._p.slot_us * _US_NS, self._p.max_slew, self._p.step_ns
        knot_us, knot_ns, rate = self._knot_us, self._knot_ns, self._rate
        knots: list[tuple[int, int, float]] = []
        for t_us, drift, wanted in slots:
            here_ns = knot_ns + int((t_us - knot_us) * (_US_NS * rate))
            behind_ns = wanted - (here_ns - t_us * _US_NS)
            if behind_ns > step_ns or behind_ns < -step_ns:
                break
            slew = behind_ns / slot_ns
            slew = -most if slew < -most else most if slew > most else slew
            knot_us, knot_ns, rate = t_us, here_ns, 1.0 + drift + slew
            knots.append((knot_us, knot_ns, _US_NS * rate))
        self._knot_us, self._knot_ns, self._rate = knot_us, knot_ns, rate
        return knots

    def _behind(self, t_us: int, wanted: float) -> tuple[int, float]:
        """Where the mapping is, and how far behind where it is `wanted`."""
        here_ns = self._knot_ns + int((t_us - self._knot_us) * (_US_NS * self._rate))
        return here_ns, wanted - (here_ns - t_us * _US_NS)

    def _drift(self) -> float:
        """Rate error of the board: the slope between the lowest points of both halves of the envelope."""
        at_us, low_ns = self._envelope.at_us, self._envelope.low_ns
        if len(low_ns) < self._p.slots_for_rate:
            return 0.0
        half = len(low_ns) // 2
        early, late = int(low_ns[:half].argmin()), half + int(low_ns[half:].argmin())
        apart_us = max(int(at_us[late]) - int(at_us[early]), self._p.slot_us)
        slope = (int(low_ns[late]) - int(low_ns[early])) / (apart_us * _US_NS)
        return min(max(slope, -self._p.max_rate_error), self._p.max_rate_error)


class _Envelope:
    """The least delays of the last stretches, `low_ns`, and the middle of each, `at_us`; both [stretches]."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._room: NDArray[np.int64] = np.empty((2, most * _ROOM), np.int64)
        self._begin = self._end = 0
        self.clear()

    @property
    def at_us(self) -> NDArray[np.int64]:
        return self._room[0, self._begin : self._end]

    @property
    def low_ns(self) -> NDArray[np.int64]:
        return self._room[1, self._begin : self._end]

    def append(self, at_us: int, low_ns: int) -> None:
        """A stretch more; the oldest is forgotten where there are too many."""
        if self._end == self._room.shape[1]:
            kept = self._room[:, self._begin :].copy()
            self._room[:, : kept.shape[1]] = kept
            self._begin, self._end = 0, kept.shape[1]
        self._room[:, self._end] = at_us, low_ns
        self._end += 1
        self._begin = max(self._begin, self._end - self._most)

    @property
    def full(self) -> bool:
        return self._end - self._begin == self._most

    def windows(self, at_us: NDArray[np.int64], low_ns: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """How both would stand [k, stretches] after each of stretches [k] that follow; it must be `full`."""
        ways = (np.concatenate((old[1:], new)) for old, new in ((self.at_us, at_us), (self.low_ns, low_ns)))
        return tuple(np.lib.stride_tricks.sliding_window_view(way, self._most) for way in ways)

    def take(self, at_us: NDArray[np.int64], low_ns: NDArray[np.int64]) -> None:
        """It stands as one of its `windows`."""
        self._begin, self._end = 0, self._most
        self._room[0, : self._most], self._room[1, : self._most] = at_us, low_ns

    def clear(self) -> None:
        self._begin = self._end


_ROOM = 4  # times as many as are remembered: they seldom move
_FIRST: NDArray[np.int64] = np.zeros(1, np.int64)
