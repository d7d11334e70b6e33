"""How well a board's frames arrive: lost and damaged ones, counted over the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from agent.wire import Samples

WINDOW_NS = 10_000_000_000
MANY = 5  # frames within the window; fewer are a line's daily life, and the samples' own times show each gap
CLEAN_NS = 20_000_000_000  # without any for so long, the line is well again
_SEQ_MASK = 0xFFFF
_PAUSE_US = 1_000_000  # a longer gap is a board that was away, and told as such
_US_MASK = 0xFFFFFFFF


class LineHealth:
    """Of one port. `lost` and `damaged` say whether the line is bad now; both hold until it was clean for a while."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None  # seq and board time of the last SAMPLE
        self._fresh = 0
        self._dropped = 0
        self._lost = _Tally()
        self._damaged = _Tally()

    @property
    def lost(self) -> bool:
        """Frames that the board sent, or had to drop, did not come."""
        return self._lost.many

    @property
    def damaged(self) -> bool:
        """Frames came that were none."""
        return self._damaged.many

    def well(self, samples: Samples | None) -> bool:
        """The line is not bad, and none is missing within a block of SAMPLEs or before it."""
        if self.lost or self.damaged:
            return False
        if samples is None:
            return True
        seq = samples.seq
        if self._last is not None and (int(seq[0]) - self._last[0]) & _SEQ_MASK != 1:
            return False
        return bool((((seq[1:] - seq[:-1]) & _SEQ_MASK) == 1).all())

    def restart(self) -> None:
        """The board begins to count anew."""
        self._last = None

    def came(self, samples: Samples) -> None:
        """A block of SAMPLEs, in order; lost ones show as steps of `seq`."""
        seq, t_us = samples.seq, samples.t_board_us
        missing = (int(seq[-1]) - int(seq[0]) + 1 - len(seq)) & _SEQ_MASK
        if missing:
            self._fresh += _missing(np.diff(seq), np.diff(t_us))
        if self._last is not None:
            first = np.array([int(seq[0]) - self._last[0]]), np.array([int(t_us[0]) - self._last[1]])
            self._fresh += _missing(*first)
        self._last = (int(seq[-1]), int(t_us[-1]))

    def went_on(self, samples: Samples) -> None:
        """A block of SAMPLEs with which the line was `well`."""
        self._last = (int(samples.seq[-1]), int(samples.t_board_us[-1]))

    def look(self, t_ns: int, dropped: int) -> None:
        """Now; `dropped` is how many frames of the stream were none so far."""
        self._lost.add(t_ns, self._fresh)
        self._damaged.add(t_ns, dropped - self._dropped)
        self._fresh, self._dropped = 0, dropped


class _Tally:
    """How often lately; bounded, for what is beyond many is many."""

    def __init__(self) -> None:
        self._when: deque[int] = deque(maxlen=MANY)
        self.many = False

    def add(self, t_ns: int, number: int) -> None:
        self._when.extend([t_ns] * min(number, MANY))
        if self.many:
            self.many = bool(self._when) and t_ns - self._when[-1] < CLEAN_NS
        else:
            self.many = len(self._when) == MANY and t_ns - self._when[0] < WINDOW_NS


def _missing(seq_steps: NDArray[np.int64], us_steps: NDArray[np.int64]) -> int:
    """Numbers left out, but for those of a pause."""
    steps = seq_steps & _SEQ_MASK
    left_out = (steps > 1) & ((us_steps & _US_MASK) < _PAUSE_US)
    return int((steps[left_out] - 1).sum())
