"""Conversions of chips that no board reads, as a board would send them: SAMPLE, HELLO and STATUS frames.

So the rest of the agent, recordings among it, knows no difference. Pure.
"""

from __future__ import annotations

import struct

from agent.wire import seal
from agent.wire.frames import GPIO_ID, HELLO, NO_TEMPERATURE, PROTOCOL, SAMPLE, STATUS

HELLO_PERIOD_US, STATUS_PERIOD_US = 5_000_000, 1_000_000
SILENT_US = 1_000_000  # serial.md: a channel without a sound conversion for so long is a fault
STARTING_US = 5_000_000  # and one that has given none yet: whoever reads the chips may take so long to begin
LIVE_PERIODS, LATEST_PERIODS = 8, 1.5
WILD_COUNTS = 4000  # of a lone word against both neighbours: 10 g of a 5 kg cell, 40 g of one of 20 kg
_AGREE = 0.5  # of the leap: so far may the neighbours differ
_GAIN, _POWER_ON, _VERSION = 128, 1, (1, 0, 0)
_WRAP_US = 1 << 32


class LoneWords:
    """Drops a word that differs wildly from both its neighbours; holds one word back for that."""

    def __init__(self, wild_counts: int = WILD_COUNTS) -> None:
        self._wild = wild_counts
        self._before: int | None = None
        self._held: tuple[int, int] | None = None
        self.dropped = 0

    def take(self, t_us: int, counts: int) -> tuple[int, int] | None:
        """The next word; the word before, where it is sound by now."""
        held, self._held = self._held, (t_us, counts)
        if held is None:
            return None
        if self._before is not None:
            up, down = held[1] - self._before, held[1] - counts
            leap = min(abs(up), abs(down))
            if leap > self._wild and up * down > 0 and abs(counts - self._before) < _AGREE * leap:
                self.dropped += 1
                return None
        self._before = held[1]
        return held


class Assembler:
    """Puts the conversions of several chips together. `t_us` is any clock that runs on; it becomes the board's."""

    def __init__(self, channels: int, rate_hz: int, boot: int, t_us: int) -> None:
        self._channels, self._rate_hz, self._boot = channels, rate_hz, boot & 0xFFFF
        self._period_us = 1_000_000 // rate_hz
        self._began_us = t_us
        self._words = [LoneWords() for _ in range(channels)]
        self._waiting: dict[int, int] = {}
        self._first_us = t_us
        self._heard_us: list[int | None] = [None] * channels
        self._hello_us, self._status_us = t_us + STARTING_US, t_us + STATUS_PERIOD_US
        self._introduced = False
        self._seq = 0
        self.unsound = 0

    def identify(self) -> bytes:
        """The answer to IDENTIFY; empty while nothing is read yet: the HELLO comes by itself."""
        return self._hello() if self._introduced else b""

    def _hello(self) -> bytes:
        self._introduced = True
        head = struct.pack("<BB8s", HELLO, PROTOCOL, GPIO_ID)
        tail = (*_VERSION, self._channels, _GAIN, self._rate_hz, _POWER_ON, self._boot)
        return seal(head + struct.pack("<BBBBBBBH", *tail))

    def add(self, channel: int, t_us: int, counts: int) -> bytes:
        """A conversion of a channel; the frames that it completes."""
        sound = self._words[channel].take(t_us, counts)
        if sound is None:
            return b""
        self._heard_us[channel] = t_us
        out = b""
        if not self._introduced:
            self._hello_us = t_us + HELLO_PERIOD_US
            out += self._hello()
        if channel in self._waiting:
            out += self._flush()
        if not self._waiting:
            # a word that was held back may be older than the SAMPLE before; a board's clock never goes back
            self._first_us = max(self._first_us, sound[0])
        self._waiting[channel] = sound[1]
        if all(c in self._waiting for c in range(self._channels) if self._live(c, t_us)):
            out += self._flush()
        return out

    def advance(self, t_us: int) -> bytes:
        """Time passes: what is overdue goes out."""
        out = b""
        if self._waiting and t_us - self._first_us > (LATEST_PERIODS + 1) * self._period_us:
            out += self._flush()
        if t_us >= self._hello_us:
            self._hello_us = t_us + HELLO_PERIOD_US
            out += self._hello()
        if t_us >= self._status_us:
            self._status_us = t_us + STATUS_PERIOD_US
            out += self._status(t_us)
        return out

    def _live(self, channel: int, t_us: int) -> bool:
        heard_us = self._heard_us[channel]
        return heard_us is not None and t_us - heard_us <= LIVE_PERIODS * self._period_us

    def _flush(self) -> bytes:
        present = sum(1 << channel for channel in self._waiting)
        t_us = (self._first_us - self._began_us) % _WRAP_US
        body = struct.pack("<BHIB", SAMPLE, self._seq, t_us, present)
        for channel in range(self._channels):
            body += (self._waiting.get(channel, 0) & 0xFFFFFF).to_bytes(3, "little")
        self._seq = (self._seq + 1) & 0xFFFF
        self._waiting.clear()
        return seal(body)

    def _status(self, t_us: int) -> bytes:
        faults = 0
        for channel, heard_us in enumerate(self._heard_us):
            if t_us > (self._began_us + STARTING_US if heard_us is None else heard_us + SILENT_US):
                faults |= 1 << channel
        unsound = (self.unsound + sum(words.dropped for words in self._words)) & 0xFFFF
        uptime_s = (t_us - self._began_us) // 1_000_000
        return seal(struct.pack("<BIhHHHHB", STATUS, uptime_s, NO_TEMPERATURE, 0, unsound, 0, 0, faults))
