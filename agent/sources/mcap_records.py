"""MCAP records in file order, as far as they are whole, from a file that may be cut or damaged anywhere.

The library's own readers stop at the first record that is not whole, and a recording may be one single chunk: here what
decodes of a chunk's beginning is given, too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message

MAGIC = b"\x89MCAP0\r\n"
MAX_RECORD_BYTES = 1 << 30  # a length beyond this is damage, not data
_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")  # read without the library's stream: a recording is messages and little else


class McapReader:
    """Gives channels and messages. Afterwards `cut_at` says at which byte a file ended too early (None: whole),
    and `damaged` holds the positions of chunks that were left out because they are damaged."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.cut_at: int | None = None
        self.damaged: list[int] = []

    def records(self) -> Iterator[Channel | Message]:
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
                yield from _plain(opcode, body)
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

    def _chunk(self, body: bytes, position: int, *, whole: bool) -> Iterator[Channel | Message]:
        try:
            chunk = Chunk.read(ReadDataStream(BytesIO(body)))
        except (McapError, struct.error, UnicodeDecodeError):
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


def _inner(data: bytes) -> Iterator[Channel | Message]:
    position = 0
    while position + _HEAD.size <= len(data):
        opcode, length = _HEAD.unpack_from(data, position)
        begin = position + _HEAD.size
        if begin + length > len(data):
            return
        yield from _plain(opcode, data[begin : begin + length])
        position = begin + length


def _plain(opcode: int, body: bytes) -> Iterator[Channel | Message]:
    try:
        if opcode == Opcode.CHANNEL:
            yield Channel.read(ReadDataStream(BytesIO(body)))
        elif opcode == Opcode.MESSAGE:
            channel, sequence, log_time, publish_time = _MESSAGE.unpack_from(body)
            yield Message(
                channel_id=channel,
                data=body[_MESSAGE.size :],
                log_time=log_time,
                publish_time=publish_time,
                sequence=sequence,
            )
    except (McapError, struct.error, UnicodeDecodeError):
        return  # a record that is too short for its own fields says nothing
