"""Writes a recording: serial bytes as they came, MCAP, a chunk closed every second so that a crash costs one."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mcap.writer import CompressionType, Writer

from agent.sources.recording import SERIAL_PREFIX
from agent.sources.types import SourceChunk
from agent.wire import FrameStream, Hello

log = logging.getLogger(__name__)

CLOSE_PERIOD_S = 1.0  # recording.md
NAMELESS_S = 6.0  # serial.md: bytes before the first HELLO are held so long
COMMANDS_TOPIC = "commands"
MAX_BUFFERED_BYTES = 32 * 1024 * 1024  # what a disk that stalls may leave in memory
_WHOLE_CHUNK = 1 << 30  # chunks are closed by time, not by size


class RecorderError(OSError):
    """The file cannot be written; the text is one line."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that explains the recording."""

    name: str
    media_type: str
    data: bytes


@dataclass(slots=True)
class _Stream:
    """What is known of a port: its topic, once its board has said who it is; `first` is that of all before."""

    frames: FrameStream
    topic: str = ""
    first: str = ""

    def name(self, topic: str) -> None:
        self.topic = topic
        self.first = self.first or topic


@dataclass(slots=True)
class _Message:
    """What is to be written; `topic` is "" for bytes that came before the first HELLO of their port."""

    topic: str
    stream: _Stream | None
    chunk: SourceChunk
    utc_ns: int


class Recorder:
    """Takes chunks from any thread, in order of time, and writes them in its own.

    `utc_ns` is the system's UTC, for `publish_time`.
    """

    def __init__(self, path: Path, attachments: list[Attachment], now_ns: int, utc_ns: Callable[[], int]) -> None:
        """Begin the file; it must not exist.

        Raises:
            RecorderError
        """
        self._utc_ns = utc_ns
        self._path = path
        try:
            self._file: IO[bytes] = path.open("xb")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RecorderError(f"{path}: {reason}; name a file that does not exist yet") from None
        self._writer = Writer(self._file, chunk_size=_WHOLE_CHUNK, compression=CompressionType.ZSTD)
        try:
            self._writer.start("", "shelf-agent")
            for part in attachments:
                self._writer.add_attachment(now_ns, now_ns, part.name, part.media_type, part.data)
            self._flush()
        except OSError as error:
            path.unlink()
            raise RecorderError(f"{path}: {(error.strerror or str(error)).lower()}; make room on its disk") from None
        self._channels: dict[str, int] = {}
        self._streams: dict[str, _Stream] = {}
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, SourceChunk, int]] = []
        self._waiting_bytes = 0
        self._pending: list[_Message] = []
        self.dropped_bytes = 0
        self.failure: OSError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def add(self, chunk: SourceChunk) -> None:
        """Bytes of a port."""
        self._queue("", chunk)

    def add_command(self, t_mono_ns: int, command: dict[str, Any]) -> None:
        """A command as it was carried out."""
        self._queue(COMMANDS_TOPIC, SourceChunk("", t_mono_ns, json.dumps(command).encode()))

    def close(self) -> None:
        """Write what is there, with the index; RecorderError where that fails."""
        self._stop.set()
        self._thread.join()
        if self.failure is None:
            try:
                self._write_waiting(last=True)
                self._writer.finish()  # type: ignore[no-untyped-call] # the library has no types there
                self._flush()
            except OSError as error:
                self.failure = error
        self._file.close()
        if self.failure is not None:
            raise RecorderError(f"{self._path}: {self.failure}; what was written before is sound") from None

    def _queue(self, topic: str, chunk: SourceChunk) -> None:
        with self._lock:
            if self._waiting_bytes > MAX_BUFFERED_BYTES or self.failure is not None:
                self.dropped_bytes += len(chunk.data)
                return
            self._waiting.append((topic, chunk, self._utc_ns()))
            self._waiting_bytes += len(chunk.data)

    def _run(self) -> None:
        due_s = time.monotonic() + CLOSE_PERIOD_S
        while not self._stop.wait(max(0.0, due_s - time.monotonic())):
            due_s += CLOSE_PERIOD_S
            try:
                self._write_waiting()
                self._flush()
            except OSError as error:
                log.error("recording to %s ends: %s", self._path, error)
                self.failure = error
                return

    def _flush(self) -> None:
        self._writer.flush()  # type: ignore[no-untyped-call] # likewise
        os.fdatasync(self._file.fileno())

    def _write_waiting(self, *, last: bool = False) -> None:
        with self._lock:
            waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._pending += [self._read(topic, chunk, utc_ns) for topic, chunk, utc_ns in waiting]
        if not self._pending:
            return
        newest_ns = self._pending[-1].chunk.t_mono_ns
        done = 0
        for message in self._pending:
            age_ns = newest_ns - message.chunk.t_mono_ns
            topic = message.topic or (message.stream.first if message.stream is not None else "")
            if not topic and (last or age_ns > NAMELESS_S * 1e9):
                assert message.stream is not None
                message.stream.name(f"{SERIAL_PREFIX}unknown/{Path(message.chunk.source).name}")
                topic = message.stream.first
            if not topic:
                break  # what follows waits too: a recording is in order
            self._write(topic, "json" if message.stream is None else "application/octet-stream", message)
            done += 1
        del self._pending[:done]

    def _read(self, topic: str, chunk: SourceChunk, utc_ns: int) -> _Message:
        """A message as it came; a HELLO among its bytes names its port."""
        if topic:
            return _Message(topic, None, chunk, utc_ns)
        stream = self._streams.setdefault(chunk.source, _Stream(FrameStream()))
        hello = next((frame for frame in stream.frames.feed(chunk.data) if isinstance(frame, Hello)), None)
        if hello is not None and stream.topic != SERIAL_PREFIX + hello.board_id:
            stream.name(SERIAL_PREFIX + hello.board_id)
        return _Message(stream.topic, stream, chunk, utc_ns)

    def _write(self, topic: str, encoding: str, message: _Message) -> None:
        if topic not in self._channels:
            self._channels[topic] = self._writer.register_channel(topic, encoding, 0)
        chunk = message.chunk
        self._writer.add_message(self._channels[topic], chunk.t_mono_ns, chunk.data, message.utc_ns)
