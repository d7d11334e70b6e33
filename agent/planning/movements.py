"""What may be taken from a plate or put on it, as densities of weight and place.

The densities are those of `agent.inference.likelihood`: weight normal, place uniform over the lane with normal edges
and some share anywhere on the plate, several products at once normal about their common centre of pressure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from agent.inference import InferenceParameters
from agent.planning.parameters import PlanParameters
from agent.store import Item, Plate
from agent.weighing import PlateScale

Amount = tuple[str, int | None]
"""A sku and how many of it; None: sold by weight, where the count is no matter."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One way in which a movement shows: its share of all takes, weight in grams, places as shares of grid cells."""

    share: float
    mean_g: float
    variance_g2: float
    x: NDArray[np.float64]  # [places]; one cell where the plate does not tell this axis
    y: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Movement:
    """What would be told, and all the ways in which it may show. Nothing at all is a movement of no amounts."""

    amounts: tuple[Amount, ...]
    shapes: tuple[Shape, ...]

    @property
    def share(self) -> float:
        return sum(shape.share for shape in self.shapes)


@dataclass(frozen=True)
class _Axis:
    """An axis of a plate: its extent, where its moments count from and half the span of its cells, all in mm."""

    extent_mm: float
    origin_mm: float
    half_mm: float


class PlateModel:
    """How movements show on one plate."""

    def __init__(self, plate: Plate, items: dict[str, Item], plan: PlanParameters, model: InferenceParameters) -> None:
        self.plate = plate
        self._items = items
        self._plan = plan
        self._p = model
        scale = PlateScale(plate)
        after = max(plan.rate_hz * model.likely_after_s, 1.0)
        before = max(plan.rate_hz * 1.0, 1.0)
        per_cell = (plan.noise_counts / scale.counts_per_gram) ** 2 * (1 / after + 1 / before)
        modes = (scale.modes_of_cells**2) @ per_cell
        self.noise_g2 = float(modes[0])
        self._noise_x_g2 = float(modes[1]) if scale.has_x else 0.0
        self._noise_y_g2 = float(modes[-1]) if scale.has_y else 0.0
        width, depth = plate.size_mm
        self._x = _Axis(width, scale.x0_mm, scale.half_x_mm) if scale.has_x else None
        self._y = _Axis(depth, scale.y0_mm, scale.half_y_mm) if scale.has_y else None

    def takes(self) -> list[Movement]:
        """Single products in small counts, two products at once, and nothing."""
        shapes: dict[tuple[Amount, ...], list[Shape]] = {}
        lanes = self._lanes()
        for sku, span_x, span_y in lanes:
            chances = self._p.pieces if self._items[sku].by_weight else self._p.counts
            for count, chance in enumerate(chances[: self._plan.counts], start=1):
                share = self._p.pick_one_product * chance / len(lanes)
                shape = self._one(sku, count, span_x, span_y, self._p.out_of_lane, share)
                shapes.setdefault((self.amount(sku, count),), []).append(shape)
        couples = [(a, b) for a, b in combinations(lanes, 2) if a[0] != b[0]]
        for a, b in couples:
            share = self._p.pick_two_products * self._p.counts[0] ** 2 / len(couples)
            amounts = tuple(sorted((self.amount(a[0], 1), self.amount(b[0], 1)), key=lambda amount: amount[0]))
            shapes.setdefault(amounts, []).append(self._both(a, b, share))
        still = Shape(1.0, 0.0, self.noise_g2 + self._p.settle_g**2, np.ones(1), np.ones(1))
        return [Movement(amounts, tuple(ways)) for amounts, ways in shapes.items()] + [Movement((), (still,))]

    def put(self, sku: str) -> Movement:
        """One unit put here that was weighed when it was taken: `variance_g2` is that of the two weighings alone."""
        item = self._items[sku]
        weighed = 2 * self._measured(item.unit_weight_g) + (self._p.remembered_sd * item.unit_weight_g) ** 2
        homes = [lane for lane in self._lanes() if lane[0] == sku]
        width, depth = self.plate.size_mm
        spans = [(x, y, self._p.put_out_of_lane) for _, x, y in homes] or [((0.0, width), (0.0, depth), 1.0)]
        shapes = []
        for x, y, loose in spans:
            shape = self._one(sku, 1, x, y, loose, 1.0 / len(spans))
            shapes.append(Shape(shape.share, shape.mean_g, weighed, shape.x, shape.y))
        return Movement((self.amount(sku, 1),), tuple(shapes))

    def amount(self, sku: str, count: int) -> Amount:
        """How a count of this product is told."""
        return sku, None if self._items[sku].by_weight else count

    def _lanes(self) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
        depth = (0.0, self.plate.size_mm[1])
        return [(lane.sku, lane.x_mm, lane.y_mm or depth) for lane in self.plate.lanes]

    def _measured(self, weight_g: float) -> float:
        return self.noise_g2 + (self._p.change_sd * weight_g) ** 2

    def _one(
        self, sku: str, count: int, x: tuple[float, float], y: tuple[float, float], loose: float, share: float
    ) -> Shape:
        item = self._items[sku]
        mean = item.unit_weight_g * count
        variance = item.unit_sd_g**2 * count + self._measured(mean)
        places = [
            self._along(axis, span, loose, noise, mean)
            for axis, span, noise in ((self._x, x, self._noise_x_g2), (self._y, y, self._noise_y_g2))
        ]
        return Shape(share, mean, variance, places[0], places[1])

    def _along(
        self, axis: _Axis | None, span: tuple[float, float], loose: float, noise_g2: float, weight_g: float
    ) -> NDArray[np.float64]:
        if axis is None:
            return np.ones(1)
        sd = math.hypot(axis.half_mm * math.sqrt(noise_g2) / weight_g, self._p.place_sd_mm)
        sd = round(sd, 2)  # finer would only be worked out anew for every product
        whole = _blurred(axis.extent_mm, self._plan.places, (0.0, axis.extent_mm), sd)
        return (1 - loose) * _blurred(axis.extent_mm, self._plan.places, span, sd) + loose * whole

    def _both(
        self,
        a: tuple[str, tuple[float, float], tuple[float, float]],
        b: tuple[str, tuple[float, float], tuple[float, float]],
        share: float,
    ) -> Shape:
        first, second = self._items[a[0]], self._items[b[0]]
        mean = first.unit_weight_g + second.unit_weight_g
        variance = first.unit_sd_g**2 + second.unit_sd_g**2 + self._measured(mean)
        parts = (first.unit_weight_g / mean, second.unit_weight_g / mean)
        places = []
        for k, (axis, noise) in enumerate(((self._x, self._noise_x_g2), (self._y, self._noise_y_g2)), start=1):
            if axis is None:
                places.append(np.ones(1))
                continue
            spans: tuple[tuple[float, float], ...] = (a[k], b[k])  # type: ignore[assignment] # places 1 and 2 are spans
            middle = sum(part * (low + high) / 2 for part, (low, high) in zip(parts, spans, strict=True))
            spread = sum(
                part**2 * ((high - low) ** 2 / 12 + self._p.place_sd_mm**2)
                for part, (low, high) in zip(parts, spans, strict=True)
            )
            sd = math.sqrt(spread + (axis.half_mm / mean) ** 2 * noise)
            edges = _edges(axis.extent_mm, self._plan.places)
            places.append(_shares([_phi((edge - middle) / sd) for edge in edges]))
        return Shape(share, mean, variance, places[0], places[1])


def answers_differ(one: Movement, other: Movement) -> bool:
    """Whether taking the one for the other is an error of its own, and not one of their smaller parts."""
    if one.amounts == other.amounts:
        return False
    if len(one.amounts) == len(other.amounts) == 1:
        (a, n), (b, m) = one.amounts[0], other.amounts[0]
        return a != b or (n is not None and m is not None and abs(n - m) == 1)
    if not one.amounts or not other.amounts:
        taken = one.amounts or other.amounts
        return len(taken) == 1 and taken[0][1] in (1, None)
    return not {sku for sku, _ in one.amounts} & {sku for sku, _ in other.amounts}


def pairs(movements: list[Movement]) -> Iterator[tuple[Movement, Movement]]:
    """Movements that would be told differently."""
    return ((a, b) for a, b in combinations(movements, 2) if answers_differ(a, b))


def _edges(extent_mm: float, places: int) -> list[float]:
    """Edges of the grid's cells; what falls beyond the plate belongs to the outermost."""
    return [-math.inf, *np.linspace(0.0, extent_mm, places + 1)[1:-1].tolist(), math.inf]


@lru_cache(maxsize=10_000)
def _blurred(extent_mm: float, places: int, span: tuple[float, float], sd: float) -> NDArray[np.float64]:
    """Shares of the cells of a uniform over `span` with normal edges of `sd`."""
    low, high = span

    def up_to(edge: float) -> float:
        if math.isinf(edge):
            return 0.0 if edge < 0 else 1.0
        return (_ramp((edge - low) / sd) - _ramp((edge - high) / sd)) * sd / (high - low)

    return _shares([up_to(edge) for edge in _edges(extent_mm, places)])


def _shares(cumulative: list[float]) -> NDArray[np.float64]:
    shares = np.maximum(np.diff(cumulative), 0.0)
    result: NDArray[np.float64] = shares / shares.sum()
    return result


def _ramp(value: float) -> float:
    """Integral of the normal distribution function."""
    return value * _phi(value) + math.exp(-value * value / 2) / math.sqrt(2 * math.pi)


def _phi(value: float) -> float:
    return 0.5 * (1 + math.erf(value / math.sqrt(2)))
