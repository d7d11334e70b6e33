"""From forces on plates to the conversions of every chip of a store."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.physics.building import Building
from bench.physics.cell import Cell, convert, creep_g, flicker
from bench.physics.parameters import Room
from bench.physics.plate import Force, Past, PlateHistory, PlateMechanics
from bench.shop.model import Plate, Shop

Signal = npt.NDArray[np.float64]


@dataclass
class Conversions:
    """A board's conversions, a list a channel: instants (s) and counts, and instants of those thrown away; the
    change of the board's temperature, a value a second (K)."""

    times_s: list[Signal] = field(default_factory=list)
    counts: list[npt.NDArray[np.int64]] = field(default_factory=list)
    late_s: list[Signal] = field(default_factory=list)
    temperature_k: Signal = field(default_factory=lambda: np.zeros(1))


@dataclass(frozen=True)
class Measured:
    """All boards of a recording, and what the cells truly felt (for pictures and the oracle)."""

    boards: dict[str, Conversions]
    mechanics: dict[str, PlateMechanics]
    cells: dict[tuple[str, int], Cell]


def simulate(
    shop: Shop, past: dict[str, Past], forces: list[Force], room: Room, duration_s: float, rng: np.random.Generator
) -> Measured:
    """The conversions of a store under forces. All draws come from `rng`."""
    building = Building.draw(room.building, duration_s, rng)
    histories = {
        plate.id: PlateHistory(
            PlateMechanics.draw(room.plate, float(past[plate.id].components[0]), rng),
            past[plate.id].components,
            duration_s,
        )
        for plate in shop.plates
    }
    _spread_forces(shop, histories, forces)
    boards = {board: Conversions(temperature_k=building.temperature_k) for board in shop.boards}
    board_hz = {board: _board_rate(room, shop.rate_hz, rng) for board in shop.boards}
    order = round(room.cell.filter_order.draw(rng))
    gain_error = room.cell.gain_error.draw(rng)
    cells: dict[tuple[str, int], Cell] = {}
    for plate in shop.plates:
        history = histories[plate.id]
        history.add_weight(0, building.on_plate(history.mechanics, float(past[plate.id].components[0]), rng))
        shares = cell_shares(plate, history.mechanics, gain_error, rng)
        total = history.total()
        for site, share in zip(plate.cells, shares, strict=True):
            cell = Cell.draw(
                room.cell,
                shop.rate_hz,
                site.counts_per_gram,
                site.zero_counts,
                board_hz[site.board],
                gain_error,
                order,
                rng,
            )
            load = total @ share
            load += creep_g(cell, load, past[plate.id].recent_g * float(share[0]), past[plate.id].recent_s)
            load += flicker(cell, len(load), rng)
            times, counts, late = convert(cell, load, building.temperature_k, duration_s, rng)
            cells[(site.board, site.channel)] = cell
            boards[site.board].times_s.append(times)
            boards[site.board].counts.append(counts)
            boards[site.board].late_s.append(late)
    return Measured(boards, {k: h.mechanics for k, h in histories.items()}, cells)


def _board_rate(room: Room, rate_hz: int, rng: np.random.Generator) -> float:
    return (room.cell.rate_hz_80 if rate_hz == 80 else room.cell.rate_hz_10).draw(rng)


def _spread_forces(shop: Shop, histories: dict[str, PlateHistory], forces: list[Force]) -> None:
    """Each force onto its plate, its ring and rub onto the plates beside it."""
    names = [plate.id for plate in shop.plates]
    for force in sorted(forces, key=lambda f: f.start_s):
        own = histories[force.plate]
        first, ring = own.add(force)
        at = names.index(force.plate)
        for beside in (at - 1, at + 1):
            if 0 <= beside < len(names):
                other = histories[names[beside]]
                other.add_weight(first, own.mechanics.neighbour_share * ring)
                edge_x_mm = shop.plates[beside].size_mm[0] / 2 * (at - beside)  # the side towards the force
                other.add_static(force, own.mechanics.crosstalk_share, edge_x_mm)


def cell_shares(plate: Plate, mechanics: PlateMechanics, off_centre: float, rng: np.random.Generator) -> list[Signal]:
    """How each cell shares a load [W, Mx, My, Wxy]: statics of a plate on its cells, or one cell's off-centre error."""
    if len(plate.cells) == 1:
        half_x, half_y = plate.size_mm[0] / 2, plate.size_mm[1] / 2
        tilt = rng.standard_normal(2) * off_centre
        return [np.array([1.0, tilt[0] / half_x, tilt[1] / half_y, 0.0])]
    centre_x, centre_y = plate.centre_mm
    out = []
    for cell in plate.cells:
        a, b = cell.x_mm - centre_x, cell.y_mm - centre_y
        n = len(plate.cells)
        out.append(np.array([1.0 / n, 1.0 / (n * a), 1.0 / (n * b), mechanics.twist / (n * a * b)]))
    return out
