"""What waits for the worker: chunks, commands, faults of ports. Bounded by bytes; stamped as it enters.

Bytes wait for the worker's next turn; only notes wake it, so that many ports cost it no more turns than one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from agent.messages import Command
from agent.sources.types import SourceChunk

MAX_BYTES = 8 * 1024 * 1024  # two minutes of eight busy boards
MAX_NOTES = 4096


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """A fault of a port, the broker or the disk, or its end."""

    fault: str
    subject: str
    remedy: str
    recovered: bool


Note = Command | ServiceFault


@dataclass(frozen=True, slots=True)
class Batch:
    """All that had come by `t_mono_ns`, in order of arrival."""

    t_mono_ns: int
    chunks: list[SourceChunk]
    notes: list[Note]


class Inbox:
    """Many writers, one reader. Arrival is stamped under the lock, so that a batch holds all before its time."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._ready = threading.Condition()
        self._chunks: list[SourceChunk] = []
        self._notes: deque[Note] = deque()
        self._bytes = 0
        self._woken = False
        self.dropped_bytes = 0

    def put_bytes(self, source: str, data: bytes) -> SourceChunk | None:
        """Bytes of a port, stamped now; None: there is no room, they are dropped and counted."""
        with self._ready:
            if self._bytes + len(data) > MAX_BYTES:
                self.dropped_bytes += len(data)
                return None
            chunk = SourceChunk(source, self._now_ns(), data)
            self._chunks.append(chunk)
            self._bytes += len(data)
            return chunk

    def put_note(self, note: Note) -> None:
        """A command or a fault; the oldest goes where thousands wait."""
        with self._ready:
            self._notes.append(note)
            if len(self._notes) > MAX_NOTES:
                self._notes.popleft()
            self._ready.notify()

    def wake(self) -> None:
        """Let the reader look around."""
        with self._ready:
            self._woken = True
            self._ready.notify()

    def rest(self, timeout_s: float) -> bool:
        """Wait so long; True, and at once, where there is a note."""
        with self._ready:
            if timeout_s > 0 and not (self._notes or self._woken):
                self._ready.wait(timeout_s)
            return bool(self._notes) or self._woken

    def take(self, timeout_s: float) -> Batch:
        """All that is there after `timeout_s`, or at once where there is a note."""
        with self._ready:
            if timeout_s > 0 and not (self._notes or self._woken):
                self._ready.wait(timeout_s)
            self._woken = False
            batch = Batch(self._now_ns(), self._chunks, list(self._notes))
            self._chunks, self._bytes = [], 0
            self._notes.clear()
            return batch
