"""What is believed of an account: its neighbourhood's movements through the joint inference.

The neighbourhood is those who may have made one of the account's movements; they are inferred together, and whoever is
further away counts as somebody unknown. So the work is bounded by how many stand close, not by how many are inside.

Somebody may put down what another took: handed over, or carried for a friend. Where a put lacks its item in the basket
of the one who stood there, everybody inside who may hold the item is a party to it with a small share.
"""

from __future__ import annotations

from collections.abc import Iterable

from resolver.baskets import Clue, Posterior, infer
from resolver.sessions import Account
from resolver.shop.movements import Movements
from resolver.shop.plates import EventKey

NEIGHBOUR_SHARE = 0.01
"""Who may have made a movement with at least this share is inferred along with the others."""
HANDED_OVER = 0.01
"""Share of somebody inside in a put whose own maker lacks the item; against `LACKING` (0.02) one in three."""
STRAY = 0.3
"""A put is stray where its maker lacks the item with at least this probability."""


class Beliefs:
    """Posteriors by account, kept until something that they rest on changes."""

    def __init__(self, movements: Movements, skew_ns: int) -> None:
        self._movements, self._skew_ns = movements, skew_ns
        self._near: dict[str, Posterior] = {}
        self._whole: dict[str, tuple[tuple[EventKey, ...], Posterior]] = {}
        self._rests_on: dict[str, set[str]] = {}
        self._sees: dict[str, set[str]] = {}

    def of(self, account: Account) -> Posterior:
        """The account's posterior, stray puts of others included."""
        strays = tuple(self._strays_for(account))
        if not strays:
            return self._neighbourhood(account.key)
        known = self._whole.get(account.key)
        if known is not None and known[0] == strays:
            return known[1]
        makers = {_maker(clue) for event in strays if (clue := self._movements.clue(event)) is not None}
        keys = self._neighbours(account.key) | makers
        events = sorted({*self._movements.together(keys), *strays}, key=lambda event: self._movements.fact(event).order)
        clues = [
            clue.with_owner(account.key, HANDED_OVER) if event in strays else clue
            for event in events
            if (clue := self._movements.clue(event)) is not None
        ]
        posterior = infer(sorted(keys), clues)
        self._whole[account.key] = (strays, posterior)
        self._remember(account.key, keys)
        return posterior

    def forget(self, touched: Iterable[str]) -> None:
        """Movements of these accounts changed."""
        for key in touched:
            for resting in self._rests_on.pop(key, ()):
                self._near.pop(resting, None)
                self._whole.pop(resting, None)
                self._sees[resting].discard(key)

    def drop(self, key: str) -> None:
        """The account is forgotten."""
        self._near.pop(key, None)
        self._whole.pop(key, None)
        for resting in self._rests_on.pop(key, ()):
            self._sees[resting].discard(key)
        for other in self._sees.pop(key, ()):
            self._rests_on[other].discard(key)

    def _neighbours(self, key: str) -> set[str]:
        keys = {key}
        for clue in self._movements.clues_of([key]):
            for owner, share in clue.owners:
                if share >= NEIGHBOUR_SHARE:
                    keys.add(owner)
        return keys

    def _neighbourhood(self, key: str) -> Posterior:
        known = self._near.get(key)
        if known is None:
            keys = self._neighbours(key)
            known = infer(sorted(keys), self._movements.clues_of(keys))
            self._near[key] = known
            self._remember(key, keys)
        return known

    def _remember(self, key: str, keys: set[str]) -> None:
        self._sees.setdefault(key, set()).update(keys)
        for other in keys:
            self._rests_on.setdefault(other, set()).add(key)

    def _strays_for(self, account: Account) -> list[EventKey]:
        """Puts by others, in this account's time, of what it may hold and they do not."""
        taken = self._may_hold(account.key)
        if not taken:
            return []
        start = account.start_utc_ns
        end = account.exited_utc_ns
        span_end = end + self._skew_ns if end is not None else 1 << 62
        found = []
        for event, clue in self._movements.returns_of(taken, start, span_end):
            owners = clue.owners
            if not owners or account.key in [owner for owner, _ in owners]:
                continue
            if self._neighbourhood(_maker(clue)).lacking(clue.id) >= STRAY:
                found.append(event)
        return found

    def _may_hold(self, key: str) -> set[str]:
        taken: set[str] = set()
        for clue in self._movements.clues_of([key]):
            for moves, _, _ in clue.readings:
                for move in moves:
                    if move[1] > 0:
                        taken.add(move[0])
        return taken


def _maker(clue: Clue) -> str:
    """Who most likely made the movement."""
    return max(clue.owners, key=lambda entry: (entry[1], entry[0]))[0]
