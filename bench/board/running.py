"""Boards at work in real time: a thread lets the shelves' time pass and moves bytes between boards and their ports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from bench.board.board import VirtualBoard
from bench.board.chips import Conversion, Trouble
from bench.board.port import PtyPort
from bench.board.shelf import Shelf
from bench.physics.parameters import Room
from bench.recordings.stream import USB_POLL_S

JOIN_S = 2.0
ROOM_CELSIUS = 21.0


class Board(Protocol):
    """A board on a port, virtual or simulated."""

    path: str

    def step(self, until_s: float, conversions: list[Conversion], celsius: float) -> None:
        """Time goes on to `until_s`; what its chips converted since the last step."""

    def close(self) -> None:
        """End it, and take its port away."""


class PtyBoard:
    """A `VirtualBoard` on a pty, its bytes handed over at the times at which a USB bridge is asked for them."""

    def __init__(self, board: VirtualBoard, port: PtyPort, rng: np.random.Generator) -> None:
        self.path = port.path
        self._board, self._port, self._rng, self._poll_s = board, port, rng, 0.0

    def step(self, until_s: float, conversions: list[Conversion], celsius: float) -> None:
        if heard := self._port.read():
            self._board.receive(heard, until_s)
        self._board.advance(until_s, conversions, celsius)
        if until_s < self._poll_s:
            return
        self._poll_s = until_s + float(self._rng.uniform(*USB_POLL_S))
        data = self._board.sent(until_s)
        if data and self._port.in_use and not self._port.write(data):
            self._board.tx_dropped += 1

    def close(self) -> None:
        self._port.close()


class BoardPins:
    """The shelf's chips as one board knows them."""

    def __init__(self, shelf: Shelf, board: str) -> None:
        self._shelf, self._board = shelf, board

    def set_rate(self, rate_hz: int) -> None:
        """The RATE pin."""
        self._shelf.set_rate(self._board, rate_hz)

    def set_gain(self, gain: int) -> None:
        """Pulses a read."""
        self._shelf.set_gain(self._board, gain)


def virtual_boards(shelf: Shelf, room: Room, ports: dict[str, PtyPort], rng: np.random.Generator) -> dict[str, Board]:
    """A virtual board for each port; `ports` by board id (hex)."""
    out: dict[str, Board] = {}
    for board, port in ports.items():
        channels = 1 + max(channel for name, channel in shelf.by_channel if name == board)
        clock = 1.0 + room.building.board_clock_ppm.draw_signed(rng) * 1e-6
        pins = BoardPins(shelf, board)
        boot = int(rng.integers(1, 400))
        virtual = VirtualBoard(bytes.fromhex(board), channels, shelf.shop.rate_hz, pins, clock=clock, boot=boot)
        out[board] = PtyBoard(virtual, port, rng)
    return out


class Running:
    """Shelf and boards in step with the clock. `now_s` is the store's time; `failure` says why it ended by itself."""

    def __init__(self, shelf: Shelf, boards: dict[str, Board], clock: Callable[[], float] = time.monotonic) -> None:
        """`boards` by board id (hex)."""
        self.failure: BaseException | None = None
        self._shelf, self._boards, self._clock = shelf, boards, clock
        self._origin_s = clock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="boards", daemon=True)
        self._troubles: list[tuple[str, int, Trouble]] = []
        self._lock = threading.Lock()

    @property
    def boards(self) -> list[Board]:
        """The boards."""
        return list(self._boards.values())

    @property
    def origin_s(self) -> float:
        """The clock's reading at which the store's time is 0."""
        return self._origin_s

    def now_s(self) -> float:
        """The store's time (s)."""
        return self._clock() - self._origin_s

    def start(self) -> None:
        """Power on."""
        self._origin_s = self._clock()
        self._thread.start()

    def trouble(self, board: str, channel: int, trouble: Trouble) -> None:
        """Something goes wrong with a channel, or is mended. Raises KeyError where it has no cell."""
        if (board, channel) not in self._shelf.by_channel:
            raise KeyError(f"{board}/{channel}")
        with self._lock:
            self._troubles.append((board, channel, trouble))

    def stop(self) -> None:
        """Power off; ports are gone afterwards."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)
        for board in self._boards.values():
            board.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._step()
                self._stop.wait(USB_POLL_S[0] / 2)
        except BaseException as error:  # noqa: BLE001 # whoever started us looks at it
            self.failure = error

    def _step(self) -> None:
        with self._lock:
            troubles, self._troubles = self._troubles, []
        for trouble in troubles:
            self._shelf.trouble(*trouble)
        now_s = self.now_s()
        conversions = self._shelf.advance(now_s)
        celsius = ROOM_CELSIUS + self._shelf.kelvin(now_s)
        for name, board in self._boards.items():
            board.step(now_s, conversions[name], celsius)
