"""How people move before shelves: how likely it is that another hand is there than a moment ago.

A label says whose hand a view would name: one person, or nobody. Somebody stays for a while, then leaves; somebody else
comes, from elsewhere in the shop or from behind. Between two places one may be in reach of both. Nobody leaves while
his hand is about a movement. Where several stand at one shelf their hands take turns, once at most between two
movements; whether they do so each time or seldom is learnt from the very people (`MANNERS`).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

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
REACH_NS = SECOND_NS
"""A hand is about its movement for so long before and after (a reach takes 1-2 s)."""
LEAVES_REACHING = 0.05
"""How much seldomer than else somebody leaves meanwhile."""
TOGETHER_S = 2 * DWELL_S
"""Movements at one plate that are further apart than this are no turns of one encounter."""

MANNERS = (0.1, 0.9)
"""How likely it is that hands change between two movements: of people who help themselves one after the other, and of
those who reach by turns."""
NEW_MANNER = 0.01
"""Probability that an encounter's manner changes from one movement to the next."""


def within(span_ns: int, mean_s: float) -> float:
    """The probability that what takes so long on average has happened within a span."""
    return 1.0 - math.exp(-max(0, span_ns) / (mean_s * SECOND_NS))


def turns(start_utc_ns: int, end_utc_ns: int, movements_utc_ns: Sequence[int]) -> int:
    """How often hands may have taken turns within a span, given when goods moved before the view, in order.

    Hands are taken to change half way between two movements. To know when exactly they do would be worth a message or
    so; that they do it once is worth more.
    """
    at = bisect_left(movements_utc_ns, start_utc_ns)
    if at == len(movements_utc_ns):
        return 0
    found = 0
    for before, after in pairwise(movements_utc_ns[max(0, at - 1) : bisect_right(movements_utc_ns, end_utc_ns) + 1]):
        if 0 < after - before < TOGETHER_S * SECOND_NS and start_utc_ns < (before + after) // 2 <= end_utc_ns:
            found += 1
    return found


def free_ns(start_utc_ns: int, end_utc_ns: int, movements_utc_ns: Sequence[int]) -> int:
    """How much time to leave there was in a span: all of it but where a hand was about one of these movements."""
    first = bisect_left(movements_utc_ns, start_utc_ns - REACH_NS)
    if first == len(movements_utc_ns) or start_utc_ns >= end_utc_ns:
        return max(0, end_utc_ns - start_utc_ns)
    reaching_ns, covered = 0, start_utc_ns
    for moved in movements_utc_ns[first : bisect_right(movements_utc_ns, end_utc_ns + REACH_NS)]:
        until = min(end_utc_ns, moved + REACH_NS)
        reaching_ns += max(0, until - max(covered, moved - REACH_NS))
        covered = max(covered, until)
    return end_utc_ns - start_utc_ns - round((1.0 - LEAVES_REACHING) * reaching_ns)
