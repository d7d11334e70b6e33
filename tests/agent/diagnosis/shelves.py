"""A virtual store whose boards run for some seconds, with one fault planted between chip and agent."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from agent.diagnosis import Finding, diagnose_shelf
from agent.sources.capture import Capture
from agent.store import Store, load_store
from bench.board.board import VirtualBoard
from bench.board.chips import Conversion
from bench.board.running import BoardPins
from bench.board.shelf import Shelf
from bench.demo.store import BOARDS, demo_shop, fresh
from bench.families.world import World
from bench.physics.parameters import ROOMS
from bench.shop.model import Shop
from bench.shop.storefile import store_toml

SECONDS = 10.0
STEP_S = 0.5
Bend = Callable[[Conversion], list[Conversion]]
"""What becomes of a conversion on its way from the chip to the board."""


class Shop4:
    """The demo's shop with its agent's view of it."""

    def __init__(self, folder: Path, seed: int, room: str = "default") -> None:
        self.shop: Shop = demo_shop("demo", fresh(seed))
        path = folder / "store.toml"
        path.write_text(store_toml(self.shop))
        self.store: Store = load_store(path)
        rng = np.random.default_rng(seed)
        self.world = World(self.shop, ROOMS[room], rng)
        self.shelf = Shelf(self.shop, self.world.past, ROOMS[room], rng)
        self.boards = {
            board: VirtualBoard(bytes.fromhex(board), 8, 80, BoardPins(self.shelf, board)) for board in BOARDS
        }

    def listen(self, bend: Bend | None = None, bent: str = BOARDS[0]) -> list[Capture]:
        """Ten seconds of both boards; `bend` bends what the board `bent` hears."""
        captures = [Capture(f"/dev/ttyUSB{index}") for index in range(len(BOARDS))]
        t_s = 0.0
        while t_s < SECONDS:
            t_s += STEP_S
            conversions = self.shelf.advance(t_s)
            for capture, board in zip(captures, BOARDS, strict=True):
                heard = conversions[board]
                if bend is not None and board == bent:
                    heard = sorted((c for one in heard for c in bend(one)), key=lambda c: c.t)
                self.boards[board].advance(t_s, heard, 21.0)
                capture.feed(self.boards[board].sent(t_s))
        return captures

    def diagnose(self, captures: list[Capture], contents: dict[str, dict[str, int]] | None = None) -> list[Finding]:
        """As `check` does, with the store file's stock unless told otherwise."""
        stock = {plate.id: {lane.sku: lane.stock for lane in plate.lanes} for plate in self.store.plates.values()}
        return diagnose_shelf(self.store, "a1", captures, contents or stock, SECONDS)[1]


def only(channel: int, change: Callable[[Conversion], list[Conversion]]) -> Bend:
    """Bend one channel."""
    return lambda c: change(c) if c.channel == channel else [c]


def with_counts(c: Conversion, counts: float) -> Conversion:
    """The conversion, reading something else; kept within the converter's range."""
    return Conversion(c.t, c.channel, max(-0x800000, min(0x7FFFFF, round(counts))))


def hum(channel: int, hz: float, counts: float) -> Bend:
    """Mains in a cell's wires."""
    return only(channel, lambda c: [
        c if c.counts is None else with_counts(c, c.counts + counts * math.sin(2 * math.pi * hz * c.t))
    ])  # fmt: skip
