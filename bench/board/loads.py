"""What rests on a plate and what moves on it, handed out as time goes on. All on the force grid."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.physics.building import Building
from bench.physics.parameters import GRID_HZ, GRID_S, RoomFigures, Span
from bench.physics.plate import COMPONENTS, Force, PlateMechanics

Signal = npt.NDArray[np.float64]
SEGMENT_S = 60.0  # the building's doings are drawn for so long at once: an FFT of a few milliseconds a plate
OVERLAP_S = 2.0  # one segment fades into the next
AHEAD_S = 10.0  # the next segment is drawn so long before it is needed


@dataclass(frozen=True)
class _Passing:
    """A history that begins at grid point `first`, and what stays when it is over."""

    first: int
    history: Signal  # [n, 4]
    stays: Signal  # [4]

    @property
    def end(self) -> int:
        return self.first + len(self.history)


class PlateLoad:
    """The load on one plate [W, Mx, My, Wxy]. Forces may be added as long as they begin in what is not yet taken;
    of one that began before, only the rest is felt."""

    def __init__(self, mechanics: PlateMechanics, initial: Signal) -> None:
        """`initial` [4] is what rests on it at the start."""
        self.mechanics = mechanics
        self._rests = initial.astype(np.float64).copy()
        self._passing: list[_Passing] = []
        self._goods_g = float(initial[0])  # what stands there, by which its resonances go
        self._coming: list[tuple[float, float]] = []  # and changes by so much (g), when

    @property
    def rests_g(self) -> float:
        """The weight that lies on it now, without what is moving."""
        return float(self._rests[0])

    def add(self, force: Force) -> tuple[int, Signal]:
        """Add a force with the ring that it makes; where that lies, and the ring alone [n], for the neighbours."""
        stays_g = self._goods_g + sum(g for at_s, g in self._coming if at_s <= force.start_s)
        answer = self.mechanics.respond(force.components, max(stays_g + float(force.components[-1, 0]), 0.0))
        first = round(force.start_s / GRID_S)
        self._passing.append(_Passing(first, answer, force.components[-1].copy()))
        self._coming.append((force.end_s, float(force.components[-1, 0])))
        ring = answer[:, 0].copy()
        ring[: len(force.components)] -= force.components[:, 0]
        ring[len(force.components) :] -= force.components[-1, 0]
        return first, ring

    def add_weight(self, first: int, weight_g: Signal) -> None:
        """Add a weight that goes away again, without moments (a neighbour's ring)."""
        history = np.zeros((len(weight_g), COMPONENTS))
        history[:, 0] = weight_g
        self._passing.append(_Passing(first, history, np.zeros(COMPONENTS)))

    def add_static(self, force: Force, share: float, edge_x_mm: float) -> None:
        """Add a share of a neighbour's force without its ring, at the edge (mm from the centre) that rubs on it."""
        history = np.zeros((len(force.components), COMPONENTS))
        history[:, 0] = share * force.components[:, 0]
        history[:, 1] = edge_x_mm * history[:, 0]
        self._passing.append(_Passing(round(force.start_s / GRID_S), history, history[-1].copy()))

    def take(self, first: int, n: int) -> Signal:
        """The load over n grid points [n, 4]. To be called in order: what is over is forgotten."""
        out = np.tile(self._rests, (n, 1))
        going: list[_Passing] = []
        for passing in self._passing:
            lo, hi = max(passing.first, first), min(passing.end, first + n)
            if lo < hi:
                out[lo - first : hi - first] += passing.history[lo - passing.first : hi - passing.first]
            if passing.end >= first + n:
                going.append(passing)
                continue
            out[max(passing.end - first, 0) :] += passing.stays
            self._rests += passing.stays
        self._passing = going
        if any(at_s <= first * GRID_S for at_s, _ in self._coming):
            self._goods_g += sum(g for at_s, g in self._coming if at_s <= first * GRID_S)
            self._coming = [(at_s, g) for at_s, g in self._coming if at_s > first * GRID_S]
        return out


class BuildingStream:
    """What the building adds to each plate, without end: segments that fade into each other."""

    def __init__(
        self, figures: RoomFigures, plates: dict[str, tuple[PlateMechanics, float]], rng: np.random.Generator
    ) -> None:
        """`plates`: mechanics and goods (g) by id. Strengths that a building keeps are drawn once."""
        curtain_g, compressor_g = figures.air_curtain_g.draw(rng), figures.compressor_g.draw(rng)
        self._figures = dataclasses.replace(
            figures, air_curtain_g=Span(curtain_g, curtain_g), compressor_g=Span(compressor_g, compressor_g)
        )
        self._plates, self._rng = plates, rng
        swing_k, self._period_s = figures.temperature_k.draw(rng), figures.temperature_period_s.draw(rng)
        self._swing_k, self._phase = swing_k, float(rng.uniform(0.0, 2 * np.pi))
        self._step, self._fade = round(SEGMENT_S * GRID_HZ), round(OVERLAP_S * GRID_HZ)
        self._begin = 0  # grid point at which the segment at hand begins
        self._building: Building | None = None
        self._next: dict[str, Signal] = {}
        self._now: dict[str, Signal] = self._whole()

    def kelvin(self, t_s: float) -> float:
        """Change of the temperature since the start (K)."""
        turn = 2 * np.pi * t_s / self._period_s + self._phase
        return float(self._swing_k * (np.sin(turn) - np.sin(self._phase)))

    def take(self, first: int, n: int) -> dict[str, Signal]:
        """Weight (g) by plate over n grid points, in order; n is far below a segment."""
        while first >= self._begin + self._step:
            self._whole_next()
            self._now, self._next = self._joined(), {}
            self._begin += self._step
        if first + n + round(AHEAD_S * GRID_HZ) > self._begin + self._step:
            self._prepare()
        out = {}
        for plate in self._plates:
            lo = first - self._begin
            part = self._now[plate][lo : min(lo + n, self._step)]
            if len(part) < n:  # reaches into the next segment, whose start holds the tail of this one
                self._whole_next()
                part = np.concatenate([part, self._faded(plate)[: n - len(part)]])
            out[plate] = part
        return out

    def _prepare(self) -> None:
        """One piece of the next segment a call, so that no call takes long."""
        if self._building is None:
            self._building = Building.draw(self._figures, SEGMENT_S + OVERLAP_S, self._rng)
            return
        for plate, (mechanics, goods_g) in self._plates.items():
            if plate not in self._next:
                self._next[plate] = self._building.on_plate(mechanics, goods_g, self._rng)
                return

    def _whole_next(self) -> None:
        while len(self._next) < len(self._plates):
            self._prepare()

    def _whole(self) -> dict[str, Signal]:
        self._whole_next()
        whole, self._next, self._building = self._next, {}, None
        return whole

    def _faded(self, plate: str) -> Signal:
        rise = np.sin(np.linspace(0.0, np.pi / 2, self._fade))
        joined = self._next[plate].copy()
        tail = self._now[plate][self._step : self._step + self._fade]
        joined[: self._fade] = joined[: self._fade] * rise + tail * rise[::-1]
        return joined

    def _joined(self) -> dict[str, Signal]:
        self._building = None
        return {plate: self._faded(plate) for plate in self._plates}
