"""Goods on the cells of a simulated board: the shelf of bench.faults.shelf, read by the real firmware in real time."""

from __future__ import annotations

import random
import time

from agent.wire import host
from bench.faults.shelf import BOARD_ID, DEPTH_MM, GOODS, PLATES, STOCK, Good, Moved, counts_of, shares
from tests.firmware.simboard import CHIPS, SimBoard

RAMP_S = 0.18
NOISE_COUNTS = 45.0


def give_id(board: SimBoard) -> None:
    """Stores the shelf's board id, over the link."""
    board.run(0.3)
    board.write(host.set_board_id(BOARD_ID.hex()))
    board.run(0.2)


class SimShelf:
    """Two plates of four cells with goods on them. Call `step` while time passes, from the thread that passes it."""

    def __init__(self, board: SimBoard, seed: int = 1) -> None:
        self._board = board
        self._random = random.Random(seed)
        self._grams = [0.0] * CHIPS
        self._moves: list[tuple[float, int, list[float]]] = []  # (begin on the monotonic clock, first cell, grams)
        for plate in PLATES:
            for good in GOODS[plate]:
                self._put(plate, self._spread(good, good.grams * STOCK))
        self.step(0.0)

    def move(self, plate: str, sku: str, qty: int) -> Moved:
        """Units onto or off the middle of their lane, as a hand does it, from now on."""
        good = next(good for good in GOODS[plate] if good.sku == sku)
        grams = sum(self._random.gauss(good.grams, good.sd_g) for _ in range(abs(qty))) * (1 if qty > 0 else -1)
        self._moves.append((time.monotonic(), 4 * PLATES.index(plate), self._spread(good, grams)))
        return Moved(time.time() + RAMP_S / 2, plate, sku, qty)

    def step(self, now_s: float) -> None:
        """What the chips convert at this instant of the monotonic clock."""
        grams = list(self._grams)
        for begin_s, first, moved in self._moves:
            share = min(1.0, max(0.0, (now_s - begin_s) / RAMP_S))
            for cell, delta in enumerate(moved):
                grams[first + cell] += delta * share * share * (3.0 - 2.0 * share)
        for channel in range(CHIPS):
            zero, per_gram = counts_of(channel)
            noise = self._random.gauss(0.0, NOISE_COUNTS)
            self._board.set_target(channel, round(zero + grams[channel] * per_gram + noise))

    def _put(self, plate: str, grams: list[float]) -> None:
        first = 4 * PLATES.index(plate)
        for cell, delta in enumerate(grams):
            self._grams[first + cell] += delta

    @staticmethod
    def _spread(good: Good, grams: float) -> list[float]:
        return [grams * share for share in shares(sum(good.x_mm) / 2, DEPTH_MM / 2)]
