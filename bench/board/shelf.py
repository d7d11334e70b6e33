"""The shelves of a store as time goes on: forces in, conversions of every chip out."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from bench.board.chips import CellBank, Chip, Conversion, Trouble
from bench.board.loads import BuildingStream, PlateLoad
from bench.physics.cell import Cell
from bench.physics.parameters import GRID_HZ, Room
from bench.physics.plate import Force, Past, PlateMechanics
from bench.recordings.measuring import cell_shares
from bench.shop.model import Plate, Shop

Signal = npt.NDArray[np.float64]
RATES_HZ = (80, 10)
LONGEST_FILTER_PERIODS = 4.0  # a sinc of order 4
SLOWEST_HZ = 8.0
BLOCK = 100  # grid points a block: creep, wander and temperature are steady within 0.1 s


class Shelf:
    """All plates of a store. `add` may be called from any thread; the rest belongs to one."""

    def __init__(
        self, shop: Shop, past: dict[str, Past], room: Room, rng: np.random.Generator, every_s: float | None = None
    ) -> None:
        """`past`: what each plate carries at the start. `every_s`: see `Chip`."""
        self.shop, self._done = shop, 0  # grid points handed out
        self._lock = threading.Lock()
        self._coming: list[Force] = []
        self._loads = {
            plate.id: PlateLoad(
                PlateMechanics.draw(room.plate, float(past[plate.id].components[0]), rng), past[plate.id].components
            )
            for plate in shop.plates
        }
        mechanics = {name: (load.mechanics, load.rests_g) for name, load in self._loads.items()}
        self._building = BuildingStream(room.building, mechanics, rng)
        self._banks: dict[str, CellBank] = {}
        self._chips: dict[str, list[tuple[str, Chip]]] = {}
        self.by_channel: dict[tuple[str, int], Chip] = {}
        self._draw_cells(room, past, rng, every_s)

    def add(self, forces: Iterable[Force]) -> None:
        """Forces to come; their time is that of `advance`."""
        with self._lock:
            self._coming += forces

    def advance(self, until_s: float) -> dict[str, list[Conversion]]:
        """Time goes on to `until_s`: every conversion since the last call, by board, in order of time."""
        with self._lock:
            coming, self._coming = self._coming, []
        for force in sorted(coming, key=lambda force: force.start_s):
            self._spread(force)
        out: dict[str, list[Conversion]] = {board: [] for board in self.shop.boards}
        last = int(until_s * GRID_HZ) + 2
        while self._done < last:
            n = min(last - self._done, BLOCK)
            self._block(n, min(until_s, (self._done + n - 2) / GRID_HZ), out)
        for conversions in out.values():
            conversions.sort(key=lambda conversion: conversion.t)
        return out

    def kelvin(self, t_s: float) -> float:
        """Change of the room's temperature since the start (K)."""
        return self._building.kelvin(t_s)

    def set_rate(self, board: str, rate_hz: int) -> None:
        """The RATE pins of a board's chips."""
        for chip in self._of(board):
            chip.set_rate(rate_hz)

    def set_gain(self, board: str, gain: int) -> None:
        """Gain of a board's chips: 128 or 64."""
        for chip in self._of(board):
            chip.gain = gain

    def trouble(self, board: str, channel: int, trouble: Trouble) -> None:
        """Something goes wrong with a channel, or is mended. Raises KeyError where it has no cell."""
        self.by_channel[board, channel].trouble = trouble

    def _of(self, board: str) -> list[Chip]:
        return [chip for (name, _), chip in self.by_channel.items() if name == board]

    def _block(self, n: int, until_s: float, out: dict[str, list[Conversion]]) -> None:
        building = self._building.take(self._done, n)
        kelvin = self.kelvin(self._done / GRID_HZ)
        for plate in self.shop.plates:
            load = self._loads[plate.id].take(self._done, n)
            load[:, 0] += building[plate.id]
            bank = self._banks[plate.id]
            bank.extend(load)
            for column, (board, chip) in enumerate(self._chips[plate.id]):
                out[board] += chip.convert(until_s, bank.buffer[:, column], bank.begins, kelvin)
        self._done += n

    def _spread(self, force: Force) -> None:
        """A force onto its plate, its ring and rub onto the plates beside it."""
        names = list(self._loads)
        at = names.index(force.plate)
        mechanics = self._loads[force.plate].mechanics
        first, ring = self._loads[force.plate].add(force)
        for beside in (at - 1, at + 1):
            if 0 <= beside < len(names):
                other = self._loads[names[beside]]
                other.add_weight(first, mechanics.neighbour_share * ring)
                edge_x_mm = self.shop.plates[beside].size_mm[0] / 2 * (at - beside)  # the side towards the force
                other.add_static(force, mechanics.crosstalk_share, edge_x_mm)

    def _draw_cells(self, room: Room, past: dict[str, Past], rng: np.random.Generator, every_s: float | None) -> None:
        figures, nominal_hz = room.cell, self.shop.rate_hz
        order, gain_error = round(figures.filter_order.draw(rng)), figures.gain_error.draw(rng)
        hz = {board: {80: figures.rate_hz_80.draw(rng), 10: figures.rate_hz_10.draw(rng)} for board in self.shop.boards}
        keep = int(np.ceil(LONGEST_FILTER_PERIODS * GRID_HZ / SLOWEST_HZ)) + BLOCK
        for plate in self.shop.plates:
            shares = _shares(plate, self._loads[plate.id].mechanics, gain_error, rng)
            cells = self._cells(plate, room, hz, order, gain_error, rng)
            self._banks[plate.id] = CellBank(cells, shares, past[plate.id], keep, rng)
            self._chips[plate.id] = []
            for site, cell in zip(plate.cells, cells, strict=True):
                spread = cell.period_s * hz[site.board][nominal_hz]
                periods_s = {rate: spread / hz[site.board][rate] for rate in RATES_HZ}
                chip = Chip(cell, site.channel, periods_s, nominal_hz, every_s, rng)
                self._chips[plate.id].append((site.board, chip))
                self.by_channel[site.board, site.channel] = chip

    def _cells(
        self,
        plate: Plate,
        room: Room,
        hz: dict[str, dict[int, float]],
        order: int,
        gain_error: float,
        rng: np.random.Generator,
    ) -> list[Cell]:
        rate = self.shop.rate_hz
        return [
            Cell.draw(
                room.cell, rate, site.counts_per_gram, site.zero_counts, hz[site.board][rate], gain_error, order, rng
            )
            for site in plate.cells
        ]


def _shares(plate: Plate, mechanics: PlateMechanics, off_centre: float, rng: np.random.Generator) -> Signal:
    """How the cells share a load [cells, 4]; of cells in any places by the statics of a rigid plate (least squares)."""
    centre_x, centre_y = plate.centre_mm
    arms = [(cell.x_mm - centre_x, cell.y_mm - centre_y) for cell in plate.cells]
    if len(arms) == 1 or (len(arms) == 4 and all(a * b for a, b in arms)):
        return np.stack(cell_shares(plate, mechanics, off_centre, rng))
    statics = np.stack([np.ones(len(arms)), *np.array(arms).T])
    return np.hstack([np.linalg.pinv(statics), np.zeros((len(arms), 1))])
