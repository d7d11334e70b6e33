"""What a host says to a board, from a stream of bytes."""

from __future__ import annotations

from dataclasses import dataclass

from bench.wire.cobs import CobsError, unframe

IDENTIFY, SET_GAIN, SET_BOARD_ID, RESET, SET_RATE = 0x81, 0x82, 0x83, 0x84, 0x85
ARGUMENT_BYTES = {IDENTIFY: 0, SET_GAIN: 1, SET_BOARD_ID: 8, RESET: 0, SET_RATE: 1}
LONGEST_FRAME = 128  # without a zero for so long, bytes are dropped


@dataclass(frozen=True)
class HostCommand:
    """A command by its number, known or not, with its argument bytes."""

    command: int
    argument: bytes

    @property
    def known(self) -> bool:
        """Whether protocol 1 has it."""
        return self.command in ARGUMENT_BYTES

    @property
    def sound(self) -> bool:
        """Whether its argument has the right length."""
        return ARGUMENT_BYTES.get(self.command) == len(self.argument)


class CommandReader:
    """Cuts a host's bytes into commands; `errors` counts frames and bytes that were none (STATUS tells them)."""

    def __init__(self) -> None:
        self.errors = 0
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[HostCommand]:
        """Take bytes as they come; returns the commands that are complete."""
        self._rest += data
        *blocks, rest = bytes(self._rest).split(b"\x00")
        self._rest = bytearray(rest)
        if len(self._rest) > LONGEST_FRAME:
            self._rest.clear()
            self.errors += 1
        return [command for block in blocks if block and (command := self._parse(block)) is not None]

    def _parse(self, block: bytes) -> HostCommand | None:
        try:
            body = unframe(block)
        except CobsError:
            self.errors += 1
            return None
        return HostCommand(body[0], body[1:])
