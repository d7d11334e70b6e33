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
from io import BufferedIOBase, BytesIO
from typing import Any

import numpy as np
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel
from numpy.typing import NDArray

MAGIC = b"\x89MCAP0\r\n"
MAX_RECORD_BYTES = 1 << 30  # a length beyond this is damage, not data
_UNREADABLE = (McapError, struct.error, UnicodeDecodeError, OverflowError)  # what the library makes of damage
_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<BQHIQQ")  # with its head
_CHANNEL_AT, _LOG_TIME_AT = 9, 15  # in a message, from its opcode on
_CHUNK = struct.Struct("<QQQII")  # up to the name of its compression, which has its length before it
_SIZE = struct.Struct("<Q")
_NO_CHUNK = (0, 0, 0, 0, 0)
_CHUNK_OPCODE, _FOOTER, _GIVEN = int(Opcode.CHUNK), int(Opcode.FOOTER), (int(Opcode.CHANNEL), int(Opcode.MESSAGE))
_WINDOW_BYTES = 1 << 18  # that are read at once
_PIECES = 128  # that are read at once
_LONGEST_ALIKE, _ALIKE_SHARE = 1 << 10, 32  # bytes; a 32nd of all messages are many of one length
_SIFTED = 4  # times
_LENGTH_AT, _LENGTH_ZERO = 1, 4  # where a head has its length, and the first of its bytes that are 0
_LONG = np.uint64(1 << 24)  # bytes: messages are shorter


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

    def joined(self, which: NDArray[np.int64]) -> memoryview:
        """The bytes of some messages [k], one behind the other.

        Those of a length that many have are copied together. Of the others, those of a length from a power of two on,
        below the next: its first bytes, then its last.
        """
        begins = self.begins[which]
        lengths = self.ends[which] - begins
        room = np.empty(int(lengths.sum()), np.uint8)
        at = np.cumsum(lengths) - lengths
        short = lengths <= _LONGEST_ALIKE
        many = np.bincount(lengths[short], minlength=_LONGEST_ALIKE + 1) * _ALIKE_SHARE >= max(len(which), 1)
        rest = np.flatnonzero(~many[np.minimum(lengths, _LONGEST_ALIKE)] | ~short)
        for size in np.flatnonzero(many).tolist():
            alike = np.flatnonzero(lengths == size)
            if size:
                _pieces(room, size)[at[alike]] = _pieces(self.data, size)[begins[alike]]
        powers = np.frexp(lengths[rest])[1]  # one more than that of the power
        for power in np.unique(powers).tolist():
            if power < 1:
                continue  # nothing in them
            size = 1 << (power - 1)
            alike = rest[powers == power]
            to, origin, more = _pieces(room, size), _pieces(self.data, size), lengths[alike] - size
            to[at[alike]] = origin[begins[alike]]
            to[at[alike] + more] = origin[begins[alike] + more]
        return room.data


def _pieces(data: bytes | NDArray[np.uint8], size: int) -> NDArray[np.void]:
    """Every `size` bytes in a row of `data`."""
    return np.ndarray((len(data) - size + 1,), f"V{size}", data, strides=(1,))


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

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self._room = memoryview(bytearray(_WINDOW_BYTES))
        self.cut_at: int | None = None
        self.damaged: list[int] = []

    def records(self) -> Iterator[Channel | Messages]:
        """Channels and messages in file order, to the end or the cut. The stream stands behind the magic."""
        position, at = len(MAGIC), 0
        window = self._room[:0]  # bytes that were read together; those before `at` are done with
        held: list[bytes] = []  # records in whole pieces: many are read at once
        while True:
            left = len(window) - at
            if left < _HEAD.size:
                window, at = self._more(window[at:], _HEAD.size), 0
                left = len(window)
            opcode, length = _HEAD.unpack_from(window, at) if left >= _HEAD.size else (0, 0)
            if length > MAX_RECORD_BYTES or opcode == 0:
                self.cut_at = position + (left if left < _HEAD.size else 0)
                break
            size = _HEAD.size + length
            if size > left:
                window, at = self._more(window[at:], size), 0
            end = at + size
            whole = end <= len(window)
            if opcode == _CHUNK_OPCODE:
                held.append(self._chunk(window, at + _HEAD.size, min(end, len(window)), position, whole=whole))
            elif opcode in _GIVEN and whole:
                held.append(bytes(window[at:end]))
            if len(held) >= _PIECES:
                yield from _read(held)
                held = []
            if not whole:
                self.cut_at = position + len(window) - at
                break
            position, at = position + size, end
            if opcode == _FOOTER:
                closing = self._more(window[at:], len(MAGIC))[: len(MAGIC)]
                self.cut_at = None if closing == MAGIC else position + len(closing)
                break
        yield from _read(held)

    def _more(self, left: memoryview, least: int) -> memoryview:
        """What is `left` of the bytes that were read together, and those that follow, `least` in all if there are so
        many. They are read to where the others were: a copy of all of them is saved."""
        begin, room = len(left), self._room
        if least > len(room):
            return memoryview(b"".join((left, self._stream.read(least - begin))))
        room[:begin] = left
        return room[: begin + self._stream.readinto(room[begin:])]

    def _chunk(self, window: memoryview, begin: int, end: int, position: int, *, whole: bool) -> bytes:
        """Records of a chunk from `begin` to `end`, as many as can be had; none of one that is damaged."""
        name_begin = begin + _CHUNK.size
        _, _, size, crc, name_bytes = _CHUNK.unpack_from(window, begin) if name_begin <= end else _NO_CHUNK
        name_end = name_begin + name_bytes
        data_begin = name_end + _SIZE.size
        if data_begin > end:
            if whole:
                self.damaged.append(position)
            return b""
        (held,) = _SIZE.unpack_from(window, name_end)
        data = _decompressed(bytes(window[name_begin:name_end]), window[data_begin : min(data_begin + held, end)])
        sound = not crc or zlib.crc32(data) == crc
        if whole and not (sound and len(data) == size):
            self.damaged.append(position)
            return b""
        return data


def _decompressed(compression: bytes, data: memoryview) -> bytes:
    """As much of a chunk's data as decodes."""
    if compression == b"zstd":
        return _decoded(*_zstd(), data)
    if compression == b"lz4":
        import lz4.frame  # noqa: PLC0415 # likewise

        return _decoded(lz4.frame.LZ4FrameDecompressor, RuntimeError, data)
    return bytes(data) if not compression else b""


@cache
def _zstd() -> tuple[Callable[[], Any], type[Exception]]:
    import zstandard  # noqa: PLC0415 # only where a recording needs it

    return zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError


def _decoded(decoder: Callable[[], Any], error: type[Exception], data: memoryview, step: int = 4096) -> bytes:
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


def _read(pieces: list[bytes]) -> Iterator[Channel | Messages]:
    """Channels and messages of whole records; where there are other records than messages, in halves, down to one. The
    list may be emptied: what was read of it is not kept twice."""
    if not pieces:
        return
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    found = _messages(data)
    if found is not None:
        pieces.clear()
        yield found
    elif len(pieces) == 1:
        yield from _inner(data)
    else:
        half = len(pieces) // 2
        yield from _read(pieces[:half])
        yield from _read(pieces[half:])


def _messages(data: bytes) -> Messages | None:
    """The messages of records that are messages one behind the other, and nothing else; None where they are not.

    A message's head is sought by its opcode and its length, which is below 16 MB, and lies where another ends.
    """
    flat = np.frombuffer(data, np.uint8)
    least = _MESSAGE.size
    heads = len(flat) - least + 1
    if heads < 1:
        return None
    alike = flat[:heads] == int(Opcode.MESSAGE)
    alike &= flat[_LENGTH_ZERO : heads + _LENGTH_ZERO] == 0  # the others are looked at where these are
    at = np.flatnonzero(alike)
    lengths = np.ndarray((heads,), "<u8", data, offset=_LENGTH_AT, strides=(1,))[at]
    short = lengths < _LONG
    if not short.all():
        at, lengths = at[short], lengths[short]
    ends = at + lengths.view(np.int64)
    ends += _HEAD.size
    for _ in range(_SIFTED):  # what looks like a head within a message's data goes
        if not len(at) or at[0]:
            return None
        if ends[-1] == len(flat) and (ends[:-1] == at[1:]).all():
            return _found(at, ends, data) if (ends - at).min() >= least else None
        ended = np.zeros(len(flat) + 1, np.bool_)
        ended[0] = True
        ended[ends[ends < len(flat)]] = True
        true = ended[at]
        at, ends = at[true], ends[true]
    return None


def _found(at: NDArray[np.int64], ends: NDArray[np.int64], data: bytes) -> Messages:
    """Messages whose heads lie `at` [n]."""
    channel_ids, log_times = (
        np.ndarray((len(data) - _MESSAGE.size + 1,), kind, data, offset=offset, strides=(1,))[at]
        for kind, offset in (("<u2", _CHANNEL_AT), ("<u8", _LOG_TIME_AT))
    )
    return Messages(channel_ids, log_times, at + _MESSAGE.size, ends, data)


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
