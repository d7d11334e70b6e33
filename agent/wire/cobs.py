"""Consistent overhead byte stuffing (Cheshire and Baker, 1999): frames without a zero byte."""

from __future__ import annotations

_LONGEST_RUN = 254


class CobsError(ValueError):
    """Bytes that are no COBS encoding."""


def cobs_encode(data: bytes) -> bytes:
    """`data` without zero bytes; the delimiter is not added."""
    out = bytearray()
    for run in data.split(b"\x00"):
        rest = run
        while len(rest) >= _LONGEST_RUN:
            out.append(_LONGEST_RUN + 1)
            out += rest[:_LONGEST_RUN]
            rest = rest[_LONGEST_RUN:]
        out.append(len(rest) + 1)
        out += rest
    return bytes(out)


def cobs_decode(data: bytes) -> bytes:
    """What was encoded; `data` holds no delimiter.

    Raises:
        CobsError: a zero byte, or a code that points past the end.
    """
    if b"\x00" in data:
        raise CobsError("a zero byte inside a frame")
    out = bytearray()
    position, end = 0, len(data)
    while position < end:
        code = data[position]
        following = position + code
        if following > end:
            raise CobsError("a code points past the end")
        out += data[position + 1 : following]
        position = following
        if code <= _LONGEST_RUN and position < end:
            out.append(0)
    return bytes(out)
