"""Who stood at a plate at an instant, from a row of a tracker's messages about it.

A hidden Markov chain over the sessions named, smoothed forward and backward (Rabiner, Proc. IEEE 77(2), 1989). What a
tracker says is taken as the log odds of a normal observation, and its noise as an autoregression of order one: it
confuses two people for a while, not for a message. So messages that follow each other closely repeat each other's
error; and a leap of the odds from one message to the next is somebody else's coming, for noise does not leap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from resolver.inbox import SECOND_NS, PresenceFact

NOBODY = ""
DWELL_S = 3.0
"""Mean time that somebody stays in reach of a plate (assumed: a reach takes 1-2 s, browsing 3-10 s); between two
movements that follow each other more quickly, one may take the other's place as well."""
HAND = 0.25
"""This share of the time to the next movement, on either side, belongs to the hand that made the movement."""
ERROR_S = 0.3
"""How long a tracker's passing error lasts (assumed): the time in which its noise forgets all but a third of itself."""
FLOOR = 0.01
"""The least probability that a sensor which names others is wrong about one who is there."""
MOST_ODDS = 4.0
"""The square of a tracker's signal to noise is taken to be no more than this (right 97.7 % of the time)."""

Row = list[float]


def smoothed(facts: list[PresenceFact], at: int, t_utc_ns: int, movements_utc_ns: Sequence[int]) -> dict[str, float]:
    """Shares at an instant between `facts[at]` and its successor, nobody (`NOBODY`) included."""
    states = [*sorted({session for fact in facts for session, _ in fact.shares}), NOBODY]
    halves = [_half_odds(fact, states) for fact in facts]
    signal = _signal(halves)
    pairs = [
        _pair(halves[k - 1], halves[k], facts[k].t_utc_ns - facts[k - 1].t_utc_ns, signal) for k in range(1, len(facts))
    ]

    def turns(start_utc_ns: int, end_utc_ns: int) -> float:
        return _turns(start_utc_ns, end_utc_ns, movements_utc_ns)

    times = [fact.t_utc_ns for fact in facts]
    ahead = _normal([math.exp(half) for half in halves[0]])
    for k in range(1, at + 1):
        stay, go = _ways(turns(times[k - 1], times[k]), len(states))
        ahead = _normal(_onward(ahead, pairs[k - 1], stay, go))
    if at + 1 == len(facts):
        stay, go = _ways(turns(times[at], t_utc_ns), len(states))
        return dict(zip(states, _normal(_moved(ahead, stay, go)), strict=True))
    behind = [1.0] * len(states)
    for k in range(len(facts) - 1, at + 1, -1):
        stay, go = _ways(turns(times[k - 1], times[k]), len(states))
        behind = _normal(_backward(behind, pairs[k - 1], stay, go))
    before = _ways(turns(times[at], t_utc_ns), len(states))
    after = _ways(turns(t_utc_ns, times[at + 1]), len(states))
    return dict(zip(states, _normal(_between(ahead, behind, pairs[at], before, after)), strict=True))


def _half_odds(fact: PresenceFact, states: list[str]) -> Row:
    """Half the log odds of each state against its likeliest rival's middle: +x and -x where two are named."""
    shares = dict(fact.shares)
    shares[NOBODY] = max(0.0, 1.0 - sum(shares.values()))
    logs = [math.log(max(FLOOR, shares.get(state, 0.0))) for state in states]
    first, second = sorted(logs, reverse=True)[:2] if len(logs) > 1 else (logs[0], logs[0])
    return [value - (first + second) / 2 for value in logs]


def _signal(halves: list[Row]) -> float:
    """The square of the tracker's signal to noise: odds that mean what they say are normal, with twice their mean as
    variance, so that their mean square tells it."""
    square = sum((2 * max(row)) ** 2 for row in halves) / len(halves)
    return min(MOST_ODDS, (math.sqrt(1.0 + square) - 1.0) / 2)


def _pair(before: Row, after: Row, gap_ns: int, signal: float) -> list[Row]:
    """Likelihood of a message after the one before, for each state then (row) and now (column)."""
    keep = math.exp(-gap_ns / (ERROR_S * SECOND_NS))
    cost = 2 * signal * keep / (1.0 - keep * keep) if keep < 1.0 else math.inf
    found = []
    for number, was in enumerate(before):
        row = [(now + keep * was) / (1.0 - keep) - cost for now in after]
        row[number] = (after[number] - keep * was) / (1.0 + keep)
        found.append(row)
    most = max(max(row) for row in found)
    return [[math.exp(value - most) for value in row] for row in found]


def _ways(turns: float, states: int) -> tuple[float, float]:
    """Probability that nobody came, and that each of the states did."""
    leave = 1.0 - math.exp(-turns)
    return 1.0 - leave, leave / states


def _moved(shares: Row, stay: float, go: float) -> Row:
    total = sum(shares)
    return [share * stay + total * go for share in shares]


def _onward(shares: Row, pair: list[Row], stay: float, go: float) -> Row:
    found = [0.0] * len(shares)
    for was, share in enumerate(shares):
        for now, likely in enumerate(pair[was]):
            found[now] += share * likely * (go + stay if was == now else go)
    return found


def _backward(shares: Row, pair: list[Row], stay: float, go: float) -> Row:
    return [
        sum(likely * shares[now] * (go + stay if was == now else go) for now, likely in enumerate(pair[was]))
        for was in range(len(shares))
    ]


def _between(ahead: Row, behind: Row, pair: list[Row], before: tuple[float, float], after: tuple[float, float]) -> Row:
    """Shares at an instant between two messages."""
    found = [0.0] * len(ahead)
    for was, first in enumerate(ahead):
        for now, last in enumerate(behind):
            weight = first * last * pair[was][now]
            for here in range(len(ahead)):
                came = before[1] + (before[0] if here == was else 0.0)
                went = after[1] + (after[0] if here == now else 0.0)
                found[here] += weight * came * went
    return found


def _turns(start_utc_ns: int, end_utc_ns: int, movements_utc_ns: Sequence[int]) -> float:
    """How often somebody else is expected to have come within a span."""
    turns = max(0, end_utc_ns - start_utc_ns) / (DWELL_S * SECOND_NS)
    for before, after in pairwise(movements_utc_ns):
        gap_ns = after - before
        within_ns = min(end_utc_ns, after - HAND * gap_ns) - max(start_utc_ns, before + HAND * gap_ns)
        if within_ns > 0 and gap_ns < DWELL_S * SECOND_NS:
            turns += within_ns / ((1.0 - 2 * HAND) * gap_ns)
    return turns


def _normal(shares: Row) -> Row:
    total = sum(shares)
    return [share / total for share in shares]
