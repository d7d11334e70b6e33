"""Things on the plates that are no goods of the shelf: put there by somebody who took nothing of the kind.

Whoever takes that very weight from there takes the thing again, whatever item weighs about as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

Standing = tuple[tuple[str, float], ...]
"""(plate, weight in 0.1 g), in order."""

TAKEN_AGAIN = 0.3
"""Probability that the next pick of that weight takes the thing: people mostly come back for what is theirs."""
IN_REACH = 8
"""Readings of about the same prior that a pick has besides: items of a plate, one or two of each."""
TELLS = 5.0
"""A weight tells a thing from an item of the plate where it is so much likelier for the thing."""
SAME_SHARE = 0.002
"""Two weighings of a thing differ by this share of it, besides their noise."""
FAR = 4.0
"""Standard deviations beyond which it is another thing."""
MOST = 16
"""Things remembered; the oldest by name of plate go first."""


def with_thing(standing: Standing, plate: str, weight_dg: float) -> Standing:
    """With a thing that was put down."""
    return tuple(sorted((*standing, (plate, weight_dg))))[-MOST:]


def match(standing: Standing, plate: str, weight_dg: float, sigma_dg: float) -> tuple[int, float] | None:
    """The thing on this plate that weighs as much, with the density (per 0.1 g) of the weight; None where none does."""
    spread_dg = _spread(weight_dg, sigma_dg)
    near = [(abs(weight_dg - thing_dg), number) for number, (where, thing_dg) in enumerate(standing) if where == plate]
    if not near or min(near)[0] > FAR * spread_dg:
        return None
    off_dg, number = min(near)
    return number, _normal(off_dg, spread_dg)


@dataclass(frozen=True, slots=True)
class Rival:
    """A reading of the pick by items: its probability, the weight of them all with its deviation (0.1 g), and whether
    they have their place on this plate."""

    probability: float
    mean_dg: float
    sd_dg: float
    at_home: bool


def share(density: float, weight_dg: float, sigma_dg: float, rivals: Iterable[Rival]) -> float:
    """The probability that the thing was taken, and none of the items.

    0 where an item of this plate weighs so much like it that the weight does not tell: items are what people come for.
    """
    spread_dg = _spread(weight_dg, sigma_dg)
    other = 0.0
    for rival in rivals:
        likely = _normal(weight_dg - rival.mean_dg, math.hypot(rival.sd_dg, spread_dg))
        if rival.at_home and density < TELLS * likely:
            return 0.0
        other += rival.probability * likely
    thing = TAKEN_AGAIN * density
    return thing / (thing + (1.0 - TAKEN_AGAIN) * other / IN_REACH)


def without(standing: Standing, number: int) -> Standing:
    """Without a thing that was taken again."""
    return (*standing[:number], *standing[number + 1 :])


def _spread(weight_dg: float, sigma_dg: float) -> float:
    return math.hypot(sigma_dg * math.sqrt(2.0), SAME_SHARE * weight_dg)


def _normal(off_dg: float, spread_dg: float) -> float:
    return math.exp(max(-0.5 * (off_dg / spread_dg) ** 2, -300.0)) / (math.sqrt(2.0 * math.pi) * spread_dg)
