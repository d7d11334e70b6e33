"""What a movement weighed, where that is known better than its agent told at first.

A hand that lingers, or goods that settle, may hide for a while where a plate comes to rest. The next contact begins
from there; and an agent that looks again corrects what it told of loose goods.
"""

from __future__ import annotations

from math import hypot, sqrt

from resolver.inbox import CorrectionFact, MovementFact

FINE_G = 1.0
"""Standard deviation up to which a movement's levels were both measured at rest."""
FINER = 1 / 3
"""Or to this share of the other's: then it still tells the level between them better."""
LEAST_OFF_G = 1.0
"""A plate drifts by less than this from one movement to the next."""
UNMOVED = 0.1
"""A correction that moves a weight by less than this share of its error has not weighed it again: a weighing that was
better would have moved it by more, nine times in ten."""
MOST_RESETTLED = 0.35
"""By more than this share of a movement no plate rests elsewhere than was told: its scale was set anew meanwhile."""


def weighed_again(
    fact: MovementFact, correction: CorrectionFact | None, before: MovementFact | None, after: MovementFact | None
) -> tuple[float, float] | None:
    """The change and its standard deviation (g), where the movements beside it on its plate, or its agent, say so
    better than was told at first."""
    if after is None and correction is None and fact.movement.sigma_g <= FINE_G:
        return None  # as most are when they are told
    found = _by_levels(fact, before, after)
    corrected_g = _corrected_g(fact, correction)
    if corrected_g is not None and (found is None or found[1] > FINE_G):
        return corrected_g, min(fact.movement.sigma_g, FINE_G)
    return found


def rested_elsewhere(fact: MovementFact, after: MovementFact) -> bool:
    """Whether the movement after it says better where its plate came to rest."""
    movement = fact.movement
    off_g = abs(after.movement.before_g - movement.after_g)
    if off_g <= LEAST_OFF_G and movement.sigma_g <= FINE_G:
        return False
    return off_g <= MOST_RESETTLED * abs(movement.delta_g) and _known_by(after, fact, after)


def _by_levels(
    fact: MovementFact, before: MovementFact | None, after: MovementFact | None
) -> tuple[float, float] | None:
    movement = fact.movement
    start_g, start_sigma_g = movement.before_g, movement.sigma_g
    end_g, end_sigma_g = movement.after_g, movement.sigma_g
    if after is not None and rested_elsewhere(fact, after):
        end_g, end_sigma_g = after.movement.before_g, after.movement.sigma_g
    if movement.sigma_g > FINE_G and before is not None and _known_by(before, before, fact):
        start_g, start_sigma_g = before.movement.after_g, before.movement.sigma_g
    if (start_g, end_g) == (movement.before_g, movement.after_g):
        return None
    return end_g - start_g, hypot(start_sigma_g, end_sigma_g) / sqrt(2.0)  # a movement's error is that of two levels


def _known_by(fine: MovementFact, earlier: MovementFact, later: MovementFact) -> bool:
    """Whether one of two movements that follow each other on a plate, measured well, tells the level between them."""
    other = earlier if fine is later else later
    if fine.movement.sigma_g > max(FINE_G, FINER * other.movement.sigma_g):
        return False
    if fine.movement.quality or other.movement.quality:
        return False
    if (earlier.source, earlier.epoch) != (later.source, later.epoch):
        return False
    if later.movement.started < earlier.movement.settled or "change" in (earlier.kind, later.kind):
        return False
    off_g = abs(later.movement.before_g - earlier.movement.after_g)
    return off_g <= MOST_RESETTLED * abs(other.movement.delta_g)


def _corrected_g(fact: MovementFact, correction: CorrectionFact | None) -> float | None:
    """By a correction that names one kind of loose goods, of another weight than was told."""
    meant = correction.correction.items if correction is not None else ()
    if len(meant) != 1 or any(entry.weight_g == meant[0].weight_g for entry in fact.movement.items):
        return None
    weight_g = meant[0].weight_g
    if weight_g is None or abs(abs(weight_g) - abs(fact.movement.delta_g)) < UNMOVED * fact.movement.sigma_g:
        return None
    return weight_g
