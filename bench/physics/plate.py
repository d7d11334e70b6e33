"""A plate as driven oscillators: what the cells feel of a force.

A force has four components about the plate's centre: weight W (g), moments Mx = W x and My = W y (g mm), and the
product Wxy (g mm2) by which a bending plate loads opposite corners. Each is answered by an oscillator of second
order (static gain 1), so that every touch rings the plate with the spectrum of its own force history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.physics.parameters import GRID_S, PlateFigures

Signal = npt.NDArray[np.float64]
COMPONENTS = 4
RING_TIME_CONSTANTS = 10.0  # a ring is followed until e^-10 of its start: 0.1 g after 2 kg, below the noise
LONGEST_RING_S = 12.0


@dataclass(frozen=True)
class Force:
    """A force history on one plate, from `start_s` on; its last value stays."""

    plate: str
    start_s: float
    components: Signal  # [n, 4]: W, Mx, My, Wxy about the plate's centre

    @property
    def end_s(self) -> float:
        """When the history ends."""
        return self.start_s + len(self.components) * GRID_S


@dataclass(frozen=True)
class Past:
    """What a plate carries when the recording begins; `recent_g` of it was put there `recent_s` ago (creep)."""

    components: Signal  # [4]: W, Mx, My, Wxy
    recent_g: float = 0.0
    recent_s: float = 3600.0


def point_force(plate: str, start_s: float, weight_g: Signal, x_mm: Signal | float, y_mm: Signal | float) -> Force:
    """A force at a point (mm from the plate's centre), which may move."""
    x = np.broadcast_to(np.asarray(x_mm, dtype=np.float64), weight_g.shape)
    y = np.broadcast_to(np.asarray(y_mm, dtype=np.float64), weight_g.shape)
    return Force(plate, start_s, np.stack([weight_g, weight_g * x, weight_g * y, weight_g * x * y], axis=1))


@dataclass(frozen=True)
class PlateMechanics:
    """The oscillators of one plate, as drawn for one recording."""

    resonance_hz: tuple[float, float, float]  # heave, roll (Mx), pitch (My) with `reference_g` of goods on it
    damping: tuple[float, float, float]
    cell_hz: float
    cell_damping: float
    cell_share: float
    bracket_share: float
    mass_g: float
    reference_g: float
    twist: float
    neighbour_share: float
    crosstalk_share: float

    @classmethod
    def draw(cls, figures: PlateFigures, reference_g: float, rng: np.random.Generator) -> PlateMechanics:
        """A plate of the room's kind, with its goods at the start."""
        heave = figures.resonance_hz.draw(rng)
        tilt = [min(heave * figures.tilt_ratio.draw(rng), 40.0) for _ in range(2)]
        return cls(
            resonance_hz=(heave, tilt[0], tilt[1]),
            damping=(figures.damping.draw(rng), figures.damping.draw(rng), figures.damping.draw(rng)),
            cell_hz=figures.cell_hz.draw(rng),
            cell_damping=figures.damping.draw(rng),
            cell_share=figures.cell_share.draw(rng),
            bracket_share=figures.bracket_share.draw(rng),
            mass_g=figures.mass_g.draw(rng),
            reference_g=reference_g,
            twist=figures.twist.draw(rng),
            neighbour_share=figures.neighbour_share.draw(rng),
            crosstalk_share=figures.crosstalk_share.draw(rng),
        )

    def frequency_hz(self, mode: int, goods_g: float) -> float:
        """The resonance under a load: the more mass, the slower."""
        ratio = (self.mass_g + self.reference_g) / max(self.mass_g + goods_g, 100.0)
        return float(self.resonance_hz[mode] * np.sqrt(ratio))

    def ring_s(self, goods_g: float) -> float:
        """How long the slowest ring is followed."""
        slowest = min(self.damping[m] * 2 * np.pi * self.frequency_hz(m, goods_g) for m in range(3))
        return float(min(RING_TIME_CONSTANTS / slowest, LONGEST_RING_S))

    def kernel(self, mode: int, goods_g: float, n: int) -> Signal:
        """Impulse response of a mode over n grid points, of unit sum: bracket, cells, and what follows at once."""
        bracket = (1.0 - self.cell_share) * self.bracket_share
        answer = bracket * oscillator(self.frequency_hz(mode, goods_g), self.damping[mode], n)
        answer += self.cell_share * oscillator(self.cell_hz, self.cell_damping, n)
        answer[0] += 1.0 - bracket - self.cell_share
        return answer

    def respond(self, components: Signal, goods_g: float) -> Signal:
        """What the cells feel of a force history [n, 4]: the same and its ring, [n + ring, 4]; `goods_g` rings on."""
        tail = round(self.ring_s(goods_g) / GRID_S)
        n = len(components) + tail
        held = np.concatenate([components, np.repeat(components[-1:], tail, axis=0)])
        m = _fast_length(n + tail)
        out = np.empty((n, COMPONENTS))
        for column in range(COMPONENTS):
            if not held[:, column].any():
                out[:, column] = 0.0
                continue
            kernel = self.kernel(min(column, 2), goods_g, tail)
            out[:, column] = np.fft.irfft(np.fft.rfft(held[:, column], m) * np.fft.rfft(kernel, m), m)[:n]
        return out


def oscillator(frequency_hz: float, damping: float, n: int) -> Signal:
    """Impulse response of x'' + 2 d w x' + w2 x = w2 f on the grid, over n points, scaled to a sum of 1."""
    omega = 2 * np.pi * frequency_hz
    damped = omega * np.sqrt(1.0 - damping**2)
    t = (np.arange(n) + 0.5) * GRID_S
    h: Signal = np.exp(-damping * omega * t) * np.sin(damped * t)
    return np.asarray(h / h.sum(), dtype=np.float64)


def _fast_length(n: int) -> int:
    """The next length that is a power of two times 1, 3/4 or 5/8: quick for the FFT."""
    power = 1 << (n - 1).bit_length()
    return next(m for m in (power * 5 // 8, power * 3 // 4, power) if m >= n)


class PlateHistory:
    """Adds up what the forces of one recording do to one plate, on the force grid."""

    def __init__(self, mechanics: PlateMechanics, initial: Signal, duration_s: float) -> None:
        """`initial` [4] is the load at the start, `duration_s` the length of the recording."""
        self.mechanics = mechanics
        self._initial = initial
        self._n = round(duration_s / GRID_S) + 1
        self._moving = np.zeros((self._n, COMPONENTS))
        self._steps: list[tuple[int, Signal]] = []
        self._goods = [(0.0, float(initial[0]))]

    def add(self, force: Force) -> tuple[int, Signal]:
        """Add a force (in order of start); returns where its ring lies and the ring itself [m], for neighbours."""
        stays_g = sum(g for at, g in self._goods if at <= force.start_s) + float(force.components[-1, 0])
        answer = self.mechanics.respond(force.components, max(stays_g, 0.0))
        first = round(force.start_s / GRID_S)
        self._add_at(first, answer)
        self._step_at(first + len(answer), force.components[-1])
        self._goods.append((force.end_s, float(force.components[-1, 0])))
        ring = answer[:, 0].copy()
        ring[: len(force.components)] -= force.components[:, 0]
        ring[len(force.components) :] -= force.components[-1, 0]
        return first, ring

    def add_static(self, force: Force, share: float, edge_x_mm: float) -> None:
        """Add a share of a neighbour's force without its ring, at the edge (mm from the centre) that rubs on it."""
        first = round(force.start_s / GRID_S)
        history = np.zeros((len(force.components), COMPONENTS))
        history[:, 0] = share * force.components[:, 0]
        history[:, 1] = edge_x_mm * history[:, 0]
        self._add_at(first, history)
        self._step_at(first + len(history), history[-1])

    def add_weight(self, first: int, weight_g: Signal) -> None:
        """Add a weight history without moments from grid point `first` on (a neighbour's ring, the building)."""
        lo, hi = max(first, 0), min(first + len(weight_g), self._n)
        if lo < hi:
            self._moving[lo:hi, 0] += weight_g[lo - first : hi - first]

    def total(self) -> Signal:
        """The load on the cells over time, [grid points, 4]."""
        out = self._moving + self._initial
        for at, value in self._steps:
            out[at:] += value
        return out

    def _add_at(self, first: int, history: Signal) -> None:
        lo, hi = max(first, 0), min(first + len(history), self._n)
        if lo < hi:
            self._moving[lo:hi] += history[lo - first : hi - first]

    def _step_at(self, at: int, value: Signal) -> None:
        if at < self._n:
            self._steps.append((max(at, 0), value))
