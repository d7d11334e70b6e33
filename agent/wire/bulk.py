"""Many frames of one length at once: COBS and CRC over columns, no Python per frame."""

from __future__ import annotations

import binascii
from functools import cache

import numpy as np
from numpy.typing import NDArray

from agent.wire.frames import (
    COUNT_BYTES,
    CRC_BYTES,
    CRC_INIT,
    MAX_BODY_BYTES,
    SAMPLE,
    SAMPLE_HEAD_BYTES,
    STATUS,
    STATUS_BYTES,
    Samples,
)

_CRC_POLYNOMIAL = np.uint16(0x1021)
_TOP_BIT = np.uint16(15)
_BYTE_BITS = 8
_ALIKE = 16  # frames of one length from which on columns are quicker than single frames
_SHORTEST = 1 + 1 + CRC_BYTES  # of a stuffed frame with anything in it
_LONGEST = 1 + MAX_BODY_BYTES + CRC_BYTES
_FEW_ROWS = 128  # so many are quicker one by one than by a table that is to be fetched from far


@cache
def _crc_table() -> NDArray[np.uint16]:
    """What 16 steps make of each value of the register: so two bytes go in at once."""
    one, bits = np.uint16(1), np.uint16(_BYTE_BITS)
    byte = np.arange(1 << _BYTE_BITS, dtype=np.uint16) << bits  # in the upper half, as the first of the two
    for _ in range(_BYTE_BITS):
        byte = (byte << one) ^ (byte >> _TOP_BIT) * _CRC_POLYNOMIAL
    crc = np.arange(1 << 2 * _BYTE_BITS, dtype=np.uint16)
    for _ in range(2):
        crc = (crc << bits) ^ byte[crc >> bits]
    return crc


def gathered(stream: NDArray[np.uint8], starts: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """Rows [n, length] of `stream` that begin at `starts` [n]."""
    windows = np.ndarray((len(stream) - length + 1,), f"V{length}", stream, strides=(1,))
    return windows[starts].view(np.uint8).reshape(len(starts), length)


def unstuff(frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """COBS over rows of equal length (below 255, so that no run is cut), in place.

    Args:
        frames: [n, length] stuffed frames without delimiters, hence without zeros; their contents are lost.

    Returns:
        [n, length - 1] decoded rows, and [n] whether each was a sound encoding.
    """
    n, length = frames.shape
    flat = frames.reshape(-1)
    sound = np.ones(n, np.bool_)
    at = np.arange(0, n * length, length)
    end = at + length
    while at.size:
        code = flat[at]
        flat[at] = 0
        at = at + code
        over = at > end
        if over.any():
            sound[end[over] // length - 1] = False
        left = np.flatnonzero(at < end)  # soon few
        at, end = at[left], end[left]
    return frames[:, 1:], sound


def crc_columns(rows: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """CRC-16/CCITT-FALSE of each row of [n, length]."""
    n, length = rows.shape
    if n <= _FEW_ROWS:
        flat = rows.tobytes()
        each = (binascii.crc_hqx(flat[k : k + length], CRC_INIT) for k in range(0, n * length, length))
        return np.fromiter(each, np.uint16, n)
    table = _crc_table()
    odd = rows.shape[1] % 2
    crc = np.full(len(rows), CRC_INIT, np.uint16)
    if odd:  # one byte alone: its word's upper half, then eight steps
        crc = (crc << np.uint16(8)) ^ table[(crc >> np.uint16(8)) ^ rows[:, 0]]
    for word in rows[:, odd:].view(">u2").T:  # as they lie: once each, that is quicker than a copy
        np.bitwise_xor(crc, word, out=crc)
        crc = table.take(crc, mode="clip")  # every value of the register is in the table
    return crc


def unseal_alike(
    stream: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], *, news_only: bool = False
) -> tuple[dict[int, bytes], list[int]]:
    """Bodies of frames between `starts` [n] and `ends` [n] of which many have one length, by their place among the n;
    and which places were left out of them as no news: with `news_only`, a STATUS whose faults are those of the next.

    Those that are not sound, or too long, or of a length that few have, are for the single-frame path.
    """
    out: dict[int, bytes] = {}
    no_news: list[int] = []
    if len(starts) < _ALIKE:
        return out, no_news
    lengths = ends - starts
    many = np.bincount(np.minimum(lengths, _LONGEST + 1), minlength=_LONGEST + 1)[: _LONGEST + 1] >= _ALIKE
    many[:_SHORTEST] = False
    for length in np.flatnonzero(many).tolist():
        which = np.flatnonzero(lengths == length)
        sealed, sound = unstuff(gathered(stream, starts[which], length))
        body = np.ascontiguousarray(sealed[:, :-CRC_BYTES])
        told = np.ascontiguousarray(sealed[:, -CRC_BYTES:]).view("<u2")[:, 0]
        good = np.flatnonzero(sound & (crc_columns(body) == told))
        size = body.shape[1]
        if news_only and size == STATUS_BYTES:
            status = good[body[good, 0] == STATUS]
            faults = body[status, -1]
            same = status[:-1][faults[:-1] == faults[1:]]
            no_news += which[same].tolist()
            told_of = np.ones(len(which), np.bool_)
            told_of[same] = False
            good = good[told_of[good]]
        flat = body.tobytes()
        out |= {
            place: flat[k * size : (k + 1) * size] for place, k in zip(which[good].tolist(), good.tolist(), strict=True)
        }
    return out, no_news


def decode_samples(frames: NDArray[np.uint8], end_offset: NDArray[np.int64]) -> tuple[Samples, NDArray[np.bool_]]:
    """The sound SAMPLEs among stuffed frames [n, length], whose contents are lost; each ends at `end_offset` [n].

    Returns:
        The block of the sound ones, and [n] which they were. The others are for the single-frame path to judge.
    """
    sealed, sound = unstuff(frames)
    body = sealed[:, :-CRC_BYTES]
    n, length = frames.shape
    told = np.ndarray((n,), "<u2", frames, offset=length - CRC_BYTES, strides=(length,))
    good = sound & (crc_columns(body) == told) & (body[:, 0] == SAMPLE)
    if not good.all():
        frames, end_offset = frames[good], end_offset[good]
        n = len(frames)
    channels = (length - SAMPLE_HEAD_BYTES - CRC_BYTES) // COUNT_BYTES

    def column(kind: str, at: int) -> NDArray[np.int64]:
        """What stands `at` a byte of each body; a frame has one byte before it."""
        return np.ndarray((n,), kind, frames, offset=1 + at, strides=(length,)).astype(np.int64)

    # each count with the byte before it, below its own: the shift extends signs
    words = np.ndarray((channels, n), "<i4", frames, offset=SAMPLE_HEAD_BYTES, strides=(COUNT_BYTES, length))
    counts = np.empty((channels, n), np.int32)  # each channel's in one piece, as they are worked on
    block = Samples(
        seq=column("<u2", 1),
        t_board_us=column("<u4", 3),
        present=frames[:, 1 + 7].copy(),
        counts=np.right_shift(words, _BYTE_BITS, out=counts).T,
        end_offset=end_offset,
    )
    return block, good
