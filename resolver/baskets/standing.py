"""Things that stand where somebody put them: goods of the shop set down again, and what is no goods of the shelf.

Whoever takes that very weight from there takes the thing again, whatever else weighs about as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

Label = tuple[tuple[str, int], ...]
"""(sku, count) of goods, in order; empty for what is no item of the store."""

TAKEN_AGAIN = 0.8
"""Probability that the next pick of that weight takes the thing: people mostly come back for what is theirs."""
ANOTHERS = 0.02
"""Likewise where it is the own thing of somebody else."""
IN_REACH = 8
"""Readings of about the same prior that a pick has besides: items of a plate, one or two of each."""
SAME_SHARE = 0.002
"""Two weighings of a thing differ by this share of it, besides their noise."""
FAR = 4.0
"""Standard deviations beyond which it is another thing."""
MOST = 16
"""Things remembered; the oldest go first."""


class Thing(NamedTuple):
    """What stands on a plate by its weight and its error (0.1 g).

    `label` is what a basket holds more of once it is taken: nothing for somebody's own thing. `like` is what an own
    thing was read as, `owner` whose it is, `contact` the instant (ns) at which the contact that brought it ended,
    `sure` how likely its agent said it to be that. `own` is its true weight and the variance of that, where it shows
    less, for it leans.
    """

    plate: str
    weight_dg: float
    sigma_dg: float
    label: Label = ()
    like: Label = ()
    owner: str = ""
    contact: int = 0
    sure: float = 1.0
    own: tuple[float, float] | None = None


Standing = tuple[Thing, ...]
"""In order of the time at which they were put."""


def with_thing(standing: Standing, thing: Thing) -> Standing:
    """With a thing that was put down."""
    return (*standing, thing)[-MOST:]


def match(standing: Standing, plate: str, weight_dg: float, sigma_dg: float) -> tuple[int, float] | None:
    """The thing on this plate that weighs as much, with the density (per 0.1 g) of the weight; None where none does."""
    best: tuple[int, float] | None = None
    for number, thing in enumerate(standing):
        if thing.plate != plate:
            continue
        spread_dg = math.hypot(sigma_dg, thing.sigma_dg, SAME_SHARE * weight_dg)
        off_dg = abs(weight_dg - thing.weight_dg)
        if off_dg <= FAR * spread_dg:
            density = _normal(off_dg, spread_dg)
            if best is None or density > best[1]:
                best = number, density
    return best


@dataclass(frozen=True, slots=True)
class Rival:
    """A reading of the pick by items: its probability, and the weight of them all with its deviation (0.1 g)."""

    probability: float
    mean_dg: float
    sd_dg: float


def share(prior: float, density: float, weight_dg: float, sigma_dg: float, rivals: Iterable[Rival]) -> float:
    """The probability that the thing was taken, and nothing fresh from the shelf."""
    other = 0.0
    for rival in rivals:
        other += rival.probability * usual(weight_dg, sigma_dg, rival.mean_dg, rival.sd_dg)
    thing = prior * density
    return thing / (thing + (1.0 - prior) * other / IN_REACH)


def usual(weight_dg: float, sigma_dg: float, mean_dg: float, sd_dg: float) -> float:
    """The density (per 0.1 g) of a weight as any units of their kind."""
    return _normal(weight_dg - mean_dg, math.hypot(sd_dg, sigma_dg, SAME_SHARE * weight_dg))


def weighed_again(thing: Thing, weight_dg: float, sigma_dg: float) -> tuple[float, float]:
    """The weight of a thing that is taken again and its variance, by both weighings (0.1 g)."""
    return thing.own or both((weight_dg, sigma_dg**2), (thing.weight_dg, thing.sigma_dg**2))


def both(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Weight and variance of what was weighed twice: inverse variances."""
    total = one[1] + other[1]
    if total <= 0.0:
        return one
    return (one[0] * other[1] + other[0] * one[1]) / total, one[1] * other[1] / total


def without(standing: Standing, number: int) -> Standing:
    """Without a thing that was taken again."""
    return (*standing[:number], *standing[number + 1 :])


def _normal(off_dg: float, spread_dg: float) -> float:
    return math.exp(max(-0.5 * (off_dg / spread_dg) ** 2, -300.0)) / (math.sqrt(2.0 * math.pi) * spread_dg)
