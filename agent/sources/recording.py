"""A recording as a source: its serial chunks in file order, on the recording's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mcap.records import Channel

from agent.sources.mcap_records import MAGIC, McapReader
from agent.sources.types import SourceChunk

SERIAL_PREFIX = "serial/"


class RecordingError(ValueError):
    """What was named as a recording is none, or cannot be read; the text is one line."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.path = path


class Recording:
    """The serial channels of an MCAP file. `remarks` says after the last chunk what of the file was not whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._remarks: list[str] = []
        self._messages = 0
        self._backwards = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """One line each, for standard error."""
        return tuple(self._remarks)

    def chunks(self) -> Iterator[SourceChunk]:
        """Messages of topics `serial/...`; `source` is the topic, the time `log_time`.

        Raises:
            RecordingError: no file, not readable, or not MCAP at all.
        """
        try:
            with self._path.open("rb") as stream:
                magic = stream.read(len(MAGIC))
                if magic == MAGIC:
                    yield from self._serial(McapReader(stream))
                elif magic and MAGIC.startswith(magic):
                    self._remarks.append(f"{self._path}: cut at byte {len(magic)}, before its first record")
                else:
                    found = f"begins with {magic!r}" if magic else "empty"
                    raise RecordingError(self._path, f"no recording: {found}; an MCAP file begins with {MAGIC!r}")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RecordingError(self._path, f"{reason}; name a recording that can be read") from None

    def _serial(self, reader: McapReader) -> Iterator[SourceChunk]:
        topics: dict[int, str] = {}
        last_ns: int | None = None
        for record in reader.records():
            if isinstance(record, Channel):
                if record.topic.startswith(SERIAL_PREFIX):
                    topics[record.id] = record.topic
                continue
            topic = topics.get(record.channel_id)
            if topic is None or not record.data:
                continue
            if last_ns is not None and record.log_time < last_ns:
                self._backwards += 1
            self._messages += 1
            # The recorder's clock never goes back; where a file says otherwise, time stands still.
            last_ns = max(record.log_time, last_ns or record.log_time)
            yield SourceChunk(topic, last_ns, record.data)
        self._remark(reader)

    def _remark(self, reader: McapReader) -> None:
        name = self._path
        for position in reader.damaged:
            self._remarks.append(f"{name}: the chunk at byte {position} is damaged and left out")
        if reader.cut_at is not None:
            self._remarks.append(f"{name}: cut at byte {reader.cut_at}; read to there ({self._messages} messages)")
        if self._backwards:
            self._remarks.append(f"{name}: {self._backwards} messages go back in time; held at the latest time before")
        if not self._messages and reader.cut_at is None and not reader.damaged:
            self._remarks.append(f"{name}: no messages on topics {SERIAL_PREFIX}...")
