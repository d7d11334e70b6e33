"""MCAP records in file order, as far as they are whole, from a file that may be cut or damaged anywhere.

The library's own readers stop at the first record that is not whole, and a recording may be one single chunk: here what
decodes of a chunk's beginning is given, too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import IO, Any

import numpy as np
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk
from numpy.typing import NDArray

MAGIC = b"\x89MCAP0\r\n"
MAX_RECORD_BYTES = 1 << 30  # a length beyond this is damage, not data
_UNREADABLE = (McapError, struct.error, UnicodeDecodeError, OverflowError)  # what the library makes of damage
_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<BQHIQQ")  # with its head
_FIELDS = np.dtype(
    [("opcode", "u1"), ("length", "<u8"), ("channel_id", "<u2"), ("sequence", "<u4"), ("log_time", "<u8")]
)
_PIECES = 128  # that are read at once
_SIFTED = 4  # times


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Messages that follow each other, [n] each: channel, `log_time`, where in `data` its bytes begin and end."""

    channel_ids: NDArray[np.uint16]
    log_times: NDArray[np.uint64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    data: bytes

    def __len__(self) -> int:
        return len(self.log_times)

    def of(self, channel_ids: Iterable[int]) -> NDArray[np.bool_]:
        """Which are of some channels."""
        named = np.zeros(1 << 16, np.bool_)
        named[list(channel_ids)] = True
        return named[self.channel_ids]

    def only(self, channel_ids: Iterable[int]) -> Messages:
        """Those of some channels that hold anything."""
        keep = (self.ends > self.begins) & self.of(channel_ids)
        if keep.all():
            return self
        return Messages(self.channel_ids[keep], self.log_times[keep], self.begins[keep], self.ends[keep], self.data)


def together(parts: Sequence[Messages]) -> Messages:
    """All in one; at least one."""
    if len(parts) == 1:
        return parts[0]
    before = np.cumsum([0, *(len(part.data) for part in parts[:-1])]).tolist()
    return Messages(
        np.concatenate([part.channel_ids for part in parts]),
        np.concatenate([part.log_times for part in parts]),
        np.concatenate([part.begins + shift for part, shift in zip(parts, before, strict=True)]),
        np.concatenate([part.ends + shift for part, shift in zip(parts, before, strict=True)]),
        b"".join([part.data for part in parts]),
    )


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
        held: list[bytes] = []  # records in whole pieces: many are read at once
        while True:
            if len(held) >= _PIECES:
                yield from _read(held)
                held = []
            head = self._stream.read(_HEAD.size)
            opcode, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
            if length > MAX_RECORD_BYTES or opcode == 0:
                self.cut_at = position + (len(head) if len(head) < _HEAD.size else 0)
                yield from _read(held)
                return
            body = self._stream.read(length)
            whole = len(body) == length
            if opcode in (Opcode.CHANNEL, Opcode.MESSAGE) and whole:
                held.append(head + body)
            elif opcode == Opcode.CHUNK:
                held.append(self._chunk(body, position, whole=whole))
            if not whole:
                self.cut_at = position + len(head) + len(body)
                yield from _read(held)
                return
            position += len(head) + length
            if opcode == Opcode.FOOTER:
                closing = self._stream.read(len(MAGIC))
                self.cut_at = None if closing == MAGIC else position + len(closing)
                yield from _read(held)
                return

    def _chunk(self, body: bytes, position: int, *, whole: bool) -> bytes:
        """Records of a chunk, as many as can be had; none of one that is damaged."""
        try:
            chunk = Chunk.read(ReadDataStream(BytesIO(body)))
        except _UNREADABLE:
            if whole:
                self.damaged.append(position)
            return b""
        data = _decompressed(chunk)
        sound = not chunk.uncompressed_crc or zlib.crc32(data) == chunk.uncompressed_crc
        if whole and not (sound and len(data) == chunk.uncompressed_size):
            self.damaged.append(position)
            return b""
        return data


def _decompressed(chunk: Chunk) -> bytes:
    """As much of a chunk's data as decodes."""
    if chunk.compression == "zstd":
        return _decoded(*_zstd(), chunk.data)
    if chunk.compression == "lz4":
        import lz4.frame  # noqa: PLC0415 # likewise

        return _decoded(lz4.frame.LZ4FrameDecompressor, RuntimeError, chunk.data)
    return chunk.data if not chunk.compression else b""


@cache
def _zstd() -> tuple[Callable[[], Any], type[Exception]]:
    import zstandard  # noqa: PLC0415 # only where a recording needs it

    return zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError


def _decoded(decoder: Callable[[], Any], error: type[Exception], data: bytes, step: int = 4096) -> bytes:
    """At once, or in small steps, so that what stands before a damaged place is kept."""
    try:
        whole: bytes = decoder().decompress(data)
    except (error, EOFError):
        pass  # in steps
    else:
        return whole
    parts = []
    slowly = decoder()
    try:
        for begin in range(0, len(data), step):
            parts.append(slowly.decompress(data[begin : begin + step]))
    except (error, EOFError):
        pass  # the caller sees by length and CRC that it is not whole
    return b"".join(parts)


def _read(pieces: Sequence[bytes]) -> Iterator[Channel | Messages]:
    """Channels and messages of whole records, piece by piece where there are other records than messages."""
    if len(pieces) > 1:
        found = _messages(b"".join(pieces))
        if found is not None:
            yield found
            return
    for piece in pieces:
        found = _messages(piece)
        if found is not None:
            yield found
        else:
            yield from _inner(piece)


def _messages(data: bytes) -> Messages | None:
    """The messages of records that are messages one behind the other, and nothing else; None where they are not.

    A message's head is sought by its opcode and its length, which is below 16 MB, and lies where another ends.
    """
    flat = np.frombuffer(data, np.uint8)
    least = _MESSAGE.size
    if len(flat) < least:
        return None
    at = np.flatnonzero(flat[: len(flat) - least + 1] == int(Opcode.MESSAGE))
    for k in range(4, 9):
        at = at[flat[at + k] == 0]
    heads = np.ndarray((len(flat) - least + 1,), _FIELDS, data, strides=(1,))
    for _ in range(_SIFTED):  # what looks like a head within a message's data goes
        if not len(at) or at[0]:
            return None
        fields = heads[at]
        ends = at + (_HEAD.size + fields["length"].astype(np.int64))
        if ends[-1] == len(flat) and (ends[:-1] == at[1:]).all():
            sound = bool((ends - at >= least).all())
            return Messages(fields["channel_id"], fields["log_time"], at + least, ends, data) if sound else None
        ended = np.zeros(len(flat) + 1, np.bool_)
        ended[0] = True
        ended[ends[ends < len(flat)]] = True
        at = at[ended[at]]
    return None


def _inner(data: bytes) -> Iterator[Channel | Messages]:
    """Channels and messages among whole records; one that is too short for its own fields says nothing."""
    rows: list[tuple[int, int, int, int]] = []
    position = 0
    while position + _HEAD.size <= len(data):
        opcode, length = _HEAD.unpack_from(data, position)
        begin, end = position + _HEAD.size, position + _HEAD.size + length
        if end > len(data):
            break
        if opcode == Opcode.MESSAGE and position + _MESSAGE.size <= end:
            _, _, channel_id, _, log_time, _ = _MESSAGE.unpack_from(data, position)
            rows.append((channel_id, log_time, position + _MESSAGE.size, end))
        elif opcode == Opcode.CHANNEL:
            yield from _of_rows(rows, data)
            rows = []
            yield from _channel(data[begin:end])
        position = end
    yield from _of_rows(rows, data)


def _of_rows(rows: list[tuple[int, int, int, int]], data: bytes) -> Iterator[Messages]:
    if rows:
        channel_ids, log_times, begins, ends = zip(*rows, strict=True)
        yield Messages(
            np.array(channel_ids, np.uint16),
            np.array(log_times, np.uint64),
            np.array(begins, np.int64),
            np.array(ends, np.int64),
            data,
        )


def _channel(body: bytes) -> Iterator[Channel]:
    try:
        yield Channel.read(ReadDataStream(BytesIO(body)))
    except _UNREADABLE:
        return
