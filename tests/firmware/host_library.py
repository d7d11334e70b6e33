"""The firmware's pure C files, compiled for this machine: the very codec and command handler that the board runs."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.firmware.simboard import BUILD, FIRMWARE, IMAGES, building

SOURCES = ("frame.c", "messages.c", "commands.c", "temperature.c")
STUFFED_MAX = 67  # FRAME_STUFFED_MAX


class Receiver(ctypes.Structure):
    """`frame_receiver_t` of frame.h."""

    _fields_ = [
        ("bytes", ctypes.c_uint8 * STUFFED_MAX),
        ("length", ctypes.c_uint8),
        ("joined", ctypes.c_bool),
        ("discarding", ctypes.c_bool),
        ("errors", ctypes.c_uint16),
    ]


class Hello(ctypes.Structure):
    """`hello_t` of messages.h."""

    _fields_ = [
        ("board_id", ctypes.c_uint8 * 8),
        ("firmware", ctypes.c_uint8 * 3),
        ("channels", ctypes.c_uint8),
        ("gain", ctypes.c_uint8),
        ("rate", ctypes.c_uint8),
        ("reset_cause", ctypes.c_uint8),
        ("boot", ctypes.c_uint16),
    ]


class Sample(ctypes.Structure):
    """`sample_t` of messages.h."""

    _fields_ = [
        ("seq", ctypes.c_uint16),
        ("t_us", ctypes.c_uint32),
        ("present", ctypes.c_uint8),
        ("counts", ctypes.c_int32 * 8),
    ]


class Status(ctypes.Structure):
    """`status_t` of messages.h."""

    _fields_ = [
        ("uptime_s", ctypes.c_uint32),
        ("temperature", ctypes.c_int16),
        ("supply_mv", ctypes.c_uint16),
        ("late_reads", ctypes.c_uint16),
        ("tx_dropped", ctypes.c_uint16),
        ("rx_errors", ctypes.c_uint16),
        ("faults", ctypes.c_uint8),
    ]


class Command(ctypes.Structure):
    """`command_t` of commands.h."""

    _fields_ = [("type", ctypes.c_uint8), ("argument", ctypes.POINTER(ctypes.c_uint8))]


def build() -> ctypes.CDLL:
    library: Path = BUILD / "libshelfcodec.so"
    sources = [str(FIRMWARE / "src" / name) for name in SOURCES] + [str(IMAGES / "host_commands.c")]
    flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", f"-I{FIRMWARE / 'src'}"]
    with building():
        subprocess.run(["cc", *flags, "-o", str(library), *sources], check=True)
        loaded = ctypes.CDLL(str(library))
    for name, result in {
        "frame_crc": ctypes.c_uint16,
        "frame_seal": ctypes.c_uint8,
        "frame_open": ctypes.c_uint8,
        "frame_receive": ctypes.c_uint8,
        "message_hello": ctypes.c_uint8,
        "message_sample": ctypes.c_uint8,
        "message_status": ctypes.c_uint8,
        "message_reply": ctypes.c_uint8,
        "command_parse": ctypes.c_int,
        "commands_handle_on_host": ctypes.c_bool,
        "commands_busy": ctypes.c_bool,
        "temperature_of": ctypes.c_int16,
    }.items():
        getattr(loaded, name).restype = result
    return loaded


def seal(library: ctypes.CDLL, body: bytes) -> bytes:
    """A body as the board puts it on the wire."""
    wire = ctypes.create_string_buffer(STUFFED_MAX + 1)
    length = library.frame_seal(body, ctypes.c_uint8(len(body)), wire)
    return wire.raw[:length]


def receive(library: ctypes.CDLL, receiver: Receiver, stream: Iterable[int]) -> list[bytes]:
    """The bodies that the board finds in a stream."""
    bodies = []
    for byte in stream:
        if length := library.frame_receive(ctypes.byref(receiver), ctypes.c_uint8(byte)):
            bodies.append(bytes(receiver.bytes[:length]))
    return bodies
