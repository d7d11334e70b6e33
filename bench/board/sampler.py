"""Gathers conversions into SAMPLEs as they come, by the rule of the serial contract."""

from __future__ import annotations

from dataclasses import dataclass

from bench.recordings.framing import LATEST_PERIODS, SILENT_PERIODS


@dataclass(frozen=True)
class Sample:
    """What a SAMPLE carries: when it is complete and when its first conversion was read (s of the board's life)."""

    sent_s: float
    first_s: float
    present: int
    counts: list[int]


class Sampler:
    """One SAMPLE at a time: complete when every live channel has delivered, or one is ready a second time, at the
    latest 1.5 nominal periods after its first conversion."""

    def __init__(self, channels: int, rate_hz: int, since_s: float = 0.0) -> None:
        """`since_s`: all channels count as live then."""
        self._channels, self._period_s = channels, 1.0 / rate_hz
        self._heard_s = [since_s] * channels
        self._live = (1 << channels) - 1
        self._present, self._first_s = 0, 0.0
        self._counts = [0] * channels

    def take(self, t: float, channel: int, counts: int) -> list[Sample]:
        """A conversion, in order of time; the SAMPLEs that are complete by it."""
        done = self.pass_time(t)
        bit = 1 << channel
        if self._present & bit:
            done.append(self._close(t))
        if not self._present:
            self._first_s = t
            silent_s = SILENT_PERIODS * self._period_s
            self._live = sum(1 << k for k in range(self._channels) if t - self._heard_s[k] <= silent_s)
        self._heard_s[channel] = t
        self._live |= bit
        self._present |= bit
        self._counts[channel] = counts
        if self._present & self._live == self._live:
            done.append(self._close(t))
        return done

    def pass_time(self, t: float) -> list[Sample]:
        """The SAMPLE that waits no longer, if there is one."""
        deadline_s = self._first_s + LATEST_PERIODS * self._period_s
        return [self._close(deadline_s)] if self._present and t > deadline_s else []

    def _close(self, t: float) -> Sample:
        sample = Sample(t, self._first_s, self._present, self._counts)
        self._present, self._counts = 0, [0] * self._channels
        return sample
