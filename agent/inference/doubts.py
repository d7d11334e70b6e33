"""A bundle that may be other goods than it is taken for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.inference.belief import Bundle
from agent.inference.items import Items
from agent.inference.parts import Hypothesis, Part
from agent.inference.sums import log_chance


def doubted(part: Part, chance: float, log_habit: float = 0.0) -> Iterator[Hypothesis]:
    """A bundle that moves as what it is taken for, and as what else it may be."""
    source = part.source
    whole = source is not None and source.count == part.count
    surely = source.surely if whole and source is not None else 1.0
    yield Hypothesis((part,), log_chance(chance * surely), log_habit=log_habit)
    if not whole or source is None:
        return
    for items, share in source.doubt:
        if len(items) == 1:
            (sku, count), *_ = items
            other = replace(part, sku=sku, count=count)
            yield Hypothesis((other,), log_chance(chance * share), log_habit=log_habit)
        else:
            parts = (replace(part, sku=None, count=1),)
            yield Hypothesis(parts, log_chance(chance * share), meant=items, log_habit=log_habit)


def others(bundle: Bundle) -> Iterator[tuple[Bundle, float]]:
    """The bundle as units of each other product that it may be instead, with the probability of that."""
    for items, share in bundle.doubt:
        if len(items) == 1 and items[0][1] > 0:
            (sku, count), *_ = items
            yield replace(bundle, sku=sku, count=count, doubt=()), share


def seen_as(bundle: Bundle, part: Part) -> Bundle:
    """The bundle as units of the product that a part of it is."""
    if part.sku == bundle.sku:
        return bundle
    of_sku = (other for other, _ in others(bundle) if other.sku == part.sku)
    return next(of_sku, replace(bundle, sku=part.sku, count=part.count, doubt=()))


def what_it_was(hypothesis: Hypothesis) -> Items | None:
    """What a bundle is that came back as other goods than it was taken for; None where it came as what it is."""
    part = hypothesis.parts[0]
    if len(hypothesis.parts) > 1 or part.sign < 0 or part.source is None:
        return None
    if hypothesis.meant is not None:
        return hypothesis.meant
    if part.sku is None or part.sku == part.source.sku:
        return None
    return ((part.sku, seen_as(part.source, part).count),)
