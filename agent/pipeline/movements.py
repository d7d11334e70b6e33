"""From an understood step to the event's data."""

from __future__ import annotations

import math

from agent.inference import Step
from agent.inference.items import Items
from agent.messages import Candidate, Change, ItemCount, Movement
from agent.messages.events import MAX_CANDIDATES
from agent.store import Item
from agent.weighing import PlateScale

_LEAST_SHARE = 0.0005  # what rounds to nothing is no candidate
CERTAIN = 0.999  # no measurement deserves more


def movement(
    plate: str,
    step: Step,
    opened_ns: int,
    settled_ns: int,
    scale: PlateScale,
    items: dict[str, Item],
    grams: dict[str, float],
    certainty: float,
    staff: bool,
    quality: tuple[str, ...],
    window: tuple[int, int] | None,
) -> Movement:
    """Data of a pick, a put or a change; instants stay on the monotonic line."""
    best = step.ranked[0][1]
    candidates = tuple(
        Candidate(items=_items(found, items, grams, step.items), probability=share * certainty / best)
        for found, share in step.ranked[:MAX_CANDIDATES]
        if share > _LEAST_SHARE and found
    )
    position = position_of(step, scale)
    data = {
        "plate": plate,
        "delta_g": step.change.delta_g[0],
        "sigma_g": math.sqrt(step.change.variance_g2[0]),
        "before_g": float(step.before.mean[0]),
        "after_g": float(step.after.mean[0]),
        "position_mm": None if position is None else position[0],
        "position_sigma_mm": None if position is None else position[1],
        "items": _items(step.items, items, grams, step.items),
        "confidence": min(certainty, CERTAIN),
        "candidates": candidates,
        "started": opened_ns,
        "settled": settled_ns,
        "actor": "staff" if staff else "shopper",
        "quality": quality,
    }
    return Movement(**data) if window is None else Change(**data, window=window)


def position_of(step: Step, scale: PlateScale) -> tuple[tuple[float, float], float] | None:
    """Where the change acted and its standard deviation, in mm; None where it is off the plate or not told."""
    place = scale.position_mm(step.after.mean - step.before.mean) if step.apart else None
    if place is None:
        return None
    width, depth = scale.plate.size_mm
    x, y = place
    if not (-width <= x <= 2 * width and -depth <= y <= 2 * depth):
        return None
    weight = abs(step.change.delta_g[0])
    sx = scale.half_x_mm * math.sqrt(step.change.variance_g2[1]) / weight
    sy = scale.half_y_mm * math.sqrt(step.change.variance_g2[2]) / weight
    return (min(max(x, 0.0), width), min(max(y, 0.0), depth)), math.hypot(sx, sy)


def _items(found: Items, items: dict[str, Item], grams: dict[str, float], meant: Items) -> tuple[ItemCount, ...]:
    out = []
    for sku, qty in found:
        item = items.get(sku)
        weight = None
        if item is not None and item.by_weight:
            weight = abs(grams[sku]) if found == meant and sku in grams else abs(qty) * item.unit_weight_g
        out.append(ItemCount(sku=sku, qty=qty, weight_g=weight))
    return tuple(out)
