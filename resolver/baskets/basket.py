"""A basket and what may happen to it: taking, and giving back only what it holds."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

make = tuple.__new__
"""Makes a named tuple of its values in order: in half the time of its class, which counts in the innermost loops."""
RETURN_TOLERANCE = 1.1
"""A bag of produce that comes back may seem this much heavier than what was taken (two weighings)."""
RETURN_TOLERANCE_DG = 50
"""Likewise, 5 g absolute."""
CRUMB_SHARE = 0.25
"""Less than this share of one piece, after a return, is weighing error and not a piece."""


class Held(NamedTuple):
    """So much of an item in a basket, taken at one price; `weight_dg` (0.1 g) counts for goods sold by weight only."""

    sku: str
    unit_price: Decimal
    qty: int
    weight_dg: int


Basket = tuple[Held, ...]
"""In order of sku and price, nothing empty: equal baskets are equal tuples."""

EMPTY: Basket = ()
NAMELESS = ""
"""The sku under which a hypothesis holds goods that left the shelf and that nobody could name."""


class Move(NamedTuple):
    """An item's way in one event: positive into the basket, negative back to the shelf."""

    sku: str
    qty: int
    weight_dg: int
    unit_price: Decimal
    by_weight: bool = False
    piece_dg: int = 0
    spread_dg: float = 0.0

    def less(self, count: int, weight_dg: int) -> Move:
        """The same with so many fewer units, of which `weight_dg` are left."""
        return self._replace(qty=self.qty - count, weight_dg=weight_dg)


Moves = tuple[Move, ...]


def named(basket: Basket) -> tuple[Basket, Decimal]:
    """The goods that have a name, and the worth of those that have none."""
    worth = sum((held.unit_price * held.qty for held in basket if held.sku == NAMELESS), Decimal(0))
    return (tuple(held for held in basket if held.sku != NAMELESS), worth) if worth else (basket, worth)


def count_of(basket: Basket, sku: str) -> int:
    """How many units of an item a basket holds."""
    return sum(held.qty for held in basket if held.sku == sku)


def apply(basket: Basket, moves: Moves) -> tuple[Basket, int]:
    """The basket after the moves, and how many units were given back that it did not hold."""
    if len(moves) == 1:
        if moves[0].qty > 0:
            return plus(basket, moves[0]), 0
        if not moves[0].by_weight and (rest := _without(basket, moves[0])) is not None:
            return rest, 0
    held = {(entry.sku, entry.unit_price): [entry.qty, entry.weight_dg] for entry in basket}
    lacking = 0
    for move in moves:
        if move.qty >= 0:
            entry = held.setdefault((move.sku, move.unit_price), [0, 0])
            entry[0] += move.qty
            entry[1] += move.weight_dg if move.by_weight else 0
        elif move.by_weight:
            lacking += _give_back_weight(held, move)
        else:
            lacking += _give_back_units(held, move)
    left = [Held(sku, price, qty, weight) for (sku, price), (qty, weight) in held.items() if qty > 0 or weight > 0]
    return tuple(sorted(left)), lacking


def plus(basket: Basket, move: Move) -> Basket:
    """With what was taken."""
    sku, price = move[0], move[3]
    weight_dg = move[2] if move[4] else 0
    at = 0
    for held in basket:
        if held[0] >= sku:
            if held[0] == sku and held[1] == price:
                more = make(Held, (sku, price, held[2] + move[1], held[3] + weight_dg))
                return basket[:at] + (more,) + basket[at + 1 :]  # noqa: RUF005 # twice as fast as unpacking
            if held[0] > sku or held[1] > price:
                break
        at += 1
    return (*basket[:at], Held(sku, price, move[1], weight_dg), *basket[at:])


def _without(basket: Basket, move: Move) -> Basket | None:
    """Without units that were given back; None where they are not all of one price, or not all there."""
    found = [number for number, held in enumerate(basket) if held.sku == move.sku]
    if len(found) != 1:
        return None
    at, held = found[0], basket[found[0]]
    left = held.qty + move.qty
    if left < 0:
        return None
    rest = (held._replace(qty=left),) if left or held.weight_dg > 0 else ()
    return (*basket[:at], *rest, *basket[at + 1 :])


def _dearest_first(held: dict[tuple[str, Decimal], list[int]], sku: str) -> list[tuple[str, Decimal]]:
    """A return is credited at the dearest price at which the basket holds the item."""
    return sorted((key for key in held if key[0] == sku), key=lambda key: key[1], reverse=True)


def _give_back_units(held: dict[tuple[str, Decimal], list[int]], move: Move) -> int:
    left = -move.qty
    for key in _dearest_first(held, move.sku):
        back = min(left, held[key][0])
        held[key][0] -= back
        left -= back
    return left


def _give_back_weight(held: dict[tuple[str, Decimal], list[int]], move: Move) -> int:
    keys = _dearest_first(held, move.sku)
    total_dg = sum(held[key][1] for key in keys)
    back_dg = -move.weight_dg
    if not keys or back_dg > total_dg * RETURN_TOLERANCE + RETURN_TOLERANCE_DG:
        return -move.qty
    qty = -move.qty
    for key in keys:
        part_dg = min(back_dg, held[key][1])
        pieces = min(qty, held[key][0])
        held[key][1] -= part_dg
        held[key][0] -= pieces
        back_dg, qty = back_dg - part_dg, qty - pieces
        if held[key][1] <= move.piece_dg * CRUMB_SHARE:
            held[key] = [0, 0]
        else:
            held[key][0] = max(1, held[key][0])
    return 0
