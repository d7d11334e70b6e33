"""A board's microsecond counter on the host's monotonic line.

USB delivers late, never early: the true offset between the two clocks is the lower envelope of
(arrival - board time). The envelope is taken a second of board time at a time, its slope is the board's rate
error, and the mapping follows it without ever running backwards.
"""

from __future__ import annotations

import itertools
from collections import deque
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
        self._lows: deque[tuple[int, int]] = deque(maxlen=self._p.slots)
        self._floor_ns: int | None = None

    def restart(self) -> None:
        """The board began again: its counter says nothing of the past, but time goes on from where it was."""
        self._last_us = None
        self._slot = None
        self._lows.clear()
        self._rate = 1.0

    def to_mono(self, t_board_us: NDArray[np.int64], arrival_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Instants on the monotonic line, strictly rising, of counters [n] that arrived at `arrival_ns` [n]."""
        if not len(t_board_us):
            return np.empty(0, np.int64)
        unwrapped = self._unwrap(t_board_us, int(arrival_ns[0]))
        out = np.empty(len(unwrapped), np.int64)
        slots = unwrapped // self._p.slot_us
        delay_ns = arrival_ns - unwrapped * _US_NS
        edges = (np.flatnonzero(slots[1:] != slots[:-1]) + 1).tolist()
        for begin, end in itertools.pairwise([0, *edges, len(unwrapped)]):
            part = slice(begin, end)
            self._enter(int(slots[begin]), int(unwrapped[begin]))
            elapsed_us = unwrapped[part] - self._knot_us
            out[part] = self._knot_ns + (elapsed_us * (_US_NS * self._rate)).astype(np.int64)
            self._slot_low = min(self._slot_low, int(delay_ns[part].min()))
        self._last_us = int(unwrapped[-1])
        self._arrival_ns = int(arrival_ns[-1])
        out = self._rising(out)
        self._floor_ns = int(out[-1])
        return out

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
            self._lows.append(((self._slot * 2 + 1) * self._p.slot_us // 2, self._slot_low))
            self._bend(t_us)
        self._slot = slot
        self._slot_low = 1 << 62

    def _bend(self, t_us: int) -> None:
        drift = self._drift()
        wanted = min(low + drift * (t_us - at_us) * _US_NS for at_us, low in self._lows)
        here_ns = self._knot_ns + int((t_us - self._knot_us) * (_US_NS * self._rate))
        behind_ns = wanted - (here_ns - t_us * _US_NS)
        if abs(behind_ns) > self._p.step_ns:
            here_ns += int(behind_ns)
            behind_ns = 0.0
            self._lows.clear()
        slew = behind_ns / (self._p.slot_us * _US_NS)
        self._knot_us, self._knot_ns = t_us, here_ns
        self._rate = 1.0 + drift + min(max(slew, -self._p.max_slew), self._p.max_slew)

    def _drift(self) -> float:
        """Rate error of the board: the slope between the lowest points of both halves of the envelope."""
        count = len(self._lows)
        if count < self._p.slots_for_rate:
            return 0.0
        lows = list(self._lows)
        early = min(lows[: count // 2], key=lambda point: point[1])
        late = min(lows[count // 2 :], key=lambda point: point[1])
        slope = (late[1] - early[1]) / (max(late[0] - early[0], self._p.slot_us) * _US_NS)
        return min(max(slope, -self._p.max_rate_error), self._p.max_rate_error)
