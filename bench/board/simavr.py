"""A board whose firmware runs in simavr (firmware/sim): counts go in as records, frames come out on its own pty."""

from __future__ import annotations

import os
import struct
from typing import IO

from bench.board.chips import Conversion

RECORD_S = 0.004  # a record says what the chips would convert until its instant
CHIPS = 8
UNPLUGGED = -(1 << 31)
BACKLOG_BYTES = 40 * 500  # two seconds: the simulator does not keep up


class TooSlowError(RuntimeError):
    """The simulator does not keep up with the clock."""


class SimavrBoard:
    """One `shelf-sim serve`, fed through its standard input. Its chips have oscillators of their own."""

    def __init__(self, path: str, records: IO[bytes]) -> None:
        """`path` is the simulator's port, `records` its standard input."""
        self.path = path
        self._records = records
        os.set_blocking(records.fileno(), False)
        self._counts = [UNPLUGGED] * CHIPS
        self._waiting = bytearray()

    def step(self, until_s: float, conversions: list[Conversion], celsius: float) -> None:  # noqa: ARG002 # no thermistor
        """Time goes on. `conversions` lie on the grid of RECORD_S; what a record lacks is unplugged."""
        instants: dict[float, dict[int, int | None]] = {}
        for conversion in conversions:
            instants.setdefault(round(conversion.t / RECORD_S) * RECORD_S, {})[conversion.channel] = conversion.counts
        for t, counts in sorted(instants.items()):
            for channel in range(CHIPS):
                value = counts.get(channel, UNPLUGGED)
                if value is not None:  # a conversion thrown away leaves what was there
                    self._counts[channel] = value
            self._waiting += struct.pack("<Q8i", round(t * 1e6), *self._counts)
        self._write()

    def close(self) -> None:
        """The end of its input ends the simulator."""
        self._records.close()

    def _write(self) -> None:
        try:
            written = os.write(self._records.fileno(), self._waiting) if self._waiting else 0
        except BlockingIOError:
            written = 0
        except BrokenPipeError:
            self._waiting.clear()  # it has ended; whoever started it knows
            return
        del self._waiting[:written]
        if len(self._waiting) > BACKLOG_BYTES:
            raise TooSlowError("the simulated boards do not keep up with the clock on this machine")
