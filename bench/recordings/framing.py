"""A board at work: conversions of free-running chips to SAMPLE frames, as the serial contract says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.recordings.measuring import Conversions
from bench.wire import sample_frames

LATEST_PERIODS = 1.5  # a SAMPLE goes out so long after its first conversion, whatever is missing
SILENT_PERIODS = 8  # a channel silent for so long is waited for no more


@dataclass(frozen=True)
class Samples:
    """SAMPLEs of a board: when each was complete and when its first conversion was read (s), and what it carries."""

    sent_s: npt.NDArray[np.float64]
    first_s: npt.NDArray[np.float64]
    present: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]  # [n, channels]

    def encode(self, t_board_us: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """All frames, [n, length]; the board's clock at each first conversion is given."""
        return sample_frames(np.arange(len(self.sent_s)), t_board_us, self.present, self.counts)


def assemble(conversions: Conversions, nominal_hz: int) -> Samples:
    """Gather conversions into SAMPLEs in the order in which the chips became ready."""
    channels = len(conversions.times_s)
    times = np.concatenate(conversions.times_s)
    order = np.argsort(times, kind="stable")
    channel = np.repeat(np.arange(channels), [len(t) for t in conversions.times_s])[order]
    sorted_s, counts = times[order], np.concatenate(conversions.counts)[order]
    frame_of, sent = _group(sorted_s.tolist(), channel.tolist(), channels, 1.0 / nominal_hz)
    n = len(sent)
    index = np.array(frame_of, dtype=np.int64)
    matrix = np.zeros((n, channels), dtype=np.int64)
    matrix[index, channel] = counts
    present = np.zeros(n, dtype=np.int64)
    np.bitwise_or.at(present, index, 1 << channel)
    first = sorted_s[np.searchsorted(index, np.arange(n))]
    return Samples(np.array(sent), first, present, matrix)


def _group(times: list[float], channel: list[int], channels: int, period_s: float) -> tuple[list[int], list[float]]:
    """Which frame each conversion belongs to, and when each frame is sent."""
    frame_of: list[int] = []
    sent: list[float] = []
    last_seen = [0.0] * channels
    live = (1 << channels) - 1
    mask, first, deadline = 0, 0.0, 0.0
    for t, c in zip(times, channel, strict=True):
        bit = 1 << c
        if mask and t > deadline:
            sent.append(deadline)
            mask = 0
        elif mask & bit:
            sent.append(t)
            mask = 0
        if not mask:
            first, deadline = t, t + LATEST_PERIODS * period_s
            live = sum(1 << k for k in range(channels) if t - last_seen[k] <= SILENT_PERIODS * period_s)
        last_seen[c] = t
        live |= bit
        frame_of.append(len(sent))
        mask |= bit
        if mask & live == live:
            sent.append(t)
            mask = 0
    if mask:
        sent.append(deadline if first else period_s)
    return frame_of, sent
