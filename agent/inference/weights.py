"""Weights of units as learned from clean single events, beside what the store file says; bounded, so that no run of
mistakes can lead far away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.inference.parameters import InferenceParameters
from agent.store import Item


@dataclass
class _Seen:
    """Units weighed: how many count, their mean, and the sum of squares about it."""

    count: float = 0.0
    mean_g: float = 0.0
    squares_g2: float = 0.0


class UnitWeight(NamedTuple):
    """One unit's weight as far as it is known, from so many units `weighed`."""

    mean_g: float
    variance_g2: float
    weighed: float

    def times(self, count: int) -> tuple[float, float]:
        """(mean, variance) of `count` units together: each has its own deviation, and all that of the mean."""
        return self.mean_g * count, self.variance_g2 * count * (1 + count / self.weighed)


class UnitWeights:
    """Mean and standard deviation of a unit's weight, by sku."""

    def __init__(self, items: dict[str, Item], parameters: InferenceParameters) -> None:
        self._items, self._p = items, parameters
        self._seen: dict[str, _Seen] = {}

    def learn(self, sku: str, weight_g: float) -> None:
        """A unit was weighed alone. The oldest are forgotten bit by bit."""
        seen = self._seen.setdefault(sku, _Seen())
        if seen.count >= self._p.weights_memory:
            share = (self._p.weights_memory - 1) / seen.count
            seen.count, seen.squares_g2 = seen.count * share, seen.squares_g2 * share
        seen.count += 1
        step = weight_g - seen.mean_g
        seen.mean_g += step / seen.count
        seen.squares_g2 += step * (weight_g - seen.mean_g)

    def of(self, sku: str) -> tuple[float, float]:
        """(mean, variance) of one unit in g and g²: the store file's, moved by what was seen.

        Normal mean with a prior of `weights_prior` units; the variance likewise about the moved mean.
        """
        item, p = self._items[sku], self._p
        told_g, told_g2 = item.unit_weight_g, item.unit_sd_g**2
        seen = self._seen.get(sku)
        if seen is None:
            return told_g, told_g2
        whole = p.weights_prior + seen.count
        most_g = p.weights_bound * told_g
        moved_g = min(max((seen.mean_g - told_g) * seen.count / whole, -most_g), most_g)
        between_g2 = p.weights_prior * seen.count / whole * (seen.mean_g - told_g) ** 2
        variance = (p.weights_prior * told_g2 + seen.squares_g2 + between_g2) / whole
        low, high = (told_g2 * p.weights_spread**-2, told_g2 * p.weights_spread**2)
        return told_g + moved_g, min(max(variance, low), high)

    def unit(self, sku: str) -> UnitWeight:
        """The same, with the units that it rests on."""
        seen = self._seen.get(sku)
        return UnitWeight(*self.of(sku), self._p.weights_prior + (0.0 if seen is None else seen.count))

    def learned(self) -> dict[str, tuple[int, float, float]]:
        """Units that count, mean and standard deviation in g, of each sku seen."""
        return {
            sku: (round(seen.count), self.of(sku)[0], math.sqrt(self.of(sku)[1])) for sku, seen in self._seen.items()
        }

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state."""
        return {sku: [seen.count, seen.mean_g, seen.squares_g2] for sku, seen in self._seen.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a snapshot; products that the store no longer knows are left out."""
        self._seen = {sku: _Seen(*map(float, seen)) for sku, seen in state.items() if sku in self._items}
