"""Consistent overhead byte stuffing and the CRC of the serial contract."""

from __future__ import annotations

import binascii

CRC_START = 0xFFFF
MAX_BODY = 64


class CobsError(ValueError):
    """Bytes that are no frame; `why` names the first thing that is wrong."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def cobs_encode(data: bytes) -> bytes:
    """COBS of data, without the closing zero."""
    out = bytearray()
    for block in data.split(b"\x00"):
        rest = block
        while len(rest) >= 254:
            out += b"\xff" + rest[:254]
            rest = rest[254:]
        out.append(len(rest) + 1)
        out += rest
    return bytes(out)


def cobs_decode(data: bytes) -> bytes:
    """The bytes behind a COBS block (without its closing zero). Raises CobsError."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        if code == 0:
            raise CobsError("a zero within the block")
        if at + code > len(data):
            raise CobsError("a code points past the end")
        out += data[at + 1 : at + code]
        at += code
        if code < 0xFF and at < len(data):
            out.append(0)
    return bytes(out)


def frame(body: bytes) -> bytes:
    """A body as it goes over the wire: COBS(body + crc16) and a zero. The body has at most 64 bytes."""
    if not 0 < len(body) <= MAX_BODY:
        raise ValueError(f"a body has 1 to {MAX_BODY} bytes, not {len(body)}")
    return cobs_encode(body + binascii.crc_hqx(body, CRC_START).to_bytes(2, "little")) + b"\x00"


def unframe(block: bytes) -> bytes:
    """The body of a frame (without its closing zero). Raises CobsError."""
    data = cobs_decode(block)
    if len(data) < 3:
        raise CobsError("shorter than a type and its CRC")
    if binascii.crc_hqx(data[:-2], CRC_START) != int.from_bytes(data[-2:], "little"):
        raise CobsError("the CRC does not fit")
    return data[:-2]
