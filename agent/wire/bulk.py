"""Many SAMPLE frames of one length at once: COBS and CRC over columns, no Python per frame."""

from __future__ import annotations

import binascii
from functools import cache

import numpy as np
from numpy.typing import NDArray

from agent.wire.frames import COUNT_BYTES, CRC_BYTES, CRC_INIT, SAMPLE, SAMPLE_HEAD_BYTES, Samples

_CRC_POLYNOMIAL = 0x1021
_WORD_BITS = 16
_FEW_ROWS = 128  # so many are quicker one by one than by a table that is to be fetched from far


@cache
def _crc_table() -> NDArray[np.uint16]:
    """What 16 steps make of each value of the register: so two bytes go in at once."""
    crc: NDArray[np.int64] = np.arange(1 << _WORD_BITS, dtype=np.int64)
    for _ in range(_WORD_BITS):
        crc = ((crc << 1) ^ np.where(crc & 0x8000, _CRC_POLYNOMIAL, 0)) & 0xFFFF
    return crc.astype(np.uint16)


def gathered(stream: NDArray[np.uint8], starts: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """Rows [n, length] of `stream` that begin at `starts` [n]."""
    windows = np.ndarray((len(stream) - length + 1, length), np.uint8, stream, strides=(1, 1))
    rows: NDArray[np.uint8] = windows[starts]
    return rows


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
        inside = at < end
        at, end = at[inside], end[inside]
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
    words = np.ascontiguousarray(rows[:, odd:]).view(">u2").T.astype(np.uint16)
    for word in words:
        crc = table[crc ^ word]
    return crc


def decode_samples(frames: NDArray[np.uint8], end_offset: NDArray[np.int64]) -> tuple[Samples, NDArray[np.bool_]]:
    """The sound SAMPLEs among stuffed frames [n, length], whose contents are lost; each ends at `end_offset` [n].

    Returns:
        The block of the sound ones, and [n] which they were. The others are for the single-frame path to judge.
    """
    sealed, sound = unstuff(frames)
    body = sealed[:, :-CRC_BYTES]
    told = np.ascontiguousarray(sealed[:, -CRC_BYTES:]).view("<u2")[:, 0]
    good = sound & (crc_columns(body) == told) & (body[:, 0] == SAMPLE)
    if not good.all():
        body, end_offset = body[good], end_offset[good]
    n = len(body)
    words = body[:, SAMPLE_HEAD_BYTES:].reshape(n, -1, COUNT_BYTES)
    raw = np.zeros((n, words.shape[1], COUNT_BYTES + 1), np.uint8)
    for k in range(COUNT_BYTES):  # above a zero byte: the shift extends signs
        raw[:, :, k + 1] = words[:, :, k]
    block = Samples(
        seq=np.ascontiguousarray(body[:, 1:3]).view("<u2")[:, 0].astype(np.int64),
        t_board_us=np.ascontiguousarray(body[:, 3:7]).view("<u4")[:, 0].astype(np.int64),
        present=body[:, 7].copy(),
        counts=raw.view("<i4")[:, :, 0] >> 8,
        end_offset=end_offset,
    )
    return block, good
