"""HX711s on the Pi's own pins, read by a process a chip that is killed where it hangs. Behaves as a board's port.

`gpio:5/6,13/19` are the BCM numbers DOUT/PD_SCK of channels 0, 1, ...; `@80` at the end: the modules' RATE is high.
Linux may stop a process within a word; the board of the firmware cannot be stopped. Use this for a prototype.
"""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.sources.assembler import Assembler
from agent.sources.gpio_worker import EXIT_NO_GPIO, RECORD, SOUND, UNSOUND
from agent.sources.port import UNUSABLE, PortError
from agent.wire import identify

MAX_CHANNELS = 8
MAX_PIN = 27  # the last of the 40-pin header
START_S = 5.0  # the package reads and waits twice before it is ready
HANG_S = 1.0  # a worker tells that it lives four times a second
FIRST_WAIT_S, MAX_WAIT_S = 0.5, 8.0
KILL_S = 1.0
_PINS = re.compile(r"gpio:(?P<pins>\d{1,2}/\d{1,2}(,\d{1,2}/\d{1,2})*)(@(?P<rate>10|80))?")
_RECORD = struct.Struct(RECORD)


def parse_pins(path: str) -> tuple[list[tuple[int, int]], int]:
    """Pins (DOUT, PD_SCK) by channel, and the nominal rate.

    Raises:
        PortError: not of this form, or a pin that is none or is named twice.
    """
    found = _PINS.fullmatch(path)
    if found is None:
        raise PortError(
            UNUSABLE, path, "no list of pins", "write gpio:DOUT/SCK,DOUT/SCK, BCM numbers, such as gpio:5/6"
        )
    pairs = [tuple(map(int, pair.split("/"))) for pair in found["pins"].split(",")]
    pins = [pin for pair in pairs for pin in pair]
    if len(pairs) > MAX_CHANNELS or max(pins) > MAX_PIN or len(set(pins)) < len(pins):
        remedy = f"name up to {MAX_CHANNELS} pairs of BCM pins from 0 to {MAX_PIN}, each pin once"
        raise PortError(UNUSABLE, path, "wrong pins", remedy)
    return [(pair[0], pair[1]) for pair in pairs], int(found["rate"] or 10)


@dataclass(eq=False)
class _Worker:
    """One chip's process, while there is one."""

    channel: int
    pins: tuple[int, int]
    process: subprocess.Popen[bytes] | None = None
    due_s: float = 0.0  # when it is to be started
    deadline_s: float = 0.0  # when it counts as hung
    wait_s: float = FIRST_WAIT_S
    held: bytearray = field(default_factory=bytearray)


class GpioPort:
    """A `Port` whose board is this machine."""

    def __init__(self, path: str, now_s: Callable[[], float] = time.monotonic) -> None:
        """Raises PortError."""
        self._path, self._now_s = path, now_s
        pins, rate_hz = parse_pins(path)
        self._assembler = Assembler(len(pins), rate_hz, int(now_s()), self._now_us())
        self._workers = [_Worker(channel, pair) for channel, pair in enumerate(pins)]
        self.killed = 0
        self._answer = b""

    def read(self, timeout_s: float) -> bytes:
        """Frames, waiting at most `timeout_s`.

        Raises:
            PortError: this machine has no GPIO that can be used.
        """
        self._tend()
        out, self._answer = self._answer, b""
        pipes = {w.process.stdout.fileno(): w for w in self._workers if w.process is not None and w.process.stdout}
        ready, _, _ = select.select(list(pipes), [], [], 0 if out else timeout_s)
        for descriptor in ready:
            out += self._records(pipes[descriptor], os.read(descriptor, 4096))
        return out + self._assembler.advance(self._now_us())

    def write(self, data: bytes) -> None:
        """What a board would be told; IDENTIFY is answered, gain and rate are wired here."""
        if identify() in data:
            self._answer += self._assembler.identify()

    def close(self) -> None:
        for worker in self._workers:
            self._end(worker)

    def _now_us(self) -> int:
        return round(self._now_s() * 1e6)

    def _tend(self) -> None:
        """Start what is to run, kill what hangs."""
        now_s = self._now_s()
        for worker in self._workers:
            if worker.process is None:
                if now_s >= worker.due_s:
                    self._start(worker, now_s)
            elif worker.process.poll() is not None:
                code = worker.process.returncode
                self._end(worker)
                if code == EXIT_NO_GPIO:
                    remedy = (
                        "on a Pi install the extra `gpio` and add the user to the group gpio; elsewhere use a board"
                    )
                    raise PortError(UNUSABLE, self._path, "no GPIO that can be used", remedy)
                self._later(worker, now_s)
            elif now_s > worker.deadline_s:
                self.killed += 1
                self._end(worker)
                self._later(worker, now_s)

    def _start(self, worker: _Worker, now_s: float) -> None:
        words = [sys.executable, "-m", "agent.sources.gpio_worker", *map(str, worker.pins)]
        worker.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)
        worker.deadline_s = now_s + START_S
        worker.held.clear()

    def _later(self, worker: _Worker, now_s: float) -> None:
        worker.due_s = now_s + worker.wait_s
        worker.wait_s = min(MAX_WAIT_S, worker.wait_s * 2)

    def _end(self, worker: _Worker) -> None:
        process, worker.process = worker.process, None
        if process is None:
            return
        process.kill()
        try:
            process.wait(KILL_S)
        except subprocess.TimeoutExpired:
            self.killed += 1  # in the kernel; it goes when the kernel lets it
        if process.stdout is not None:
            process.stdout.close()

    def _records(self, worker: _Worker, data: bytes) -> bytes:
        worker.held += data
        whole = len(worker.held) - len(worker.held) % _RECORD.size
        out = b""
        for kind, t_us, counts in _RECORD.iter_unpack(bytes(worker.held[:whole])):
            worker.deadline_s = self._now_s() + HANG_S
            if kind == SOUND:
                worker.wait_s = FIRST_WAIT_S
                out += self._assembler.add(worker.channel, t_us, counts)
            elif kind == UNSOUND:
                self._assembler.unsound += 1
        del worker.held[:whole]
        return out
