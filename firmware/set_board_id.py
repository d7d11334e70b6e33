"""Gives a board its id: `.venv/bin/python firmware/set_board_id.py /dev/ttyUSB0 b000000000000001`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from agent.sources.port import Port, PortError, SerialPort
from agent.wire import Frame, FrameStream, Hello, Reply, identify, set_board_id
from agent.wire.frames import SET_BOARD_ID

HELLO_WITHIN_S = 12.0  # a bootloader takes two, the board tells every five
REPLY_WITHIN_S = 2.0
READ_S = 0.1
RESULTS = {0: "done", 1: "its firmware does not know the command", 2: "it refuses the id", 3: "its EEPROM is worn out"}
UNSET = ("00" * 8, "ff" * 8)


class BoardError(Exception):
    """What the board did not do, in one line."""


def frames_until(port: Port, within_s: float) -> Iterator[Frame]:
    """Frames as they come, for so long."""
    stream = FrameStream()
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        yield from stream.feed(port.read(READ_S))


def give(port: Port, board_id: str) -> tuple[str, str]:
    """Stores the id; the ids that the board told before and after.

    Raises:
        BoardError: it does not answer, or could not do it.
        PortError: the port is gone.
    """
    port.write(b"\x00" + identify())
    before = next((f.board_id for f in frames_until(port, HELLO_WITHIN_S) if isinstance(f, Hello)), None)
    if before is None:
        raise BoardError(f"no board of this protocol answers within {HELLO_WITHIN_S:g} s; is it flashed?")
    port.write(set_board_id(board_id))
    answers = (f for f in frames_until(port, REPLY_WITHIN_S) if isinstance(f, Reply) and f.command == SET_BOARD_ID)
    reply = next(answers, None)
    if reply is None or reply.result != 0:
        raise BoardError("no answer to the new id" if reply is None else RESULTS.get(reply.result, "it failed"))
    port.write(identify())
    after = next((f.board_id for f in frames_until(port, REPLY_WITHIN_S) if isinstance(f, Hello)), "")
    if after != board_id:
        raise BoardError(f"it told {after or 'nothing'} afterwards")
    return before, after


def main() -> int:
    parser = argparse.ArgumentParser(description="Gives a board its id, which it keeps for good.")
    parser.add_argument("port", help="serial port, e.g. /dev/ttyUSB0")
    parser.add_argument("id", help="16 hex digits that no other board of the store has")
    arguments = parser.parse_args()
    board_id = arguments.id.lower()
    if len(board_id) != 16 or set(board_id) - set("0123456789abcdef") or board_id in UNSET:
        parser.error(f"{arguments.id!r} is no id: 16 hex digits, neither all 0 nor all f")
    try:
        port = SerialPort(arguments.port)
    except PortError as error:
        sys.stderr.write(f"set_board_id: {error}; {error.remedy}\n")
        return 1
    try:
        before, after = give(port, board_id)
    except (BoardError, PortError) as error:
        sys.stderr.write(f"set_board_id: {arguments.port}: {error}\n")
        return 1
    finally:
        port.close()
    sys.stdout.write(f"{arguments.port}: {'had no id' if before in UNSET else f'was {before}'}, is {after}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
