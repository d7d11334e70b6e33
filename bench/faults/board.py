"""A board on a pseudo-terminal whose loads and faults are set while it runs, sample by sample in real time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import select
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.wire import Hello, Reply, Status, frame, sample_body
from bench.wire.commands import IDENTIFY, RESET, CommandReader

RATE_HZ = 80.0
RAMP_S = 0.18  # how long a hand takes to lift a thing off
NOISE_COUNTS = 45.0
STAMMERS_AT_ONCE = 20
DRIFT_G_S = 10.0  # of a cell whose glue lets go
HELLO_PERIOD_S, STATUS_PERIOD_S = 5.0, 1.0
SETTLING_SAMPLES = 4  # conversions dropped after a reset
WATCHDOG = 8  # reset_cause bit 3
FULL_BYTES = 4096  # a pty's buffer: beyond, bytes are dropped as on a real line that nobody reads


@dataclass(slots=True)
class Cell:
    """A channel. `fault`: "", "dead" (absent), "stuck", "saturated", "wild" or "drifting"."""

    zero: int
    counts_per_gram: float
    grams: float = 0.0
    fault: str = ""
    stuck_at: int = 0
    drifted_g: float = 0.0


@dataclass(slots=True)
class _Move:
    """Grams that each channel gains over the ramp."""

    begin_s: float
    shares: dict[int, float]
    done: float = 0.0


@dataclass
class SettableBoard:
    """Speaks protocol 1 on `path` (a symlink to the pty) until `stop`. Call its methods from any thread."""

    board_id: bytes
    path: Path
    cells: list[Cell]
    seed: int = 0
    first_seq: int = 0
    first_t_us: int = 0
    boot: int = 1
    _moves: list[_Move] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._master = self._slave = -1
        self._seq, self._cause = self.first_seq, 1
        self._reader = CommandReader()
        self._hung = False
        self._garbage = b""
        self._skip = SETTLING_SAMPLES
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"board {self.path.name}", daemon=True)
        self._origin_s = time.monotonic() - self.first_t_us / 1e6

    def start(self) -> None:
        self.plug()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self.unplug()

    # -- what is done to it ---------------------------------------------------------------------

    def move(self, shares: dict[int, float]) -> float:
        """Grams that come onto (or off) the channels, over the ramp; gives the instant (monotonic s) of its half."""
        with self._lock:
            now_s = time.monotonic()
            self._moves.append(_Move(now_s, shares))
            return now_s + RAMP_S / 2

    def plug(self) -> None:
        """The port appears."""
        with self._lock:
            self._reader = CommandReader()
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self.path.unlink(missing_ok=True)
            self.path.symlink_to(os.ttyname(self._slave))
            self._send(self._hello())

    def unplug(self) -> None:
        """The port is gone; whatever moves on the cells meanwhile, nobody sees."""
        with self._lock:
            self.path.unlink(missing_ok=True)
            for descriptor in (self._slave, self._master):
                if descriptor >= 0:
                    os.close(descriptor)
            self._master = self._slave = -1

    def reset(self) -> None:
        """Watchdog: clock, seq and boot begin anew, four conversions are dropped."""
        with self._lock:
            self.boot += 1
            self._cause = WATCHDOG
            self._seq = 0
            self._skip = SETTLING_SAMPLES
            self._origin_s = time.monotonic()
            self._send(self._hello())

    def hang(self, hung: bool) -> None:
        """Say nothing."""
        self._hung = hung

    def babble(self, data: bytes) -> None:
        """Put bytes on the line between frames."""
        with self._lock:
            self._garbage += data

    def stammer(self, times: int) -> None:
        """HELLOs of another protocol, then of this one, so often: a fault and its end each."""
        body = self._introduction().body()
        pair = frame(body[:1] + bytes([2]) + body[2:]) + frame(body)
        for _ in range(0, times, STAMMERS_AT_ONCE):
            self.babble(pair * min(STAMMERS_AT_ONCE, times))
            wait_until(lambda: not self._garbage and self._waiting_bytes() < FULL_BYTES // 8, 2.0, 0.005)

    # -- the board ------------------------------------------------------------------------------

    def _run(self) -> None:
        period_s = 1.0 / RATE_HZ
        due_s = time.monotonic()
        hello_s = status_s = due_s
        while not self._stop.is_set():
            due_s += period_s
            delay_s = due_s - time.monotonic()
            if delay_s > 0:
                time.sleep(delay_s)
            elif delay_s < -0.5:
                due_s = time.monotonic()  # a machine that stood still: the board's clock runs on
            with self._lock:
                self._settle(due_s)
                self._seq = (self._seq + 1) & 0xFFFF
                if self._hung or self._master < 0:
                    continue
                self._listen()
                out = b""
                if due_s - hello_s >= HELLO_PERIOD_S:
                    hello_s = due_s
                    out += self._hello()
                if due_s - status_s >= STATUS_PERIOD_S:
                    status_s = due_s
                    silent = sum(1 << channel for channel, cell in enumerate(self.cells) if cell.fault == "dead")
                    out += Status(int(due_s - self._origin_s), faults=silent).encode()
                if self._skip:
                    self._skip -= 1
                else:
                    out += self._sample(due_s)
                garbage, self._garbage = self._garbage, b""
                self._send(garbage + out)

    def _settle(self, now_s: float) -> None:
        for move in self._moves:
            share = min(1.0, max(0.0, (now_s - move.begin_s) / RAMP_S))
            smooth = share * share * (3.0 - 2.0 * share)
            for channel, grams in move.shares.items():
                self.cells[channel].grams += grams * (smooth - move.done)
            move.done = smooth
        self._moves = [move for move in self._moves if move.done < 1.0]

    def _sample(self, now_s: float) -> bytes:
        present, counts = 0, []
        for channel, cell in enumerate(self.cells):
            count = self._count(cell)
            if count is not None:
                present |= 1 << channel
            counts.append(count or 0)
        t_us = int((now_s - self._origin_s) * 1e6)
        return frame(sample_body(self._seq, t_us, present, counts))

    def _count(self, cell: Cell) -> int | None:
        match cell.fault:
            case "dead":
                return None
            case "stuck":
                return cell.stuck_at
            case "saturated":
                return 0x7FFFFF
            case "wild":
                return self._random.randint(-0x700000, 0x700000)
            case "drifting":
                cell.drifted_g += DRIFT_G_S / RATE_HZ
        noise = self._random.gauss(0.0, NOISE_COUNTS)
        return round(cell.zero + (cell.grams + cell.drifted_g) * cell.counts_per_gram + noise)

    def _introduction(self) -> Hello:
        return Hello(self.board_id, len(self.cells), int(RATE_HZ), reset_cause=self._cause, boot=self.boot)

    def _hello(self) -> bytes:
        return self._introduction().encode()

    def _listen(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self._master, 4096):
                for command in self._reader.feed(data):
                    if command.command == IDENTIFY:
                        self._send(self._hello())
                    elif command.command == RESET:
                        self.reset()
                    else:
                        self._send(Reply(command.command, 0).encode())

    def _send(self, data: bytes) -> None:
        if self._master < 0 or not data or self._waiting_bytes() > FULL_BYTES // 2:
            return
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._master, data)

    def _waiting_bytes(self) -> int:
        """Bytes that the host has not read."""
        raw = fcntl.ioctl(self._slave, termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", raw)[0])


def wait_until(condition: Callable[[], bool], within_s: float, step_s: float = 0.02) -> bool:
    """Whether the condition came true in time."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if condition():
            return True
        select.select([], [], [], step_s)
    return condition()
