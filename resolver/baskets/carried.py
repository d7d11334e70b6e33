"""What the very units that somebody carries weighed when they were taken: a put is the more likely theirs that weighs
as much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

MEMORY_SHARE = 0.002
"""Two weighings of a thing on two plates differ by this share of it (calibration), besides their noise."""
LEAST_FIT = 0.02
"""However badly a weight fits, the odds against its owner are no longer than this (50 to 1): goods get damp or leak."""
NAMELESS_DENSITY = 1.0 / 5000.0
"""Of what nobody could name, a weight is anything up to 500 g (per 0.1 g)."""
MOST_GAIN = 50.0
"""However well a weight fits, it speaks no louder than this: two things may weigh the same."""


FARTHEST = 12.0
"""Half the square of the standard deviations beyond which a weight says no more."""


class Bundle(NamedTuple):
    """So many units of an item that were weighed together when they were taken; weights in 0.1 g.

    `worth` is for what has no name.
    """

    sku: str
    qty: int
    weight_dg: float
    variance: float
    worth: Decimal = Decimal(0)


class Kind(NamedTuple):
    """One unit of an item: mean and standard deviation, in 0.1 g."""

    piece_dg: float
    spread_dg: float


Carried = tuple[Bundle, ...]


def taken(carried: Carried, bundle: Bundle) -> Carried:
    """With what was taken."""
    return tuple(sorted((*carried, bundle)))


def fit(
    carried: Carried, back: Bundle, kind: Kind, held: int, besides: Sequence[tuple[int, Kind]] = ()
) -> tuple[float, int | None]:
    """How much likelier a weight is as units of those carried than as any of their kind, and the bundle meant.

    `back.weight_dg` is what came in all: where other goods were taken in the same movement (`besides`, counts and
    kinds), it is lighter by what they weigh. `held` units are in the basket; where some were never weighed alone, they
    may weigh what any do; 0 asks nobody to be ruled out.
    """
    less_dg = sum(count * other.piece_dg for count, other in besides)
    noise = back.variance + sum(count * other.spread_dg**2 for count, other in besides)
    noise += (MEMORY_SHARE * back.weight_dg) ** 2
    weight_dg = back.weight_dg + less_dg
    usual = _density(weight_dg - kind.piece_dg * back.qty, noise + kind.spread_dg**2 * back.qty)
    known = sum(bundle.qty for bundle in carried if bundle.sku == back.sku)
    best, number = (LEAST_FIT if known >= held > 0 else 1.0), None
    for at, bundle in enumerate(carried):
        if bundle.sku != back.sku or bundle.qty < back.qty:
            continue
        share = back.qty / bundle.qty
        variance = noise + share**2 * bundle.variance + kind.spread_dg**2 * back.qty * (1.0 - share)
        density = _density(weight_dg - share * bundle.weight_dg, variance)
        ratio = min(MOST_GAIN, density / usual)
        if number is None or ratio > best:
            best, number = max(best, ratio), at
    return best, number


def nameless(carried: Carried, weight_dg: float, variance: float) -> tuple[float, int] | None:
    """How much likelier (at most `MOST_GAIN`) a weight is as something that was taken without a name; None where
    nothing of the kind is carried."""
    found: tuple[float, int] | None = None
    for at, bundle in enumerate(carried):
        if bundle.worth:
            off = variance + bundle.variance + (MEMORY_SHARE * weight_dg) ** 2
            gain = min(MOST_GAIN, _density(weight_dg - bundle.weight_dg, off) / NAMELESS_DENSITY)
            if gain > 1.0 and (found is None or gain > found[0]):
                found = gain, at
    return found


def given_back(carried: Carried, back: Bundle, number: int | None) -> Carried:
    """Without what was given back from one bundle."""
    if number is None:
        return carried
    bundle = carried[number]
    others = (*carried[:number], *carried[number + 1 :])
    if bundle.qty <= back.qty:
        return others
    rest = Bundle(bundle.sku, bundle.qty - back.qty, bundle.weight_dg - back.weight_dg, bundle.variance + back.variance)
    return taken(others, rest)


def _density(off_dg: float, variance: float) -> float:
    """Normal, with tails that never vanish: goods lean, get damp or leak."""
    return math.exp(max(-0.5 * off_dg * off_dg / variance, -FARTHEST)) / math.sqrt(2.0 * math.pi * variance)
