"""Holds what a board delivered against what its chips converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.wire.frames import Frame, Samples
from tests.firmware.simboard import CHIPS, CYCLES_PER_US, SimBoard

# From ready to read: two looks, the reading of seven other chips, and foreign interrupts meanwhile.
READ_DELAY_US = 3_000
# A SAMPLE waits 1.5 nominal periods for the slowest chip, at 10 SPS.
SAMPLE_LASTS_US = 155_000
SEQ_MODULUS = 1 << 16
CLOCK_MODULUS_US = 1 << 32


@dataclass
class Delivery:
    """The ledger of one stretch in which the board did not restart. Moments are seconds since power-on."""

    wrong: list[tuple[int, int]] = field(default_factory=list)  # (channel, counts) that no chip converted
    unsettled: list[tuple[int, int]] = field(default_factory=list)  # (channel, index of the conversion)
    late: list[int] = field(default_factory=list)  # seq of samples whose time is not that of their first conversion
    gaps: int = 0  # in seq
    delivered: NDArray[np.int64] = field(default_factory=lambda: np.zeros(CHIPS, np.int64))
    delivered_s: list[list[float]] = field(default_factory=lambda: [[] for _ in range(CHIPS)])
    lost_s: list[list[float]] = field(default_factory=lambda: [[] for _ in range(CHIPS)])

    def sound(self) -> bool:
        """Nothing was delivered that is not true."""
        return not (self.wrong or self.unsettled or self.late or self.gaps)

    def share(self, channel: int, from_s: float = 0.0) -> float:
        """Delivered part of this channel's settled conversions after `from_s`."""
        delivered = sum(moment >= from_s for moment in self.delivered_s[channel])
        lost = sum(moment >= from_s for moment in self.lost_s[channel])
        return delivered / (delivered + lost) if delivered + lost else 0.0


def check(board: SimBoard, frames: Sequence[Frame] | None = None, *, from_s: float = 0.0, pending: int = 2) -> Delivery:
    """Matches every delivered count with a conversion of its chip, in order.

    `frames`: those of one stretch without a restart, where not all; `from_s`: when its first conversions were made.
    `pending`: conversions of each chip at the end that may still be on their way.
    """
    ledger = Delivery()
    conversions = board.conversions
    conversions = conversions[conversions["cycle"] >= from_s * 1e6 * CYCLES_PER_US]
    chips = [_Chip(ledger, channel, conversions[conversions["channel"] == channel]) for channel in range(CHIPS)]
    clock = _Clock()
    seq: int | None = None
    for sample in (frame for frame in (board.frames if frames is None else frames) if isinstance(frame, Samples)):
        if seq is not None and int(sample.seq[0]) != (seq + 1) % SEQ_MODULUS:
            ledger.gaps += 1
        seq = int(sample.seq[0])
        if not clock.set:
            clock.set_by(int(sample.t_board_us[0]), _surely_first_us(chips, sample))
        read_us = clock.since_power_on_us(int(sample.t_board_us[0]))
        ready_us = [
            chips[channel].take(int(sample.counts[0, channel]), read_us)
            for channel in range(sample.channels)
            if sample.present[0] >> channel & 1
        ]
        first_us = min((moment for moment in ready_us if moment is not None), default=None)
        if first_us is not None and abs(read_us - first_us) > READ_DELAY_US:
            ledger.late.append(seq)
    for chip in chips:
        chip.close(pending)
    return ledger


def _surely_first_us(chips: list[_Chip], sample: Samples) -> float:
    """When the first conversion of a sample was ready, from those counts that occur but once."""
    occurrences = [chips[channel].ready_us_of(int(sample.counts[0, channel])) for channel in range(sample.channels)]
    return min((float(found[0]) for found in occurrences if len(found) == 1), default=0.0)


class _Clock:
    """The board's clock against the bench's; what lies between them shows in the first sample."""

    def __init__(self) -> None:
        self.set = False
        self._offset_us = 0.0
        self._last_us = 0

    def set_by(self, t_board_us: int, ready_us: float) -> None:
        self.set = True
        self._offset_us = t_board_us - ready_us

    def since_power_on_us(self, t_board_us: int) -> float:
        self._last_us += (t_board_us - self._last_us) % CLOCK_MODULUS_US
        return self._last_us - self._offset_us


class _Chip:
    """One chip's conversions, as they are found among what was delivered."""

    def __init__(self, ledger: Delivery, channel: int, conversions: NDArray[np.void]) -> None:
        self._ledger = ledger
        self._channel = channel
        self._conversions = conversions[conversions["offered"]]
        self._ready_us = self._conversions["cycle"] / CYCLES_PER_US
        self._counts = self._conversions["counts"]
        self._used = 0

    def ready_us_of(self, counts: int) -> NDArray[np.float64]:
        """When conversions of these counts were ready."""
        return self._ready_us[self._counts == counts]

    def take(self, counts: int, read_us: float) -> float | None:
        """Takes note of one delivered count of a sample that began at `read_us`; when it was ready, in us."""
        window = np.searchsorted(self._ready_us, [read_us - 2 * READ_DELAY_US, read_us + SAMPLE_LASTS_US])
        start, end = max(self._used, int(window[0])), int(window[1])
        found = np.flatnonzero(self._counts[start:end] == counts)
        if len(found) == 0:
            self._ledger.wrong.append((self._channel, counts))
            return None
        one = start + int(found[0])
        self._note_lost(self._used, one)
        self._used = one + 1
        if not self._conversions["settled"][one]:
            self._ledger.unsettled.append((self._channel, int(self._conversions["index"][one])))
        self._ledger.delivered[self._channel] += 1
        self._ledger.delivered_s[self._channel].append(self._ready_us[one] / 1e6)
        return float(self._ready_us[one])

    def close(self, pending: int) -> None:
        self._note_lost(self._used, max(len(self._counts) - pending, self._used))

    def _note_lost(self, start: int, end: int) -> None:
        lost = self._conversions["settled"][start:end]
        self._ledger.lost_s[self._channel] += (self._ready_us[start:end][lost] / 1e6).tolist()
