"""A contact: from the first departure from rest until the plate stands still again."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from agent.detection.bend import Bend, bend
from agent.detection.level import Level
from agent.detection.parameters import DetectionParameters
from agent.detection.trace import Trace


@dataclass(eq=False)
class Contact:
    """What is known of a contact so far.

    `before` is the plateau it left (None: the plate was never seen at rest), `rested_ns` the instant up to
    which it was said to rest (0: never), `plateaus` those that stood within it
    and ended, oldest first, `current` the one that stands now. `peak_g` is the largest departure of the weight
    over two conversions.
    `whole`: all cells measure, so that moments are to be believed while the weight moves, too.
    """

    before: Level | None
    opened_ns: int
    trace: Trace
    parameters: DetectionParameters
    plateaus: list[Level] = field(default_factory=list)
    current: Level | None = None
    peak_g: float = 0.0
    rested_ns: int = 0
    asked_ns: int = 0  # up to when `current` was put to judgement
    whole: bool = True
    _bends: dict[tuple[int, int], Bend | None] = field(default_factory=dict)

    @property
    def now_ns(self) -> int:
        return self.trace.end_ns

    @property
    def standing_s(self) -> float:
        """How long the plate stands on `current`, with the plateaus just before it that were the same."""
        assert self.current is not None
        begin_ns = self.current.begin_ns
        for plateau in reversed(self.plateaus):
            if plateau.soft or not self._continues(plateau, self.current, begin_ns):
                break
            begin_ns = min(begin_ns, plateau.begin_ns)
        return (self.current.end_ns - begin_ns) * 1e-9

    def remember(self, level: Level) -> None:
        """Keep a plateau that ended; one that goes on where the last stood is one with it. The shortest give way."""
        if self.plateaus:
            last = self.plateaus[-1]
            if last.soft == level.soft and self._continues(last, level, level.begin_ns):
                self.plateaus[-1] = last.joined(level)
                return
            if last.soft >= level.soft and last.end_ns > level.begin_ns:
                self.plateaus[-1] = level
                return
        self.plateaus.append(level)
        if len(self.plateaus) > self.parameters.candidates:
            self.plateaus.remove(min(self.plateaus, key=lambda plateau: plateau.seconds))

    def _continues(self, earlier: Level, later: Level, begin_ns: int) -> bool:
        gap_s = self.parameters.same_gap_s
        if earlier.ring_g > 0:  # it ended a moment before it broke
            gap_s += self.parameters.guard_s
        near = begin_ns - earlier.end_ns < round(gap_s * 1e9)
        return near and earlier.apart(later) < self.parameters.same_sigmas

    def bent(self, nodes: list[Level]) -> list[Level]:
        """Plateaus in order, each with how straight the way from the one before was."""
        return [*nodes[:1], *(self._with_bend(a, b) for a, b in itertools.pairwise(nodes))]

    def _with_bend(self, start: Level, end: Level) -> Level:
        if end.bend is not None or not self.whole or start.end_ns > end.begin_ns:
            return end
        key = (start.end_ns, end.begin_ns)
        if key not in self._bends:
            self._bends[key] = self._bend(start, end)
        found = self._bends[key]
        return end if found is None else replace(end, bend=found)

    def _bend(self, start: Level, end: Level) -> Bend | None:
        if end.begin_ns - start.end_ns > round(self.parameters.bend_longest_s * 1e9):
            return None
        if not len(self.trace) or self.trace.t_ns[0] > start.end_ns:
            return None
        t_ns, z = self.trace.between(start.end_ns, end.begin_ns)
        sigma_g = np.sqrt(start.variance * start.samples)
        return bend(start.end_ns, t_ns, z - start.mean, end.mean - start.mean, sigma_g, self.parameters)

    def instant_ns(self, start: Level, end: Level) -> int:
        """When the change between two plateaus happened: the last crossing of its half, in the mode that moved most."""
        return max(self._crossing_ns(start, end), self.rested_ns)

    def _crossing_ns(self, start: Level, end: Level) -> int:
        t_ns, z = self.trace.between(start.end_ns, end.begin_ns)
        if len(t_ns) < 2:  # a crossing lies between two rows
            return (start.end_ns + end.begin_ns) // 2
        gap = end.mean - start.mean
        mode = 0 if abs(gap[0]) * 2 > np.abs(gap).max() else int(np.argmax(np.abs(gap)))
        if end.ring_hz:
            z = _without_ring(t_ns, z, end.ring_hz)
        half = (start.mean[mode] + end.mean[mode]) / 2
        short = (z[:, mode] < half) if gap[mode] > 0 else (z[:, mode] > half)
        where = np.flatnonzero(short[:-1] & ~short[1:])
        if not len(where):
            return int(t_ns[0] if not short[0] else t_ns[-1])
        k = int(where[-1])
        rise = z[k + 1, mode] - z[k, mode]
        share = (half - z[k, mode]) / rise if rise else 0.5
        return int(t_ns[k] + share * (t_ns[k + 1] - t_ns[k]))


def _without_ring(t_ns: NDArray[np.int64], z: NDArray[np.float64], frequency_hz: float) -> NDArray[np.float64]:
    """Rows averaged over one period of the ring around each."""
    rate_hz = (len(t_ns) - 1) / max((int(t_ns[-1]) - int(t_ns[0])) * 1e-9, 1e-9)
    width = min(max(round(rate_hz / frequency_hz), 1), len(t_ns))
    if width == 1:
        return z
    padded = np.concatenate(
        (np.repeat(z[:1], width // 2, axis=0), z, np.repeat(z[-1:], width - 1 - width // 2, axis=0))
    )
    total = padded[: len(z)].copy()
    for k in range(1, width):
        total += padded[k : k + len(z)]
    return total / width
