"""How people move before shelves: how likely it is that another hand is there than a moment ago.

A label says whose hand a view would name: one person, or nobody. Somebody stays for a while, then leaves; somebody else
comes, from elsewhere in the shop or from behind. Between two places one may be in reach of both. Where several stand at
one shelf their hands take turns, between movements rather than within one; whether they do so each time or seldom is
learnt from the very people (`MANNERS`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from resolver.inbox import SECOND_NS

DWELL_S = 6.0
"""Mean time that somebody stays in reach of a view (assumed: a reach takes 1-2 s, browsing 3-10 s)."""
COME_S = 3.0
"""Mean time until somebody whom no view shows appears before one (assumed: a few steps between shelves)."""
OVERLAP_S = 1.0
"""Whom two views show at once is about to leave one of them: a step between shelves takes about so long."""
BOTH = 0.5
"""Share of those who come from another view that this one shows before the other has lost them."""
GIVES_WAY = 0.5
"""Share of those who leave whose place another takes at once."""
HAND = 0.4
"""This share of the time to the next movement, on either side, belongs to the hand that made the movement: it reaches
and withdraws, and only in between another takes its place."""
TOGETHER_S = 2 * DWELL_S
"""Movements at one plate that are further apart than this are no turns of one encounter."""

MANNERS = (0.3, 0.9)
"""How likely it is that hands change between two movements: of people who help themselves one after the other, and of
those who reach by turns."""
NEW_MANNER = 0.01
"""Probability that an encounter's manner changes from one movement to the next."""


def within(span_ns: int, mean_s: float) -> float:
    """The probability that what takes so long on average has happened within a span."""
    return 1.0 - math.exp(-max(0, span_ns) / (mean_s * SECOND_NS))


def turns(start_utc_ns: int, end_utc_ns: int, movements_utc_ns: Sequence[int]) -> float:
    """How much of the changing of hands, between movements of a view, falls into a span: 1 for all between two."""
    found = 0.0
    at = max(0, bisect_left(movements_utc_ns, start_utc_ns) - 1)
    while at + 1 < len(movements_utc_ns) and movements_utc_ns[at] < end_utc_ns:
        before, after = movements_utc_ns[at], movements_utc_ns[at + 1]
        gap_ns = after - before
        if 0 < gap_ns < TOGETHER_S * SECOND_NS:
            first = max(start_utc_ns, before + HAND * gap_ns)
            last = min(end_utc_ns, after - HAND * gap_ns)
            found += max(0.0, last - first) / ((1.0 - 2 * HAND) * gap_ns)
        at += 1
    return found
