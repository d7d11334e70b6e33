"""A recording as a source: its serial chunks in file order, on the recording's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mcap.records import Channel

from agent.sources.mcap_records import MAGIC, McapReader, Messages, together
from agent.sources.types import SourceChunk, SourceStretch

SERIAL_PREFIX = "serial/"
STRETCH_MESSAGES = 32_000

_LATEST_NS = 1 << 62  # in the year 2116; what is later is damage


class RecordingError(ValueError):
    """What was named as a recording is none, or cannot be read; the text is one line."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.path = path


class Recording:
    """The serial channels of an MCAP file. `remarks` says after the last stretch what of the file was not whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._remarks: list[str] = []
        self._messages = 0
        self._backwards = 0
        self._last_ns = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """One line each, for standard error."""
        return tuple(self._remarks)

    def chunks(self) -> Iterator[SourceChunk]:
        """Messages of topics `serial/...`; `source` is the topic, the time `log_time`.

        Raises:
            RecordingError: no file, not readable, or not MCAP at all.
        """
        for stretch in self.stretches():
            parts = []
            for port in stretch:
                begins = [0, *port.ends.tolist()]
                for k, (number, t_ns) in enumerate(zip(port.number.tolist(), port.t_mono_ns.tolist(), strict=True)):
                    parts.append((number, SourceChunk(port.source, t_ns, bytes(port.data[begins[k] : begins[k + 1]]))))
            for _, chunk in sorted(parts, key=lambda part: part[0]):
                yield chunk

    def stretches(self) -> Iterator[list[SourceStretch]]:
        """The same messages port by port, as many at once as are quick to work on; RecordingError likewise."""
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

    def _serial(self, reader: McapReader) -> Iterator[list[SourceStretch]]:
        topics: dict[int, str] = {}
        held: list[Messages] = []
        number = 0
        for record in reader.records():
            if isinstance(record, Channel):
                if record.id not in topics and record.topic.startswith(SERIAL_PREFIX):
                    held = [messages.only(topics) for messages in held]  # before its channel was named: of no port
                    topics[record.id] = record.topic
                continue
            held.append(record)
            number += len(record)
            if number >= STRETCH_MESSAGES:
                number = 0
                stretch = self._stretch(held, topics)
                if stretch:
                    yield stretch
        stretch = self._stretch(held, topics)
        if stretch:
            yield stretch
        self._remark(reader)

    def _stretch(self, held: list[Messages], topics: dict[int, str]) -> list[SourceStretch]:
        """Of messages, which are held no more."""
        some = [part for part in (messages.only(topics) for messages in held) if len(part)]
        held.clear()
        if not some:
            return []
        messages = together(some)
        some.clear()
        t_ns = np.minimum(messages.log_times, np.uint64(_LATEST_NS)).astype(np.int64)
        t_ns[0] = max(int(t_ns[0]), self._last_ns)
        # The recorder's clock never goes back; where a file says otherwise, time stands still.
        risen = np.maximum.accumulate(t_ns)
        self._backwards += int(np.count_nonzero(risen[1:] > t_ns[1:])) + (int(t_ns[0]) > int(messages.log_times[0]))
        self._messages += len(risen)
        self._last_ns = int(risen[-1])
        lengths = messages.ends - messages.begins
        stretch = []
        for topic in dict.fromkeys(topics.values()):
            ids = [k for k, name in topics.items() if name == topic]
            number = np.flatnonzero(messages.of(ids))
            if len(number):
                ends = np.cumsum(lengths[number])
                stretch.append(SourceStretch(topic, risen[number], number, ends, messages.joined(number)))
        return stretch

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
