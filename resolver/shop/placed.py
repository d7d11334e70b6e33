"""Lists of movements in order of their own time."""

from __future__ import annotations

from bisect import bisect_left, insort

from resolver.shop.plates import EventKey

Placed = tuple[tuple[int, str, str, int], EventKey]
"""A movement in its place among all, by `MovementFact.order`."""


def put(placed: list[Placed], one: Placed) -> None:
    """Into its place, which mostly is the last."""
    if placed and one < placed[-1]:
        insort(placed, one)
    else:
        placed.append(one)


def number_from(placed: list[Placed], t_utc_ns: int) -> int:
    """The number of the first movement at or after an instant."""
    if placed and placed[-1][0][0] < t_utc_ns:
        return len(placed)
    return bisect_left(placed, ((t_utc_ns,),))  # a prefix stands before all that begin with it
