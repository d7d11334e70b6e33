"""What the very units that somebody carries weighed when they were taken: a put is the more likely theirs that weighs
as much."""

from __future__ import annotations

import math
from typing import NamedTuple

MEMORY_SHARE = 0.002
"""Two weighings of a thing on two plates differ by this share of it (calibration), besides their noise."""
LEAST_FIT = 0.02
"""However badly a weight fits, the odds against its owner are no longer than this (50 to 1): goods get damp or leak."""


class Bundle(NamedTuple):
    """So many units of an item that were weighed together when they were taken; weights in 0.1 g."""

    sku: str
    qty: int
    weight_dg: float
    variance: float


class Kind(NamedTuple):
    """One unit of an item: mean and standard deviation, in 0.1 g."""

    piece_dg: float
    spread_dg: float


Carried = tuple[Bundle, ...]


def taken(carried: Carried, bundle: Bundle) -> Carried:
    """With what was taken."""
    return tuple(sorted((*carried, bundle)))


def fit(carried: Carried, back: Bundle, kind: Kind) -> tuple[float, int | None]:
    """The density (per 0.1 g) of `back` as units of those carried, and the bundle that it fits best.

    None for the bundle where it fits none better than any unit of its kind.
    """
    any_unit = back.variance + (kind.spread_dg**2) * back.qty + (MEMORY_SHARE * back.weight_dg) ** 2
    best = _density(back.weight_dg - kind.piece_dg * back.qty, any_unit)
    number = None
    for at, bundle in enumerate(carried):
        if bundle.sku != back.sku or bundle.qty < back.qty:
            continue
        share = back.qty / bundle.qty
        mean_dg = share * bundle.weight_dg
        variance = back.variance + share**2 * bundle.variance + (MEMORY_SHARE * mean_dg) ** 2
        variance += kind.spread_dg**2 * back.qty * (1.0 - share)
        density = _density(back.weight_dg - mean_dg, variance)
        if number is None or density > best:
            best, number = density, at
    return best, number


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
    return math.exp(max(-0.5 * off_dg * off_dg / variance, -300.0)) / math.sqrt(2.0 * math.pi * variance)
