"""Commands from the network: read, judged, and only then handed on. Pure."""

from __future__ import annotations

from collections import OrderedDict

from agent.messages import Command, MessageError, parse_payload
from agent.messages.state import COMMAND_MAX_AHEAD_S, COMMAND_NAMES

REMEMBERED_IDS = 1024
_SECOND_NS = 1_000_000_000


class RefusedError(Exception):
    """A command that is answered with a refusal."""

    def __init__(self, command_id: str, reason: str) -> None:
        super().__init__(reason)
        self.command_id = command_id
        self.reason = reason


class Gate:
    """Lets each command through once, while it is valid."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.dropped = 0

    def admit(self, payload: bytes, *, retained: bool, now_t_utc_ns: int) -> Command | None:
        """The command; None: no command at all (counted in `dropped`).

        Raises:
            RefusedError: it names an id, and is retained, repeated, expired, too far ahead or unknown.
        """
        try:
            command = parse_payload(Command, payload)
        except MessageError:
            self.dropped += 1
            return None
        if retained:
            raise RefusedError(command.id, "retained: a command is for now")
        if command.id in self._seen:
            raise RefusedError(command.id, "this id was used before")
        ahead_ns = command.expires - now_t_utc_ns
        if ahead_ns < 0:
            raise RefusedError(command.id, f"expired {-ahead_ns / _SECOND_NS:.1f} s ago")
        if ahead_ns > COMMAND_MAX_AHEAD_S * _SECOND_NS:
            raise RefusedError(
                command.id, f"expires {ahead_ns / _SECOND_NS:.1f} s ahead, at most {COMMAND_MAX_AHEAD_S} s are allowed"
            )
        if command.command not in COMMAND_NAMES:
            raise RefusedError(command.id, f"unknown command; known are: {', '.join(COMMAND_NAMES)}")
        self._seen[command.id] = None
        while len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)
        return command
