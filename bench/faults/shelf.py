"""A small shelf on one board: two plates of four cells, three goods on each, and what was truly taken."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.faults.board import Cell, SettableBoard

BOARD_ID = bytes.fromhex("b0000000000000fa")
WIDTH_MM, DEPTH_MM = 450.0, 300.0
INSET_MM = 20.0
STOCK = 15
PLATES = ("P1", "P2")


@dataclass(frozen=True)
class Good:
    """A product, and its lane's span on the plate."""

    sku: str
    grams: float
    sd_g: float
    x_mm: tuple[float, float]


GOODS = {
    "P1": (
        Good("can", 352.0, 1.2, (0.0, 150.0)),
        Good("jar", 517.0, 2.0, (150.0, 300.0)),
        Good("bag", 149.0, 0.8, (300.0, 450.0)),
    ),
    "P2": (
        Good("box", 264.0, 1.0, (0.0, 150.0)),
        Good("tin", 433.0, 1.5, (150.0, 300.0)),
        Good("bar", 97.0, 0.6, (300.0, 450.0)),
    ),
}


@dataclass(frozen=True)
class Moved:
    """What truly happened: `qty` units onto (+) or off (-) a plate; the instant half the weight had moved."""

    t_utc_s: float
    plate: str
    sku: str
    qty: int


def corners() -> list[tuple[float, float]]:
    """Where a plate's cells carry it."""
    x, y = WIDTH_MM - INSET_MM, DEPTH_MM - INSET_MM
    return [(INSET_MM, INSET_MM), (x, INSET_MM), (INSET_MM, y), (x, y)]


def shares(x_mm: float, y_mm: float) -> list[float]:
    """How a point load spreads over the four cells."""
    u = (x_mm - INSET_MM) / (WIDTH_MM - 2 * INSET_MM)
    v = (y_mm - INSET_MM) / (DEPTH_MM - 2 * INSET_MM)
    return [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v]


def counts_of(channel: int) -> tuple[int, float]:
    """Zero and counts per gram of a channel."""
    return 80_000 + 1_731 * channel, 415.0 + 3.1 * channel


def store_text() -> str:
    """The store file."""
    lines = ['schema = "store/1"', "[store]", 'id = "faults"', 'currency = "EUR"', "[[agent]]", 'id = "a1"']
    for good in (good for goods in GOODS.values() for good in goods):
        lines += ["[[item]]", f'sku = "{good.sku}"', f'name = "{good.sku}"', 'price = "1.50"', 'sold_by = "unit"']
        lines += [f"unit_weight_g = {good.grams}", f"unit_sd_g = {good.sd_g}"]
    for number, plate in enumerate(PLATES):
        lines += ["[[plate]]", f'id = "{plate}"', f"size_mm = [{WIDTH_MM}, {DEPTH_MM}]", "max_g = 20000.0"]
        for cell, (x_mm, y_mm) in enumerate(corners()):
            zero, per_gram = counts_of(4 * number + cell)
            lines += ["[[plate.cell]]", f'board = "{BOARD_ID.hex()}"', f"channel = {4 * number + cell}"]
            lines += [f"x_mm = {x_mm}", f"y_mm = {y_mm}", f"zero_counts = {zero}", f"counts_per_gram = {per_gram}"]
        for good in GOODS[plate]:
            lines += ["[[plate.lane]]", f'sku = "{good.sku}"', f"x_mm = [{good.x_mm[0]}, {good.x_mm[1]}]"]
            lines += [f"stock = {STOCK}"]
    return "\n".join(lines) + "\n"


class Shelf:
    """The board with goods on it. `moved` is the truth so far."""

    def __init__(self, port: Path, seed: int, first_seq: int = 0, first_t_us: int = 0) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.moved: list[Moved] = []
        self.stock = {(plate, good.sku): STOCK for plate, goods in GOODS.items() for good in goods}
        cells = [Cell(*counts_of(channel)) for channel in range(8)]
        for number, plate in enumerate(PLATES):
            for good in GOODS[plate]:
                middle = (good.x_mm[0] + good.x_mm[1]) / 2
                for cell, share in enumerate(shares(middle, DEPTH_MM / 2)):
                    cells[4 * number + cell].grams += share * good.grams * STOCK
        self.board = SettableBoard(BOARD_ID, port, cells, seed, first_seq=first_seq, first_t_us=first_t_us)

    def move(self, plate: str, sku: str, qty: int) -> Moved:
        """Units onto or off their lane, as a hand does it."""
        good = next(good for good in GOODS[plate] if good.sku == sku)
        with self._lock:
            x_mm = self._random.uniform(good.x_mm[0] + 30.0, good.x_mm[1] - 30.0)
            y_mm = self._random.uniform(80.0, DEPTH_MM - 80.0)
            grams = sum(self._random.gauss(good.grams, good.sd_g) for _ in range(abs(qty))) * (1 if qty > 0 else -1)
            base = 4 * PLATES.index(plate)
            half_s = self.board.move({base + cell: grams * share for cell, share in enumerate(shares(x_mm, y_mm))})
            self.stock[plate, sku] += qty
            moved = Moved(time.time() + half_s - time.monotonic(), plate, sku, qty)
            self.moved.append(moved)
            return moved

    def move_any(self) -> Moved:
        """One unit of something, off or back on, on any plate."""
        plate = self._random.choice(PLATES)
        good = self._random.choice(GOODS[plate])
        stock = self.stock[plate, good.sku]
        put = stock < STOCK and (stock < 5 or self._random.random() < 0.45)
        return self.move(plate, good.sku, 1 if put else -1)
