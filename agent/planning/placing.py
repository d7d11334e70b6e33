"""A better placing: two lanes whose products change places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.planning.confusions import Confusion, Planner
from agent.store import Item, Lane, Plate


@dataclass(frozen=True)
class Spot:
    """A lane as it stands now."""

    plate: str
    lane: int
    sku: str
    x_mm: tuple[float, float]


@dataclass(frozen=True)
class Swap:
    """The products of two lanes change places; then the two movements are confused with `error`, and nothing else
    that was told apart before is confused as badly."""

    one: Spot
    other: Spot
    error: float


def better_swap(
    planner: Planner, plates: tuple[Plate, ...], items: dict[str, Item], confusion: Confusion
) -> Swap | None:
    """The best swap among plates that stand side by side in this order; None where none is better."""
    p = planner.parameters
    at = next(k for k, plate in enumerate(plates) if plate.id == confusion.plate)
    near = plates[max(at - p.reach_plates, 0) : at + p.reach_plates + 1]
    best: tuple[float, float, Swap] | None = None
    for one, other in _swaps(near, confusion):
        moved = _swapped(plates, one, other, items)
        if moved is None:
            continue
        affected = _around(plates, {one.plate, other.plate, confusion.plate}, p.neighbours)
        before = planner.of_plates(plates, affected)
        after = planner.of_plates(moved, affected)
        known = {(row.kind, row.one, row.other): row.error for row in before}
        error = max((row.error for row in after if _same(row, confusion)), default=0.0)
        worse = [row.error for row in after if row.error > known.get((row.kind, row.one, row.other), 0.0) + _ROUNDING]
        worst = max([error, *worse])
        total = sum(row.error for row in after)
        if worst > confusion.error * p.better_share or total >= sum(row.error for row in before):
            continue
        if best is None or (total, worst) < best[:2]:
            best = (total, worst, Swap(one, other, error))
    return None if best is None else best[2]


def _swaps(plates: tuple[Plate, ...], confusion: Confusion) -> Iterator[tuple[Spot, Spot]]:
    """One of the confused products, where it stands near, and any other lane near."""
    spots = [Spot(plate.id, k, lane.sku, lane.x_mm) for plate in plates for k, lane in enumerate(plate.lanes)]
    for one in spots:
        if one.sku in confusion.skus:
            yield from ((one, other) for other in spots if other.sku not in confusion.skus)


def _swapped(plates: tuple[Plate, ...], one: Spot, other: Spot, items: dict[str, Item]) -> tuple[Plate, ...] | None:
    """The plates afterwards; None where one would carry more than it may."""
    stock = {
        (plate.id, k): lane.stock
        for plate in plates
        if plate.id in (one.plate, other.plate)
        for k, lane in enumerate(plate.lanes)
    }
    new = {
        (one.plate, one.lane): (other.sku, stock[other.plate, other.lane]),
        (other.plate, other.lane): (one.sku, stock[one.plate, one.lane]),
    }
    out = []
    for plate in plates:
        if plate.id not in (one.plate, other.plate):
            out.append(plate)
            continue
        lanes = tuple(_lane(lane, new.get((plate.id, k))) for k, lane in enumerate(plate.lanes))
        if sum(lane.stock * items[lane.sku].unit_weight_g for lane in lanes) > plate.max_g:
            return None
        out.append(plate.model_copy(update={"lanes": lanes}))
    return tuple(out)


def _lane(lane: Lane, new: tuple[str, int] | None) -> Lane:
    return lane if new is None else lane.model_copy(update={"sku": new[0], "stock": new[1]})


def _around(plates: tuple[Plate, ...], touched: set[str], neighbours: int) -> frozenset[str]:
    """The plates touched, and those beside them."""
    out: set[str] = set()
    for k, plate in enumerate(plates):
        if plate.id in touched:
            out.update(each.id for each in plates[max(k - neighbours, 0) : k + neighbours + 1])
    return frozenset(out)


def _same(row: Confusion, confusion: Confusion) -> bool:
    return row.kind == confusion.kind and {row.one, row.other} == {confusion.one, confusion.other}


_ROUNDING = 1e-6
