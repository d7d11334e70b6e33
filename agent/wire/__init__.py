"""The serial link (protocol 1): bytes to frames and back. Pure: no I/O, no clock, nothing of ours."""

from agent.wire.cobs import CobsError, cobs_decode, cobs_encode
from agent.wire.frames import (
    NO_TEMPERATURE,
    PROTOCOL,
    SATURATED_HIGH,
    SATURATED_LOW,
    Counters,
    Frame,
    FrameError,
    Hello,
    OtherProtocol,
    Reply,
    Samples,
    Status,
    decode_body,
    seal,
    unseal,
)
from agent.wire.host import identify, reset, set_board_id, set_gain, set_rate
from agent.wire.stream import FrameStream, StreamState, Taken
from agent.wire.together import take_together

__all__ = [
    "NO_TEMPERATURE",
    "PROTOCOL",
    "SATURATED_HIGH",
    "SATURATED_LOW",
    "CobsError",
    "Counters",
    "Frame",
    "FrameError",
    "FrameStream",
    "Hello",
    "OtherProtocol",
    "Reply",
    "Samples",
    "Status",
    "StreamState",
    "Taken",
    "cobs_decode",
    "cobs_encode",
    "decode_body",
    "identify",
    "reset",
    "seal",
    "set_board_id",
    "set_gain",
    "set_rate",
    "take_together",
    "unseal",
]
