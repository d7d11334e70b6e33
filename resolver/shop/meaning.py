"""What a movement means to the inference, once all is known that bears on it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from resolver.baskets import Reading
from resolver.baskets.basket import make
from resolver.inbox import CorrectionFact, MovementFact
from resolver.shop.masses import contradicted, fitting, weighed_anew
from resolver.shop.readings import NO_WORTH, Said, is_faint, readings, refitted, takes, unexplained
from resolver.shop.wares import Wares

LEAST_SIGMA_DG = 3.0
"""No weighing is taken to be better than 0.3 g."""


class Meaning(NamedTuple):
    """What a movement may have been, the worth of what has no name, its weight and the error of that (0.1 g)."""

    readings: tuple[Reading, ...]
    unexplained: Decimal
    weight_dg: float
    sigma_dg: float


class Around(NamedTuple):
    """What the other movements of its plate say of one.

    `brought` is the probability that a foreign thing of its weight had been put there before, `came` that one did at
    all; `contact` are the others of its contact; `other` is what its agent's "something else" may have been; `again`
    is what moved and the error of that (g), where they tell it better than its agent did.
    """

    brought: float
    came: float
    contact: list[MovementFact]
    other: Said
    again: tuple[float, float] | None


def meaning_of(
    wares: Wares, fact: MovementFact, correction: CorrectionFact | None, said: Said, around: Around
) -> Meaning:
    """Of a movement of which this is said."""
    brought, came, contact, other, again = around
    movement = fact.movement
    parted = bool(contact) and len({takes(entry) for entry in (fact, *contact)}) > 1
    weighed_g, now_dg = None, (abs(movement.delta_g) * 10, max(movement.sigma_g * 10, LEAST_SIGMA_DG))
    if again is not None:
        told_dg, weighed_g = now_dg, again[0]
        now_dg = abs(weighed_g) * 10, max(again[1] * 10, LEAST_SIGMA_DG)
    read = readings(wares, fact, said, brought, parted=parted, other=other, weighed_g=weighed_g)
    if not movement.quality:
        if again is not None and correction is None:
            meant = refitted(wares, fact, now_dg[0] / 10) if contradicted(read, told_dg, now_dg) else ()
            if meant:  # where nothing weighs so, it is what was told, and leans
                read = readings(wares, fact, meant, brought, parted=parted, weighed_g=weighed_g)
            else:
                read = weighed_anew(read, told_dg, now_dg)
        read = fitting(read, *now_dg)
    worth = NO_WORTH if is_faint(fact) else unexplained(wares, fact, came)
    return make(Meaning, (read, worth, *now_dg))
