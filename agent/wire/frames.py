"""Frames of protocol 1: layouts, constants, and the decoding of one body.

The layouts and numbers are those of the serial contract; tests hold them equal to the firmware's header.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.wire.cobs import CobsError, cobs_decode, cobs_encode

PROTOCOL = 1
MAX_BODY_BYTES = 64
CRC_BYTES = 2
CRC_INIT = 0xFFFF
MAX_CHANNELS = 8
GAINS = (128, 64)
RATES_HZ = (10, 80)
SATURATED_HIGH = 0x7FFFFF
SATURATED_LOW = -0x800000
NO_TEMPERATURE = 0x7FFF

HELLO, SAMPLE, STATUS, REPLY = 0x01, 0x02, 0x03, 0x04
IDENTIFY, SET_GAIN, SET_BOARD_ID, RESET, SET_RATE = 0x81, 0x82, 0x83, 0x84, 0x85

BOARD_ID_BYTES = 8
FROZEN_HELLO_BYTES = 10
SAMPLE_HEAD_BYTES = 8
COUNT_BYTES = 3
_HELLO = struct.Struct("<BB8s3BBBBBH")
_STATUS = struct.Struct("<BIhHHHHB")
_REPLY = struct.Struct("<BBB")
STATUS_BYTES = _STATUS.size  # of which the last are the faults
_SAMPLE_HEAD = struct.Struct("<BHIB")
GPIO_ID = b"gpio\0\0\0\0"
"""The id that sources of the Pi's own pins give; the store file calls it "gpio"."""
_UNSET_IDS = ("00" * BOARD_ID_BYTES, "ff" * BOARD_ID_BYTES)


class FrameError(ValueError):
    """A frame that is dropped; `kind` names the counter: "cobs", "crc", "type" or "length"."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"frame dropped: {kind}")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the board is. `reset_cause`: bit 0 power-on, 1 external, 2 brown-out, 3 watchdog."""

    board_id: str
    firmware: tuple[int, int, int]
    channels: int
    gain: int
    rate_hz: int
    reset_cause: int
    boot: int

    @property
    def unset(self) -> bool:
        return self.board_id in _UNSET_IDS


@dataclass(frozen=True, slots=True)
class OtherProtocol:
    """A HELLO of a protocol that this agent does not speak."""

    board_id: str
    protocol: int


@dataclass(frozen=True, slots=True)
class Status:
    """Health of the board; `temperature_c` of None: no sensor; `supply_mv` of 0: not measured."""

    uptime_s: int
    temperature_c: float | None
    supply_mv: int
    late_reads: int
    tx_dropped: int
    rx_errors: int
    faults: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The board's answer; `result`: 0 done, 1 unknown command, 2 bad argument, 3 failed."""

    command: int
    result: int


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A block of n SAMPLE frames of one width.

    `seq` [n], `t_board_us` [n] (both still wrapping), `present` [n] bit masks, `counts` [n, channels],
    `end_offset` [n]: position in the stream just behind each frame, by which arrival times are found.
    """

    seq: NDArray[np.int64]
    t_board_us: NDArray[np.int64]
    present: NDArray[np.uint8]
    counts: NDArray[np.int32]
    end_offset: NDArray[np.int64]

    @property
    def channels(self) -> int:
        return int(self.counts.shape[1])


Frame = Hello | OtherProtocol | Samples | Status | Reply


@dataclass(slots=True)
class Counters:
    """What a stream held: good frames, and what was dropped and why."""

    good: int = 0
    dropped: dict[str, int] = field(default_factory=lambda: {"cobs": 0, "crc": 0, "type": 0, "length": 0, "overrun": 0})

    @property
    def bad(self) -> int:
        return sum(self.dropped.values())


def seal(body: bytes) -> bytes:
    """A body as it stands on the wire, with its CRC and the delimiter."""
    crc = binascii.crc_hqx(body, CRC_INIT)
    return cobs_encode(body + struct.pack("<H", crc)) + b"\x00"


def unseal(stuffed: bytes) -> bytes:
    """The body of a frame without its delimiter.

    Raises:
        FrameError: COBS or CRC fail, or nothing is inside.
    """
    try:
        sealed = cobs_decode(stuffed)
    except CobsError:
        raise FrameError("cobs") from None
    if not CRC_BYTES < len(sealed) <= MAX_BODY_BYTES + CRC_BYTES:
        raise FrameError("length")
    body = sealed[:-CRC_BYTES]
    if binascii.crc_hqx(body, CRC_INIT) != int.from_bytes(sealed[-CRC_BYTES:], "little"):
        raise FrameError("crc")
    return body


def decode_body(body: bytes, end_offset: int = 0) -> Frame:
    """A frame of the board from its body.

    Raises:
        FrameError: unknown type or wrong length.
    """
    kind = body[0]
    if kind == SAMPLE:
        return _sample(body, end_offset)
    if kind == HELLO:
        return _hello(body)
    if kind == STATUS:
        _expect(len(body) == _STATUS.size)
        _, uptime_s, temperature, *rest = _STATUS.unpack(body)
        return Status(uptime_s, None if temperature == NO_TEMPERATURE else temperature / 100, *rest)
    if kind == REPLY:
        _expect(len(body) == _REPLY.size)
        return Reply(body[1], body[2])
    raise FrameError("type")


def sample_channels(body_bytes: int) -> int:
    """Channels of a SAMPLE body of this length; 0 where no SAMPLE has it."""
    channels, rest = divmod(body_bytes - SAMPLE_HEAD_BYTES, COUNT_BYTES)
    return channels if rest == 0 and 1 <= channels <= MAX_CHANNELS else 0


def _expect(right_length: bool) -> None:
    if not right_length:
        raise FrameError("length")


def _hello(body: bytes) -> Hello | OtherProtocol:
    _expect(len(body) >= FROZEN_HELLO_BYTES)
    board_id = "gpio" if body[2:FROZEN_HELLO_BYTES] == GPIO_ID else body[2:FROZEN_HELLO_BYTES].hex()
    if body[1] != PROTOCOL:
        return OtherProtocol(board_id, body[1])
    _expect(len(body) == _HELLO.size)
    _, _, _, major, minor, patch, channels, gain, rate_hz, cause, boot = _HELLO.unpack(body)
    return Hello(board_id, (major, minor, patch), channels, gain, rate_hz, cause, boot)


def _sample(body: bytes, end_offset: int) -> Samples:
    channels = sample_channels(len(body))
    _expect(channels > 0)
    _, seq, t_us, present = _SAMPLE_HEAD.unpack_from(body)
    counts = [
        int.from_bytes(body[k : k + COUNT_BYTES], "little", signed=True)
        for k in range(SAMPLE_HEAD_BYTES, len(body), COUNT_BYTES)
    ]
    return Samples(
        np.array([seq], np.int64),
        np.array([t_us], np.int64),
        np.array([present], np.uint8),
        np.array([counts], np.int32),
        np.array([end_offset], np.int64),
    )
