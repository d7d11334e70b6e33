"""What is wrong with the parts, told once when it begins and once when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.messages import Fault

REMEDIES = {
    "protocol-mismatch": "flash the board with the firmware of this agent: make -C firmware flash PORT=...",
    "board-id-unset": "give the board an id of its own (SET_BOARD_ID, or `shelf-agent check` names the command)",
    "duplicate-board": "two ports answer with one board id: give one of the boards another id, or unplug it",
    "board-unknown": "no plate of this agent names this board: correct the store file or unplug the board",
    "board-silent": "check the USB cable and the power of the board",
    "board-restarted": "a supply that sags or a loose plug: use a powered hub and a short, thick cable",
    "frames-lost": "frames of the board are missing: the USB cable or hub is overloaded, or the computer is too busy",
    "frames-damaged": "a worn or long USB cable, or a hub without power of its own: replace it",
    "channel-missing": "the store file names a channel that the board does not read: correct it or the wiring",
    "cell-silent": "check the wires of this cell's HX711 (DT, SCK, VCC, GND); replace the module",
    "cell-stuck": "DT touches GND or VCC, or the chip is dead: check the wire, then replace the module",
    "cell-wild": "move each plug and wire of this cell in turn; solder or crimp the one that makes it jump",
    "cell-drifting": "look for a draught, the sun or a rubbing edge at this cell; then replace it",
    "cell-saturated": "check the cell's four wires (E+, E-, A+, A-); a broken one saturates the converter",
    "overload": "take weight off the plate; its cells cannot measure beyond their range",
}


_QUALITY = {
    "channel-missing": "cell-degraded",
    "cell-silent": "cell-degraded",
    "cell-stuck": "cell-degraded",
    "cell-wild": "cell-degraded",
    "cell-drifting": "cell-degraded",
    "cell-saturated": "cell-degraded",
    "overload": "overload",
}


@dataclass(frozen=True, slots=True)
class FaultKey:
    """Which fault of which part."""

    fault: str
    board: str | None = None
    channel: int | None = None
    plate: str | None = None


class FaultBook:
    """Open faults. `begin` and `end` give the message where something changed, else None."""

    def __init__(self) -> None:
        self._open: dict[FaultKey, Fault] = {}

    def begin(self, key: FaultKey, plates: tuple[str, ...]) -> Fault | None:
        if key in self._open:
            return None
        fault = Fault(fault=key.fault, board=key.board, channel=key.channel, plates=plates, remedy=REMEDIES[key.fault])
        self._open[key] = fault
        return fault

    def end(self, key: FaultKey) -> Fault | None:
        return self._open.pop(key, None)

    def hold(self, key: FaultKey, plates: tuple[str, ...], *, there: bool) -> Iterator[tuple[Fault, bool]]:
        """The fault is there, or is not: what is to be told of it, with whether it is its end."""
        fault = self.begin(key, plates) if there else self.end(key)
        if fault is not None:
            yield fault, not there

    def quality(self, plate: str) -> tuple[str, ...]:
        """What the contract says of a plate's measurements while faults are open."""
        open_faults = {fault.fault for fault in self._open.values() if plate in fault.plates}
        return tuple(sorted({_QUALITY[fault] for fault in open_faults if fault in _QUALITY}))
