"""Commands of the host, as wire bytes."""

from __future__ import annotations

from agent.wire.frames import (
    BOARD_ID_BYTES,
    GAINS,
    IDENTIFY,
    RATES_HZ,
    RESET,
    SET_BOARD_ID,
    SET_GAIN,
    SET_RATE,
    seal,
)


def identify() -> bytes:
    """Ask for a HELLO."""
    return seal(bytes([IDENTIFY]))


def reset() -> bytes:
    """Restart the board."""
    return seal(bytes([RESET]))


def set_gain(gain: int) -> bytes:
    """Set the gain of all chips; ValueError for another than the HX711's."""
    return seal(bytes([SET_GAIN, _one_of("gain", gain, GAINS)]))


def set_rate(rate_hz: int) -> bytes:
    """Set the rate of all chips; ValueError for another than the HX711's."""
    return seal(bytes([SET_RATE, _one_of("rate", rate_hz, RATES_HZ)]))


def set_board_id(board_id: str) -> bytes:
    """Give the board its id (16 hex digits); ValueError for anything else."""
    raw = bytes.fromhex(board_id)
    if len(raw) != BOARD_ID_BYTES:
        raise ValueError(f"a board id has {2 * BOARD_ID_BYTES} hex digits, {board_id!r} has {len(board_id)}")
    return seal(bytes([SET_BOARD_ID]) + raw)


def _one_of(what: str, value: int, allowed: tuple[int, ...]) -> int:
    if value not in allowed:
        raise ValueError(f"{what} {value}: allowed are {', '.join(map(str, allowed))}")
    return value
