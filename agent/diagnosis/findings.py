"""A finding: what, where, in a line; and what to do, in another."""

from __future__ import annotations

from dataclasses import dataclass

PROBLEM, REMARK = "problem", "remark"

REMEDIES = {
    "no-ports": "plug the board in; a charging cable without data wires looks like none at all",
    "dead-board": "check power and cable (no light: no power); then flash it: make -C firmware flash PORT=...",
    "wrong-port": "this is another device: name the board's own port (ls -l /dev/serial/by-id), or unplug the device",
    "wrong-protocol": "flash the board with the firmware of this agent: make -C firmware flash PORT=...",
    "no-hello": "the bytes are a shelf board's, but it never says who it is: reset it, then flash it anew",
    "board-id-unset": "give it 16 hex digits that no other board has: python firmware/set_board_id.py PORT ID",
    "duplicate-board": "give one of the boards another id: python firmware/set_board_id.py PORT ID",
    "board-unknown": "write this id into the store file where its cells are, or unplug the board",
    "board-missing": "plug the board in, or correct the id in the store file",
    "board-restarts": "a supply that sags or a loose plug: use a powered hub and a short, thick cable",
    "line-errors": "a worn or long USB cable, or a hub without power of its own: replace it",
    "supply-low": "feed the board with 5 V, not 3.3 V, and the HX711 modules from the board's 5 V pin (VCC, not VDD)",
    "no-samples": "no chip delivers: check 5 V, GND and the ribbon between board and modules",
    "channel-missing": "the firmware does not read this channel: correct the store file, or build with CHANNELS=8",
    "unplugged": "check the module's four wires (VCC, GND, DT, SCK); then try another module",
    "saturated": "check the cell's wires (E+, E-, A+, A-): one is broken or off, or E- does not reach GND",
    "stuck": "DT touches GND or VCC, or the chip is dead: check the wire, then replace the module",
    "loose-cable": "move each plug and wire of it in turn and check again; solder or crimp the one that makes it jump",
    "wrong-rate": "set the RATE strap of the module (lift pin 15 and wire it to D12 for 80 a second), or build for 10",
    "noisy": "twist the wires, keep them from mains and motors, join the shield to GND at the module; is VCC 5 V?",
    "mains-hum": "move the cell's cable away from mains leads and lamps, join its shield to GND at one end, use 80 SPS",
    "out-of-range": "the cell is bent, jammed or wrongly wired: it should read near zero with nothing on it",
    "touched": "nobody may touch the shelf meanwhile; check it again",
    "drifting": "wait ten minutes after switching on or refilling; then look for a draught, the sun, a rubbing edge",
    "reversed": "swap A+ and A- of this cell (or turn it over; the arrow points the way of the load), then calibrate",
    "swapped": "exchange the two channels in the store file, or their plugs on the board",
    "below-zero": "tare the plate while it is empty: shelf-agent tare PLATE",
    "dead-cell": "no weight reaches this cell: does the plate rest on it, is the stop too high, is A+ or A- off?",
    "weight-unlike-stock": "if the goods stand as the store file says, calibrate; check --corners finds swapped cells",
    "overloaded": "take weight off; then see that the plate does not press against its stops or the shelf",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the diagnosis. `code` is stable; `where` names port, board, channel or plate."""

    code: str
    where: str
    verdict: str
    severity: str = PROBLEM
    advice: str = ""  # in place of the code's remedy, where somebody else knows better

    @property
    def remedy(self) -> str:
        return self.advice or REMEDIES[self.code]
