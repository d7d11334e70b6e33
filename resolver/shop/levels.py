"""What the weight of a plate says beyond each movement by itself: that it weighs again what it weighed some movements
before, so that what went came back; or that it weighs other than after the last movement, which the next one explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from resolver.inbox import SECOND_NS, MovementFact

MOST_CLOSED = 6
CLOSED_NS = 15 * SECOND_NS
"""So many movements, and so much time, are looked over for a plate to weigh the same again."""
LEAST_LEVEL_G, LEVEL_SIGMAS = 1.0, 3.0
"""A plate weighs the same within this, or so many standard deviations."""
PLAIN = 3.0
"""Only movements that are heavier than so many times that are told from noise by it."""
MISSED = 0.3
"""A plate that weighs less by no more than this share of its lightest item misses none."""
MOST_UNTOLD = 0.5
"""More than this share of a movement is no hand that had begun to lift, or rested, before it was seen."""


def closes(fact: MovementFact, before: Sequence[MovementFact]) -> Sequence[MovementFact]:
    """Of the movements just `before` this one on its plate, those since it weighed what it weighs again after it."""
    after_g, sigma_g = fact.movement.after_g, fact.movement.sigma_g
    for found, other in enumerate(reversed(before), start=1):
        off_g = abs(other.movement.before_g - after_g)
        if off_g > LEAST_LEVEL_G and off_g > LEVEL_SIGMAS * hypot(other.movement.sigma_g, sigma_g):
            continue
        since = before[len(before) - found :]
        return since if _plain([*since, fact]) else ()
    return ()


def closed(fact: MovementFact, run: Sequence[MovementFact], lightest_g: float) -> list[MovementFact] | None:
    """The others of the fewest movements about this one, all of `run`, that left the plate as it was; None where it
    did not come back to what it weighed."""
    at = run.index(fact)
    spans = [
        run[first : last + 1]
        for first in range(at + 1)
        for last in range(max(at, first + 1), len(run))
        if abs(run[first].movement.before_g - run[last].movement.after_g) < MISSED * lightest_g
    ]
    shortest = min(spans, key=len, default=None)
    return None if shortest is None else [other for other in shortest if other is not fact]


def untold_g(fact: MovementFact, before: MovementFact) -> float:
    """By how much the plate weighed more (or less) at the movement than after the one before; 0 where that is noise,
    or more than a hand explains."""
    off_g = fact.movement.before_g - before.movement.after_g
    noise_g = max(LEAST_LEVEL_G, LEVEL_SIGMAS * hypot(fact.movement.sigma_g, before.movement.sigma_g))
    return off_g if noise_g < abs(off_g) < MOST_UNTOLD * abs(fact.movement.delta_g) else 0.0


def _plain(facts: Sequence[MovementFact]) -> bool:
    """Whether these movements are too heavy to be told from nothing by chance."""
    noise_g = max(LEAST_LEVEL_G, LEVEL_SIGMAS * max(entry.movement.sigma_g for entry in facts))
    return min(abs(entry.movement.delta_g) for entry in facts) > PLAIN * noise_g
