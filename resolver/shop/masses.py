"""What a weight allows of the readings of a movement: nothing leaves a plate, or comes to it, that it does not weigh.

An agent leaves some probability to readings that weigh other than what moved, for it may have parted a contact wrongly:
two taken, of which one goes back at once, as one that was taken. What is billed is what is gone once the plate rests,
so that only what weighs as much stays likely. And where a plate came to rest may be known better than when it was told.
"""

from __future__ import annotations

from math import exp, hypot, sqrt

from resolver.baskets import Moves, Reading
from resolver.baskets.basket import make

WIDE = 1.5
"""An item's spread in the store file comes from some twenty units: it may be larger by so much."""
MEAN_SHARE = 0.25
"""Its mean is known to this share of the spread, and errs the same way for all units of a movement."""
SAME_SHARE = 0.002
"""Two plates weigh the same thing differently by this share (calibration)."""
FITS_SIGMAS = 3.0
"""A reading fits where it weighs as much to within so many standard deviations."""
FAR_SIGMAS = 6.0
"""One that is off by more than this cannot be what moved, but by a movement that was never told."""
MISSED = 1e-3
"""Probability that another movement of the same contact was never told: 3 of 1,747 on the bench."""
PLAIN = 2
"""So many readings are what was told and something else: there is nothing to be ruled out."""
FARTHEST = 12.0
"""Half the square of the standard deviations beyond which a weight says no more."""


def fitting(readings: tuple[Reading, ...], weight_dg: float, sigma_dg: float) -> tuple[Reading, ...]:
    """The same with what weighs otherwise made unlikely, where the first, which is what was told, weighs as much as
    moved (0.1 g)."""
    if len(readings) <= PLAIN or not readings[0].moves or off(readings[0].moves, weight_dg, sigma_dg) > FITS_SIGMAS:
        return readings
    offs = [off(moves, weight_dg, sigma_dg) if moves else 0.0 for moves, _, _ in readings]
    if max(offs) <= FAR_SIGMAS:
        return readings
    return _scaled(readings, [MISSED if away > FAR_SIGMAS else 1.0 for away in offs])


def contradicted(readings: tuple[Reading, ...], told: tuple[float, float], now: tuple[float, float]) -> bool:
    """Whether something named weighed as much as was told at first, and nothing weighs what moved (0.1 g, error)."""
    named = [moves for moves, _, _ in readings if moves]
    return any(off(moves, *told) <= FITS_SIGMAS for moves in named) and all(
        off(moves, *now) > FAR_SIGMAS for moves in named
    )


def weighed_anew(
    readings: tuple[Reading, ...], told: tuple[float, float], now: tuple[float, float]
) -> tuple[Reading, ...]:
    """The same where a movement was told with one weight and error (0.1 g) and is known now by another."""
    return _scaled(
        readings, [_likelihood(moves, *now) / _likelihood(moves, *told) if moves else 1.0 for moves, _, _ in readings]
    )


def off(moves: Moves, weight_dg: float, sigma_dg: float) -> float:
    """By how many standard deviations what moved weighs other than these."""
    return abs(weight_dg - abs(_weight_dg(moves))) / hypot(sigma_dg, _spread_dg(moves), SAME_SHARE * weight_dg)


def _likelihood(moves: Moves, weight_dg: float, sigma_dg: float) -> float:
    away = off(moves, weight_dg, sigma_dg)
    return exp(-min(0.5 * away * away, FARTHEST)) / hypot(sigma_dg, _spread_dg(moves), SAME_SHARE * weight_dg)


def _weight_dg(moves: Moves) -> float:
    return float(sum([move.qty * move.piece_dg for move in moves]))


def _spread_dg(moves: Moves) -> float:
    own = sum([abs(move.qty) * (WIDE * move.spread_dg) ** 2 for move in moves])
    means = sum([(MEAN_SHARE * move.qty * move.spread_dg) ** 2 for move in moves])
    return sqrt(own + means)


def _scaled(readings: tuple[Reading, ...], factors: list[float]) -> tuple[Reading, ...]:
    """Named readings weighed by these; together they stay as likely as they were."""
    was = sum([chance for moves, chance, _ in readings if moves])
    shares = [chance * factor for (moves, chance, _), factor in zip(readings, factors, strict=True)]
    now = sum([share for share, (moves, _, _) in zip(shares, readings, strict=True) if moves])
    if now <= 0.0:
        return readings
    scale = was / now
    return tuple(
        [
            make(Reading, (moves, share * scale if moves else chance, manner))
            for share, (moves, chance, manner) in zip(shares, readings, strict=True)
        ]
    )
