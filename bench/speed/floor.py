"""A shop floor of any size, in real time at next to no cost: boards of eight cells, plates of four, items that move.

Cheaper than the virtual store's physics, for the bench must not need more of the machine than the agent: white noise as
large as a conversion's of the physics, no room that shakes, and hands that move an item within a fifth of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.wire import Hello, Status, sample_frames

RATE_HZ = 80
CHANNELS = 8
CELLS = 4
NOISE_COUNTS = 160.0  # three times the data sheet's
COUNTS_PER_GRAM = 420.0
ZERO_COUNTS = 80_000
ITEM_G = 350.0
STOCK = 12
HAND_S = 0.2
FIRST_MOVE_S = 8.0  # the agent knows the plates by then
APART_S = 3.0  # between movements of one plate
SIZE_MM = (450.0, 300.0)
CORNERS_MM = ((20.0, 20.0), (430.0, 20.0), (20.0, 280.0), (430.0, 280.0))
STORE_ID = "faults"  # as the bench's subscriber listens to


def board_id(number: int) -> str:
    """16 hex digits."""
    return f"b{number + 1:015x}"


def store_text(boards: int) -> str:
    """The store file of a floor."""
    lines = ['schema = "store/1"', "[store]", f'id = "{STORE_ID}"', 'currency = "EUR"', "[[item]]", 'sku = "cola"']
    lines += ['name = "Cola"', 'price = "1.50"', 'sold_by = "unit"', f"unit_weight_g = {ITEM_G}", "unit_sd_g = 1.8"]
    for board in range(boards):
        for half in range(CHANNELS // CELLS):
            lines += [
                "[[plate]]",
                f'id = "P{board}-{half}"',
                f"size_mm = [{SIZE_MM[0]}, {SIZE_MM[1]}]",
                "max_g = 20000.0",
            ]
            for cell, (x, y) in enumerate(CORNERS_MM):
                lines += ["[[plate.cell]]", f'board = "{board_id(board)}"', f"channel = {half * CELLS + cell}"]
                lines += [f"x_mm = {x}", f"y_mm = {y}", f"zero_counts = {ZERO_COUNTS}"]
                lines += [f"counts_per_gram = {COUNTS_PER_GRAM}"]
            lines += ["[[plate.lane]]", 'sku = "cola"', f"x_mm = [0.0, {SIZE_MM[0]}]", f"stock = {STOCK}"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Move:
    """One item leaves a plate, or comes back (`delta` of -1 or 1) around `t_s`, at a place from -1 to 1 in x and y."""

    t_s: float
    board: int
    half: int
    delta: int
    place: tuple[float, float]


def moves(boards: int, seconds: float, an_hour: float, rng: np.random.Generator) -> list[Move]:
    """Movements over a time, `an_hour` on the whole floor; a plate has a third of its stock at least."""
    out: list[Move] = []
    stock: dict[tuple[int, int], int] = {}
    free_s: dict[tuple[int, int], float] = {}
    number = rng.poisson(an_hour * max(seconds - FIRST_MOVE_S, 0.0) / 3600)
    for t_s in np.sort(rng.uniform(FIRST_MOVE_S, max(seconds, FIRST_MOVE_S), number)).tolist():
        plate = int(rng.integers(boards)), int(rng.integers(CHANNELS // CELLS))
        if t_s < free_s.get(plate, 0.0):
            continue
        free_s[plate] = t_s + APART_S
        left = stock.get(plate, STOCK)
        delta = -1 if left == STOCK or (left > STOCK // 3 and rng.random() < 0.5) else 1
        stock[plate] = left + delta
        place = float(rng.uniform(-0.7, 0.7)), float(rng.uniform(-0.7, 0.7))
        out.append(Move(t_s, *plate, delta, place))
    return out


class FloorBoard:
    """One board's bytes, a second at a time."""

    def __init__(self, number: int, own: list[Move], rng: np.random.Generator) -> None:
        self.hello = Hello(bytes.fromhex(board_id(number)), CHANNELS, RATE_HZ).encode()
        self._moves, self._rng = own, rng
        self._phase_s = float(rng.uniform(0.0, 1 / RATE_HZ))
        self._start_us = int(rng.integers(0, 1 << 32))
        self._even_g = STOCK * ITEM_G / CELLS

    def second(self, second: int) -> list[tuple[float, bytes]]:
        """When each frame of a second of the board's life is complete, and the frame."""
        number = second * RATE_HZ + np.arange(RATE_HZ)
        t_s = number / RATE_HZ + self._phase_s
        grams = np.full((RATE_HZ, CHANNELS), self._even_g)
        for move in self._moves:
            if move.t_s - HAND_S < t_s[-1]:
                share = np.clip((t_s - move.t_s) / HAND_S + 0.5, 0.0, 1.0)
                moved = move.delta * ITEM_G * (1 - np.cos(np.pi * share)) / 2
                for cell in range(CELLS):
                    sx, sy = (1 if cell % 2 else -1), (1 if cell >= CELLS // 2 else -1)
                    lever = (1 + sx * move.place[0]) * (1 + sy * move.place[1]) / CELLS
                    grams[:, move.half * CELLS + cell] += moved * lever
        noise = self._rng.normal(0.0, NOISE_COUNTS, grams.shape)
        counts = np.round(ZERO_COUNTS + COUNTS_PER_GRAM * grams + noise).astype(np.int64)
        t_us = (self._start_us + np.floor(t_s * 1e6).astype(np.int64)) % (1 << 32)
        present: npt.NDArray[np.int64] = np.full(RATE_HZ, (1 << CHANNELS) - 1)
        frames = [row.tobytes() for row in sample_frames(number, t_us, present, counts)]
        out = list(zip(t_s.tolist(), frames, strict=True))
        out[0] = (out[0][0], Status(second).encode() + out[0][1])
        if second % 5 == 0:
            out[0] = (out[0][0], self.hello + out[0][1])
        return out
