"""What the firmware and the agent both have to know, they know alike."""

from __future__ import annotations

import re
import struct

from agent.wire import frames
from tests.firmware.simboard import FIRMWARE

DEFINE = re.compile(r"^#define WIRE_(\w+) (\w+)", re.MULTILINE)


def _header() -> dict[str, int]:
    text = (FIRMWARE / "src" / "wire.h").read_text()
    return {name: int(value.rstrip("UL"), 0) for name, value in DEFINE.findall(text) if name != "H"}


def test_numbers_of_the_contract() -> None:
    header = _header()
    expected = {
        "PROTOCOL": frames.PROTOCOL,
        "BODY_MAX": frames.MAX_BODY_BYTES,
        "CRC_BYTES": frames.CRC_BYTES,
        "CRC_INIT": frames.CRC_INIT,
        "CHANNELS_MAX": frames.MAX_CHANNELS,
        "BOARD_ID_BYTES": frames.BOARD_ID_BYTES,
        "COUNT_BYTES": frames.COUNT_BYTES,
        "SAMPLE_HEAD_BYTES": frames.SAMPLE_HEAD_BYTES,
        "NO_TEMPERATURE": frames.NO_TEMPERATURE,
        "GAIN_HIGH": max(frames.GAINS),
        "GAIN_LOW": min(frames.GAINS),
        "RATE_FAST": max(frames.RATES_HZ),
        "RATE_SLOW": min(frames.RATES_HZ),
    }
    expected |= {
        name: getattr(frames, name)
        for name in (
            "HELLO", "SAMPLE", "STATUS", "REPLY", "IDENTIFY", "SET_GAIN", "SET_BOARD_ID", "RESET", "SET_RATE",
        )
    }  # fmt: skip
    assert {name: header[name] for name in expected} == expected
    assert len(frames.GAINS) == len(frames.RATES_HZ) == 2


def test_lengths_of_the_layouts() -> None:
    header = _header()
    assert header["HELLO_BYTES"] == struct.calcsize("<BB8s3BBBBBH")
    assert header["STATUS_BYTES"] == struct.calcsize("<BIhHHHHB")
    assert header["REPLY_BYTES"] == 3
    largest = header["SAMPLE_HEAD_BYTES"] + header["CHANNELS_MAX"] * header["COUNT_BYTES"]
    assert largest <= header["BODY_MAX"]
    assert frames.sample_channels(largest) == header["CHANNELS_MAX"]
