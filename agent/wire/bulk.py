"""Many SAMPLE frames of one length at once: COBS and CRC over columns, no Python per frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.wire.frames import COUNT_BYTES, CRC_BYTES, CRC_INIT, SAMPLE, SAMPLE_HEAD_BYTES, Samples

_CRC_POLYNOMIAL = 0x1021
_SIGN_BIT = 0x800000


def _crc_table() -> NDArray[np.uint16]:
    """CRC-16/CCITT of each byte at the top of the register."""
    crc = np.arange(256, dtype=np.uint32) << 8
    for _ in range(8):
        crc = ((crc << 1) ^ np.where(crc & 0x8000, _CRC_POLYNOMIAL, 0)) & 0xFFFF
    return crc.astype(np.uint16)


_TABLE = _crc_table()


def unstuff(frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """COBS over rows of equal length (below 255, so that no run is cut).

    Args:
        frames: [n, length] stuffed frames without delimiters, hence without zeros.

    Returns:
        [n, length - 1] decoded rows, and [n] whether each was a sound encoding.
    """
    n, length = frames.shape
    plain = frames.copy()
    position = np.zeros(n, np.intp)
    rows = np.arange(n)
    while rows.size:
        code = frames[rows, position[rows]]
        plain[rows, position[rows]] = 0
        position[rows] += code
        rows = rows[position[rows] < length]
    return plain[:, 1:], position == length


def crc_columns(rows: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """CRC-16/CCITT-FALSE of each row of [n, length]."""
    crc = np.full(len(rows), CRC_INIT, np.uint16)
    for column in rows.T:
        crc = (crc << np.uint16(8)) ^ _TABLE[(crc >> np.uint16(8)) ^ column]
    return crc


def decode_samples(
    stream: NDArray[np.uint8], starts: NDArray[np.int64], stuffed_bytes: int, base_offset: int
) -> tuple[Samples, NDArray[np.bool_]]:
    """The sound SAMPLE frames among those that begin at `starts` in `stream`, each of `stuffed_bytes`.

    Returns:
        The block of the sound ones, and [n] which they were. The others are for the single-frame path to judge.
    """
    frames = stream[starts[:, None] + np.arange(stuffed_bytes)]
    sealed, sound = unstuff(frames)
    body = sealed[:, :-CRC_BYTES]
    told = sealed[:, -2].astype(np.uint16) | (sealed[:, -1].astype(np.uint16) << np.uint16(8))
    good = sound & (crc_columns(body) == told) & (body[:, 0] == SAMPLE)
    if not good.all():
        body, starts = body[good], starts[good]
    raw = body[:, SAMPLE_HEAD_BYTES:].reshape(len(body), -1, COUNT_BYTES).astype(np.int32)
    counts = raw[:, :, 0] | (raw[:, :, 1] << 8) | (raw[:, :, 2] << 16)
    counts -= (counts & _SIGN_BIT) << 1
    head = body[:, :SAMPLE_HEAD_BYTES].astype(np.int64)
    block = Samples(
        seq=head[:, 1] | (head[:, 2] << 8),
        t_board_us=head[:, 3] | (head[:, 4] << 8) | (head[:, 5] << 16) | (head[:, 6] << 24),
        present=body[:, 7].copy(),
        counts=counts,
        end_offset=starts + (stuffed_bytes + 1 + base_offset),
    )
    return block, good
