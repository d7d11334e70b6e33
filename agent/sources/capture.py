"""What ports say within a while, kept whole: the raw material of the operator's tools. One thread a port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.sources.port import PortError, PortOpener
from agent.wire import FrameStream, Hello, OtherProtocol, Samples, Status, identify

READ_TIMEOUT_S = 0.1
ASK_PERIOD_S = 1.0
KEPT_S = 60.0  # of conversions; older ones are dropped
_WRAP_US = 1 << 32


@dataclass(frozen=True, eq=False)
class Conversions:
    """Rows of a board: `t_s` [n] on the board's clock, `counts` [n, channels], `present` [n, channels]."""

    t_s: NDArray[np.float64]
    counts: NDArray[np.int32]
    present: NDArray[np.bool_]

    def since(self, t_s: float) -> Conversions:
        """The rows from an instant on."""
        first = int(np.searchsorted(self.t_s, t_s))
        return Conversions(self.t_s[first:], self.counts[first:], self.present[first:])


class Capture:
    """The frames of one port, taken in with `feed`. `error` says why it could not be read."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.hello: Hello | None = None
        self.other: OtherProtocol | None = None
        self.first_status: Status | None = None
        self.status: Status | None = None
        self.error: PortError | None = None
        self.bytes = 0
        self.restarts = 0
        self.lost_frames = 0
        self._stream = FrameStream()
        self._blocks: list[Samples] = []
        self._t_s: list[NDArray[np.float64]] = []
        self._last_us: int | None = None
        self._passed_us = 0
        self._seq: int | None = None

    @property
    def board_id(self) -> str | None:
        """Of the board that spoke; None where none did."""
        return self.hello.board_id if self.hello else (self.other.board_id if self.other else None)

    @property
    def frames(self) -> tuple[int, int]:
        """Good frames, and dropped ones."""
        return self._stream.counters.good, self._stream.counters.bad

    def feed(self, data: bytes) -> None:
        """Bytes as they came."""
        self.bytes += len(data)
        for frame in self._stream.feed(data):
            if isinstance(frame, Samples):
                self._samples(frame)
            elif isinstance(frame, Status):
                self.first_status, self.status = self.first_status or frame, frame
            elif isinstance(frame, OtherProtocol):
                self.other = frame
            elif isinstance(frame, Hello):
                if self.hello is not None and frame.boot != self.hello.boot:
                    self.restarts += 1
                    self._last_us = self._seq = None
                if self.hello is not None and frame.channels != self.hello.channels:
                    self._blocks, self._t_s = [], []
                self.hello = frame

    def conversions(self) -> Conversions:
        """All rows that are kept."""
        channels = self.hello.channels if self.hello else 0
        if not self._blocks:
            return Conversions(np.empty(0), np.empty((0, channels), np.int32), np.empty((0, channels), np.bool_))
        masks = np.concatenate([block.present for block in self._blocks])
        counts = np.concatenate([block.counts for block in self._blocks])
        present = (masks[:, None] >> np.arange(counts.shape[1], dtype=np.uint8)) & 1
        return Conversions(np.concatenate(self._t_s), counts, present.astype(np.bool_))

    def _samples(self, block: Samples) -> None:
        if (self.hello is not None and block.channels != self.hello.channels) or (
            self._blocks and self._blocks[0].channels != block.channels
        ):
            return
        first_us = int(block.t_board_us[0])
        begin_us = self._passed_us + ((first_us - self._last_us) % _WRAP_US if self._last_us is not None else 0)
        own_us = np.concatenate(([0], np.cumsum(np.diff(block.t_board_us) % _WRAP_US)))
        seq = block.seq if self._seq is None else np.concatenate(([self._seq], block.seq))
        steps = np.diff(seq) % 65536
        self.lost_frames += int((steps[steps > 1] - 1).sum())
        self._seq = int(block.seq[-1])
        self._last_us, self._passed_us = int(block.t_board_us[-1]), begin_us + int(own_us[-1])
        self._blocks.append(block)
        self._t_s.append((begin_us + own_us) / 1e6)
        while self._t_s[0][-1] < self._passed_us / 1e6 - KEPT_S:
            del self._t_s[0], self._blocks[0]


class Listener:
    """Ports, read by a thread each until `stop`. `captures` are theirs, in order; look at them under `lock`."""

    def __init__(self, paths: Iterable[str], opener: PortOpener, now_s: Callable[[], float] = time.monotonic) -> None:
        self.lock = threading.Lock()
        self.captures = [Capture(path) for path in paths]
        self._opener, self._now_s = opener, now_s
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(capture,), name=f"capture {capture.source}", daemon=True)
            for capture in self.captures
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and let go of the ports."""
        self._stop.set()
        for thread in self._threads:
            thread.join(1.0)

    def _read(self, capture: Capture) -> None:
        try:
            port = self._opener(capture.source)
        except PortError as error:
            capture.error = error
            return
        try:
            asked_s = float("-inf")
            while not self._stop.is_set():
                if capture.hello is None and self._now_s() - asked_s > ASK_PERIOD_S:
                    asked_s = self._now_s()
                    port.write(identify())
                data = port.read(READ_TIMEOUT_S)
                with self.lock:
                    capture.feed(data)
        except PortError as error:
            capture.error = error
        finally:
            port.close()
