"""What a movement that was told teaches the belief."""

from __future__ import annotations

from collections.abc import Mapping

from agent.inference import BROUGHT, Belief, Step, kind_of_put
from agent.store import Item


def learn(belief: Belief, items: Mapping[str, Item], step: Step) -> None:
    """Of what people take at once, of how they put things down, and of what a unit weighs; goods sold by weight are
    taken one by one."""
    if step.direction > 0:
        _learn_put(belief, step)
        return
    counts = tuple(qty for sku, qty in step.items if not items[sku].by_weight)
    if counts and len(counts) == len(step.items) and min(counts) > 0:
        belief.habits.learn_pick(counts, step.certainty)
    best = step.best
    clean = best is not None and len(best.parts) == 1 and step.certainty >= belief.parameters.weights_least
    if clean and counts == (1,) and best is not None and best.parts[0].source is None:
        belief.weights.learn(step.items[0][0], abs(step.change.delta_g[0]))


def _learn_put(belief: Belief, step: Step) -> None:
    parts = step.best.parts if step.best is not None else ()
    if len(parts) > 1 or any(part.source is None and part.sku is not None for part in parts):
        return  # goods that nobody saw leave say nothing of how people put down what they took
    belief.habits.learn_put(kind_of_put(parts[0]) if parts else BROUGHT, step.certainty)
