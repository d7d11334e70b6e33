"""MCAP records in file order, as far as they are whole, from a file that may be cut or damaged anywhere.

The library's own readers stop at the first record that is not whole, and a recording may be one single chunk: here what
decodes of a chunk's beginning is given, too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import compress
from typing import IO, Any

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk

MAGIC = b"\x89MCAP0\r\n"
MAX_RECORD_BYTES = 1 << 30  # a length beyond this is damage, not data
_UNREADABLE = (McapError, struct.error, UnicodeDecodeError, OverflowError)  # what the library makes of damage
_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<BQHIQQ")  # with its head: a recording is messages and little else, read in one go


@dataclass(slots=True)
class Messages:
    """Messages that follow each other: the channel of each, its `log_time`, and its bytes."""

    channel_ids: list[int] = field(default_factory=list)
    log_times: list[int] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)

    def extend(self, later: Messages) -> None:
        """Messages that follow."""
        self.channel_ids += later.channel_ids
        self.log_times += later.log_times
        self.data += later.data

    def leave_only(self, channel_ids: Container[int]) -> None:
        """Drop messages of other channels, and those that hold nothing."""
        keep = [k in channel_ids and bool(data) for k, data in zip(self.channel_ids, self.data, strict=True)]
        if not all(keep):
            self.channel_ids = list(compress(self.channel_ids, keep))
            self.log_times = list(compress(self.log_times, keep))
            self.data = list(compress(self.data, keep))


class McapReader:
    """Gives channels, and messages as many at once as stand together.

    Afterwards `cut_at` says at which byte a file ended too early (None: whole), and `damaged` holds the positions of
    chunks that were left out because they are damaged.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.cut_at: int | None = None
        self.damaged: list[int] = []

    def records(self) -> Iterator[Channel | Messages]:
        """Channels and messages in file order, to the end or the cut. The stream stands behind the magic."""
        position = len(MAGIC)
        while True:
            head = self._stream.read(_HEAD.size)
            if len(head) < _HEAD.size:
                self.cut_at = position + len(head)
                return
            opcode, length = _HEAD.unpack(head)
            if length > MAX_RECORD_BYTES or opcode == 0:
                self.cut_at = position
                return
            body = self._stream.read(length)
            whole = len(body) == length
            if opcode in (Opcode.CHANNEL, Opcode.MESSAGE) and whole:
                yield from _inner(head + body)
            elif opcode == Opcode.CHUNK:
                yield from self._chunk(body, position, whole=whole)
            if not whole:
                self.cut_at = position + len(head) + len(body)
                return
            position += len(head) + length
            if opcode == Opcode.FOOTER:
                closing = self._stream.read(len(MAGIC))
                self.cut_at = None if closing == MAGIC else position + len(closing)
                return

    def _chunk(self, body: bytes, position: int, *, whole: bool) -> Iterator[Channel | Messages]:
        try:
            chunk = Chunk.read(ReadDataStream(BytesIO(body)))
        except _UNREADABLE:
            if whole:
                self.damaged.append(position)
            return
        data = _decompressed(chunk)
        sound = not chunk.uncompressed_crc or zlib.crc32(data) == chunk.uncompressed_crc
        if whole and not (sound and len(data) == chunk.uncompressed_size):
            self.damaged.append(position)
            return
        yield from _inner(data)


def _decompressed(chunk: Chunk) -> bytes:
    """As much of a chunk's data as decodes."""
    if chunk.compression == "zstd":
        import zstandard  # noqa: PLC0415 # only where a recording needs it

        return _decoded(zstandard.ZstdDecompressor().decompressobj(), chunk.data, zstandard.ZstdError)
    if chunk.compression == "lz4":
        import lz4.frame  # noqa: PLC0415 # likewise

        return _decoded(lz4.frame.LZ4FrameDecompressor(), chunk.data, RuntimeError)
    return chunk.data if not chunk.compression else b""


def _decoded(decoder: Any, data: bytes, error: type[Exception], step: int = 4096) -> bytes:
    """Small steps, so that what stands before a damaged place is kept."""
    parts = []
    try:
        for begin in range(0, len(data), step):
            parts.append(decoder.decompress(data[begin : begin + step]))
    except (error, EOFError):
        pass  # the caller sees by length and CRC that it is not whole
    return b"".join(parts)


def _inner(data: bytes) -> Iterator[Channel | Messages]:
    """Channels and messages among whole records; one that is too short for its own fields says nothing."""
    found = Messages()
    channel, time, part = found.channel_ids.append, found.log_times.append, found.data.append
    unpack, head = _MESSAGE.unpack_from, _HEAD.size
    message, least, total = int(Opcode.MESSAGE), _MESSAGE.size, len(data)
    position = 0
    while position + least <= total:
        opcode, length, channel_id, _, log_time, _ = unpack(data, position)
        end = position + head + length
        if end > total:
            break
        if opcode == message and position + least <= end:
            channel(channel_id)
            time(log_time)
            part(data[position + least : end])
        elif opcode == Opcode.CHANNEL:
            if found.data:
                yield found
                found = Messages()
                channel, time, part = found.channel_ids.append, found.log_times.append, found.data.append
            yield from _channel(data[position + head : end])
        position = end
    if found.data:
        yield found
    if position + head <= total:  # a last record may be shorter than a message's fields
        opcode, length = _HEAD.unpack_from(data, position)
        if opcode == Opcode.CHANNEL and position + head + length <= total:
            yield from _channel(data[position + head : position + head + length])


def _channel(body: bytes) -> Iterator[Channel]:
    try:
        yield Channel.read(ReadDataStream(BytesIO(body)))
    except _UNREADABLE:
        return
