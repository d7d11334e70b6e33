"""Who may have made a movement, by the sessions inside and what sensors told of its plate."""

from __future__ import annotations

from collections.abc import Iterable

from resolver.inbox import MovementFact
from resolver.presence import Presence
from resolver.sessions import Visits

LEAST_OWNER = 0.002
"""A share below this does not make somebody a party to an event."""

Shares = tuple[tuple[str, float], ...]
"""Accounts with the probability of each, in order of their names."""


def owners_of(fact: MovementFact, visits: Visits, presence: Presence, skew_ns: int) -> tuple[Shares, bool]:
    """Who may have made a movement, and whether a sensor followed that over more than one message."""
    window, t_utc_ns = fact.window, fact.t_utc_ns
    if window[0] < window[1]:
        return _equal(account.key for account in visits.within(*window)), False
    seen = presence.seen(fact.movement.plate, t_utc_ns)
    if seen is None:
        return _equal(account.key for account in visits.at(t_utc_ns, skew_ns)), False
    found: dict[str, float] = {}
    for session, share in seen.shares.items():
        account = visits.named(session, t_utc_ns, skew_ns) if share >= LEAST_OWNER else None
        if account is not None:
            found[account.key] = found.get(account.key, 0.0) + share
    return tuple(found.items()) if len(found) == 1 else tuple(sorted(found.items())), seen.followed


def _equal(keys: Iterable[str]) -> Shares:
    names = sorted(keys)
    return tuple((name, 1.0 / len(names)) for name in names)
