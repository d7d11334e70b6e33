"""The board's side of the serial contract (protocol 1): frames out, commands in. Knows nothing of the agent's codec."""

from bench.wire.cobs import CobsError, cobs_decode, cobs_encode, frame, unframe
from bench.wire.commands import CommandReader, HostCommand
from bench.wire.frames import Hello, Reply, Status, sample_body, sample_frames
from bench.wire.line import Damage

__all__ = [
    "CobsError",
    "CommandReader",
    "Damage",
    "Hello",
    "HostCommand",
    "Reply",
    "Status",
    "cobs_decode",
    "cobs_encode",
    "frame",
    "sample_body",
    "sample_frames",
    "unframe",
]
