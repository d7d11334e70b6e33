"""The process that reads one HX711 through the package `hx711`: `python -m agent.sources.gpio_worker DOUT SCK`.

The package waits without an end where a chip is unplugged, saturated or reads 0 or -1, and takes a word that was
interrupted for a good one. So it is asked for single words only, each is looked at, and whoever started this process
kills it where it tells nothing any more. It ends with its parent.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import struct
import sys
import time
from typing import Protocol

RECORD = "<BQi"  # kind, t_us (monotonic), counts
ALIVE, SOUND, UNSOUND = 0, 1, 2
EXIT_NO_GPIO = 3
ALIVE_PERIOD_S = 0.25  # longer than two conversions of the slowest chip
POLL_S = 0.001
MAX_READ_S = 0.008  # a word takes 0.3 to 3 ms; beyond it the chip may have begun its next conversion (10.5 ms)
SETTLING = 4  # conversions after the chip was off
_ALL_ONES = -1
_PR_SET_PDEATHSIG = 1


class Chip(Protocol):
    """What is used of the package's class."""

    def _ready(self) -> bool: ...
    def _read(self, max_tries: int = 40) -> int | bool: ...
    def power_down(self) -> bool: ...
    def power_up(self) -> bool: ...


class ChipReader:
    """Words of one chip, each sound or not. `out` takes the records."""

    def __init__(self, chip: Chip, out: int) -> None:
        self._chip, self._out = chip, out
        self._settling = SETTLING

    def turn(self) -> None:
        """One word, or a quarter of a second without one."""
        end_s = time.monotonic() + ALIVE_PERIOD_S
        while not self._chip._ready():
            if time.monotonic() > end_s:
                self._tell(ALIVE, 0)
                self._begin_anew()
                return
            time.sleep(POLL_S)
        begin_s = time.perf_counter()
        word = self._chip._read(max_tries=1)
        took_s = time.perf_counter() - begin_s
        busy = not self._chip._ready()  # after a whole word the line is high until the next conversion
        if word is False or not busy or took_s > MAX_READ_S or word == _ALL_ONES:
            self._tell(UNSOUND, 0)
            self._begin_anew()
            return
        if self._settling:
            self._settling -= 1
            self._tell(ALIVE, 0)
            return
        self._tell(SOUND, int(word))

    def _begin_anew(self) -> None:
        """Off and on: the package leaves a word half read where it was too slow, and the chip stands within it."""
        self._settling = SETTLING
        self._chip.power_down()
        self._chip.power_up()

    def _tell(self, kind: int, counts: int) -> None:
        os.write(self._out, struct.pack(RECORD, kind, time.monotonic_ns() // 1000, counts))


def main(words: list[str]) -> int:
    """Read until the parent ends, or kills this."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    logging.disable()  # the package warns of each slow pulse, many a second; words are judged here
    try:
        from hx711 import HX711  # noqa: PLC0415 # imports RPi.GPIO, which only a Pi has

        chip = HX711(dout_pin=int(words[0]), pd_sck_pin=int(words[1]), gain=128, channel="A")
    except (ImportError, RuntimeError, OSError) as error:
        print(f"gpio: {error}", file=sys.stderr)  # noqa: T201 # goes to the agent's log
        return EXIT_NO_GPIO
    reader = ChipReader(chip, sys.stdout.fileno())
    try:
        while True:
            reader.turn()
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
