"""A store's items as movements ask for them, many times a second: what does not change is worked out once."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from agent.store import Item, Store
from resolver.baskets import Move, Moves

READY = 3
"""Moves of up to so many units are kept ready: more are hardly taken at once."""
LIGHT_SIGMAS, LEAST_SHARE = 3.0, 0.1
"""A unit is hardly lighter than its mean by so many standard deviations, nor than this share of it."""


class Ware(NamedTuple):
    """An item; weights in 0.1 g. `fixed` is its price where that never changes, `ready` the moves of it alone by the
    units that go into a basket, where neither weight nor time bears on them."""

    item: Item
    by_weight: bool
    piece_dg: int
    spread_dg: float
    fixed: Decimal | None
    ready: dict[int, Moves]

    @property
    def lightest_g(self) -> float:
        """What hardly any unit is lighter than."""
        mean_g = self.item.unit_weight_g
        return max(mean_g - LIGHT_SIGMAS * self.item.unit_sd_g, LEAST_SHARE * mean_g)

    def price_at(self, t_utc_ns: int) -> Decimal:
        return self.item.price_at(t_utc_ns) if self.fixed is None else self.fixed


class Wares:
    """Items by sku, and those that each plate is for."""

    def __init__(self, store: Store) -> None:
        self.of_sku = {sku: _ware(item) for sku, item in store.items.items()}
        self.of_plate = {
            plate.id: tuple([self.of_sku[lane.sku] for lane in plate.lanes]) for plate in store.plates.values()
        }
        self.sold = {plate.id: frozenset([lane.sku for lane in plate.lanes]) for plate in store.plates.values()}


def _ware(item: Item) -> Ware:
    piece_dg, spread_dg = round(item.unit_weight_g * 10), item.unit_sd_g * 10
    fixed = item.price[0].amount if len(item.price) == 1 else None
    ready: dict[int, Moves] = {}
    if fixed is not None and not item.by_weight:
        for qty in (*range(-READY, 0), *range(1, READY + 1)):
            ready[qty] = (Move(item.sku, qty, 0, fixed, False, piece_dg, spread_dg),)
    return Ware(item, item.by_weight, piece_dg, spread_dg, fixed, ready)
