"""Frames that a board sends, one at a time or a whole recording's SAMPLEs at once."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.wire.cobs import CRC_START, frame

PROTOCOL = 1
HELLO, SAMPLE, STATUS, REPLY = 0x01, 0x02, 0x03, 0x04
NO_TEMPERATURE = 0x7FFF
POWER_ON = 1  # reset_cause bit 0


@dataclass(frozen=True)
class Hello:
    """What a board says of itself; `rate_hz` is nominal (10 or 80)."""

    board_id: bytes
    channels: int
    rate_hz: int
    firmware: tuple[int, int, int] = (1, 0, 0)
    gain: int = 128
    reset_cause: int = POWER_ON
    boot: int = 1

    def body(self) -> bytes:
        """The body of its frame."""
        head = bytes([HELLO, PROTOCOL]) + self.board_id
        return head + struct.pack(
            "<BBBBBBBH", *self.firmware, self.channels, self.gain, self.rate_hz, self.reset_cause, self.boot & 0xFFFF
        )

    def encode(self) -> bytes:
        """Its frame."""
        return frame(self.body())


@dataclass(frozen=True)
class Status:
    """A board's health, once a second; temperature in 0.01 degC or None without a sensor."""

    uptime_s: int
    temperature: int | None = None
    supply_mv: int = 0
    late_reads: int = 0
    tx_dropped: int = 0
    rx_errors: int = 0
    faults: int = 0

    def encode(self) -> bytes:
        """Its frame."""
        temperature = NO_TEMPERATURE if self.temperature is None else self.temperature
        counters = (self.late_reads & 0xFFFF, self.tx_dropped & 0xFFFF, self.rx_errors & 0xFFFF)
        return frame(
            struct.pack("<BIhHHHHB", STATUS, self.uptime_s, temperature, self.supply_mv, *counters, self.faults)
        )


@dataclass(frozen=True)
class Reply:
    """The answer to a command: 0 done, 1 unknown command, 2 bad argument, 3 failed."""

    command: int
    result: int

    def encode(self) -> bytes:
        """Its frame."""
        return frame(bytes([REPLY, self.command, self.result]))


def sample_body(seq: int, t_board_us: int, present: int, counts: list[int]) -> bytes:
    """The body of a SAMPLE; counts are 24 bit, two's complement."""
    head = struct.pack("<BHIB", SAMPLE, seq & 0xFFFF, t_board_us & 0xFFFFFFFF, present)
    return head + b"".join((count & 0xFFFFFF).to_bytes(3, "little") for count in counts)


def sample_frames(
    seq: npt.NDArray[np.int64],
    t_board_us: npt.NDArray[np.int64],
    present: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """Frames of n SAMPLEs at once, [n, length]: all of one length, as their bodies are (below 254 bytes)."""
    n, channels = counts.shape
    body = np.zeros((n, 8 + 3 * channels + 2), dtype=np.uint8)
    body[:, 0] = SAMPLE
    for k in range(2):
        body[:, 1 + k] = (seq >> (8 * k)) & 0xFF
    for k in range(4):
        body[:, 3 + k] = (t_board_us >> (8 * k)) & 0xFF
    body[:, 7] = present
    for k in range(3):
        body[:, 8 + k : -2 : 3] = (counts >> (8 * k)) & 0xFF
    crc = np.full(n, CRC_START, dtype=np.uint32)
    for column in range(body.shape[1] - 2):
        crc = ((crc << 8) & 0xFFFF) ^ _CRC_TABLE[(crc >> 8) ^ body[:, column]]
    body[:, -2] = crc & 0xFF
    body[:, -1] = crc >> 8
    return _stuff(body)


def _crc_table() -> npt.NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32) << 8
    for _ in range(8):
        table = np.where(table & 0x8000, (table << 1) ^ 0x1021, table << 1) & 0xFFFF
    return table.astype(np.uint32)


_CRC_TABLE = _crc_table()


def _stuff(body: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """COBS of rows shorter than 254 bytes: each zero becomes the distance to the next, a code stands in front."""
    n, length = body.shape
    out = np.zeros((n, length + 2), dtype=np.uint8)
    out[:, 1:-1] = body
    ahead = np.full(n, 1, dtype=np.uint8)  # distance from the place at hand to the next zero or the end
    for column in range(length, 0, -1):
        zero = out[:, column] == 0
        out[zero, column] = ahead[zero]
        ahead = np.where(zero, 1, ahead + 1).astype(np.uint8)
    out[:, 0] = ahead
    return out
