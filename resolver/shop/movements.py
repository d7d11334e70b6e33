"""The movements of the store in order of their own time, and what each means to the inference."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from math import hypot

from agent.store import Store
from resolver.baskets import Clue
from resolver.baskets.basket import make
from resolver.inbox import CorrectionFact, MovementFact
from resolver.presence import BEARS_AFTER_NS, Presence
from resolver.sessions import Visits
from resolver.shop.levels import closed, closes, untold_g
from resolver.shop.meaning import Around, Meaning, meaning_of
from resolver.shop.owners import owners_of
from resolver.shop.placed import Placed, number_from, put
from resolver.shop.plates import EventKey, Plates, contact_of, key_of, name_of, named
from resolver.shop.readings import (
    SURELY_AGAIN,
    Said,
    else_share,
    may_give_back,
    refitted,
    same_thing,
    supersedes,
    taken_again,
    takes,
    unnamed,
    what_is_said,
)
from resolver.shop.wares import Wares
from resolver.shop.weights import rested_elsewhere, weighed_again

FOREIGN = 0.05
"""A put is remembered as perhaps of a foreign thing, and a pick as perhaps of goods without a name, from this
probability on."""
NOTHING: frozenset[str] = frozenset()
MAX_EARLY_CORRECTIONS = 10_000
"""Corrections kept that came before the event which they correct."""


class Movements:
    """Picks, puts and changes with their corrections; who may have made them, by the sessions and presence given."""

    def __init__(self, store: Store, visits: Visits, presence: Presence, skew_ns: int) -> None:
        self._store, self._visits, self._presence, self._skew_ns = store, visits, presence, skew_ns
        self._wares = Wares(store)
        self._facts: dict[EventKey, MovementFact] = {}
        self._places: dict[EventKey, tuple[int, str, str, int]] = {}
        self._order: list[Placed] = []
        self._plates = Plates()
        self._returns: list[Placed] = []
        self._foreign: dict[str, list[Placed]] = {}
        self._meanings: dict[EventKey, Meaning] = {}
        self._given_back: dict[EventKey, frozenset[str]] = {}
        self._corrections: dict[EventKey, CorrectionFact] = {}
        self._clues: dict[EventKey, Clue] = {}
        self._of_account: dict[str, set[EventKey]] = {}
        self._in_order: dict[str, list[EventKey]] = {}
        self._stale: set[EventKey] = set()
        self._tracked: set[EventKey] = set()
        self._unnamed: set[EventKey] = set()
        self._withdrawn: set[EventKey] = set()

    def use_store(self, store: Store) -> None:
        """Go on with another version of the store file; what is known is read anew with its names and prices."""
        self._store, self._wares = store, Wares(store)
        self._meanings.clear()
        self._stale.update(self._facts)

    def hear(self, fact: MovementFact) -> EventKey:
        key = (fact.source, fact.id)
        if key in self._facts:
            return key
        placed = (fact.order, key)
        self._facts[key], self._places[key] = fact, placed[0]
        put(self._order, placed)
        self._plates.add(fact)
        known = self._corrections.get(key)
        if known is not None and known.correction.withdrawn:
            self._withdraw(key, True)
        if not takes(fact) or may_give_back(fact):
            put(self._returns, placed)
        if fact.window[0] == fact.window[1]:
            from_utc_ns = self._presence.hear_movement(fact.movement.plate, fact.t_utc_ns)
            if self._tracked:
                self._tracked_from(from_utc_ns)
        self._reread(key)
        near, (before, following) = self._plates.around(fact), self._plates.beside(fact, self._withdrawn)
        after = self._plates.after(fact) if following is not None else []
        if len(near) > 1 or after:
            self._stale.update([key_of(other) for other in (*near, *after)])
            for other in contact_of(fact, near):
                self._meanings.pop(key_of(other), None)
        if before is not None and (following is not None or rested_elsewhere(before, fact)):
            self._mean_anew(key_of(before))
        if following is not None:
            self._mean_anew(key_of(following))
        if self._unnamed:
            self._levels_changed(fact)
        return key

    def correct(self, fact: CorrectionFact) -> EventKey | None:
        """Take a correction; gives the event it changes, None where a later one is known or the event is not here."""
        key = (fact.source, fact.correction.corrects)
        known = self._corrections.get(key)
        if known is not None and not supersedes(fact, known):
            return None
        if key not in self._facts and len(self._corrections) >= MAX_EARLY_CORRECTIONS:
            return None
        self._corrections[key] = fact
        if key in self._facts:
            if fact.correction.withdrawn != (key in self._withdrawn):
                self._withdraw(key, fact.correction.withdrawn)
            self._reread(key)
            self._levels_changed(self._facts[key])
            return key
        return None

    def _withdraw(self, key: EventKey, withdrawn: bool) -> None:
        """A movement was none, or one after all: those about it on its plate lie beside each other, or beside it."""
        (self._withdrawn.add if withdrawn else self._withdrawn.discard)(key)
        for other in self._plates.beside(self._facts[key], self._withdrawn):
            if other is not None:
                self._mean_anew(key_of(other))

    def sessions_changed(self, from_utc_ns: int) -> None:
        """Who was inside changed from this instant on."""
        first = number_from(self._order, from_utc_ns - self._skew_ns)
        self._stale.update(key for _, key in self._order[first:])

    def presence_changed(self, plates: Iterable[str], from_utc_ns: int, until_utc_ns: int) -> None:
        """What is known of who was at these plates changed, and so of who was not elsewhere, then and later."""
        span = (from_utc_ns - BEARS_AFTER_NS, until_utc_ns)
        for plate in plates:
            self._stale.update(map(key_of, self._plates.span(plate, *span)))
        if self._tracked:
            self._tracked_from(from_utc_ns - BEARS_AFTER_NS)

    def _tracked_from(self, t_utc_ns: int) -> None:
        """What a tracker told of movements from this instant on is to be asked again."""
        first = number_from(self._order, t_utc_ns)
        self._stale.update([key for _, key in self._order[first:] if key in self._tracked])

    def refresh(self) -> set[str]:
        """Bring stale clues up to date; gives the accounts that are touched."""
        touched: set[str] = set()
        for key in sorted(
            self._stale, key=self._places.__getitem__
        ):  # what is asked of presence first bears on what is asked next
            old, fresh = self._clues.pop(key, None), self._clue(key)
            if old is not None and old != fresh:
                for owner, _ in old.owners:
                    touched.add(owner)
                    self._of_account[owner].discard(key)
                    self._in_order.pop(owner, None)
            if fresh is not None:
                self._clues[key] = fresh
                for owner, _ in fresh.owners if old != fresh else ():
                    touched.add(owner)
                    self._give(owner, key)
        self._stale.clear()
        return touched

    def _give(self, owner: str, key: EventKey) -> None:
        held = self._of_account.get(owner)
        if held is None:
            held = self._of_account[owner] = set()
        held.add(key)
        self._in_order.pop(owner, None)

    def fact(self, key: EventKey) -> MovementFact:
        return self._facts[key]

    def correction(self, key: EventKey) -> CorrectionFact | None:
        return self._corrections.get(key)

    def said(self, key: EventKey) -> float:
        """How sure its agent is of a movement by now."""
        correction = self._corrections.get(key)
        return correction.correction.confidence if correction is not None else self._facts[key].movement.confidence

    def clue(self, key: EventKey) -> Clue | None:
        return self._clues.get(key)

    def of(self, account: str) -> list[EventKey]:
        """Movements that this account may have made, in order of time."""
        known = self._in_order.get(account)
        if known is None:
            keys = self._of_account.get(account, ())
            known = self._in_order[account] = sorted(keys, key=self._places.__getitem__)
        return known

    def together(self, accounts: Iterable[str]) -> list[EventKey]:
        """Movements that any of these may have made, in order of time."""
        accounts = list(accounts)
        if len(accounts) == 1:
            return self.of(accounts[0])
        keys = set().union(*(self._of_account.get(account, set()) for account in accounts))
        return sorted(keys, key=self._places.__getitem__)

    def clues_of(self, accounts: Iterable[str]) -> list[Clue]:
        """What the movements mean that any of these may have made, in order of time."""
        clues = self._clues
        return [clues[key] for key in self.together(accounts) if key in clues]

    def returns_of(self, skus: set[str], start_utc_ns: int, end_utc_ns: int) -> list[tuple[EventKey, Clue]]:
        """Movements of a span that may have given some of these items back, in order of time."""
        first, end = number_from(self._returns, start_utc_ns), number_from(self._returns, end_utc_ns + 1)
        clues, given_back = self._clues, self._given_back
        return [
            (key, clues[key])
            for _, key in self._returns[first:end]
            if not skus.isdisjoint(given_back.get(key, ())) and key in clues
        ]

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop movements from before this instant."""
        first = number_from(self._order, t_utc_ns)
        for _, key in self._order[:first]:
            clue = self._clues.pop(key, None)
            for owner, _ in clue.owners if clue else ():
                self._of_account[owner].discard(key)
                self._in_order.pop(owner, None)
            del self._facts[key], self._places[key]
            self._corrections.pop(key, None)
            self._meanings.pop(key, None)
            self._given_back.pop(key, None)
            self._stale.discard(key)
            self._tracked.discard(key)
            self._unnamed.discard(key)
            self._withdrawn.discard(key)
        del self._order[:first]
        self._plates.forget_before(t_utc_ns)
        for placed in (self._returns, *self._foreign.values()):
            del placed[: number_from(placed, t_utc_ns)]
        self._corrections = {
            key: fact
            for key, fact in self._corrections.items()
            if key in self._facts or fact.recorded_utc_ns >= t_utc_ns
        }
        for account in [name for name, keys in self._of_account.items() if not keys]:
            del self._of_account[account]
            self._in_order.pop(account, None)

    def _clue(self, key: EventKey) -> Clue | None:
        fact = self._facts[key]
        correction = self._corrections.get(key)
        movement = fact.movement
        if movement.actor == "staff" or (correction is not None and correction.correction.withdrawn):
            return None
        owners, followed = owners_of(fact, self._visits, self._presence, self._skew_ns)
        if followed:
            self._tracked.add(key)
        known_of = owners[0][1] if len(owners) == 1 else sum([share for _, share in owners])
        nobody = max(0.0, 1.0 - known_of)
        near, before = self._plates.about(fact)
        contact = contact_of(fact, near)
        known = self._meanings.get(key)
        if known is None:
            known = self._meanings[key] = self._meaning(fact, correction, contact)
            given_back = [move[0] for moves, _, _ in known.readings for move in moves if move[1] < 0]
            self._given_back[key] = frozenset(given_back) if given_back else NOTHING
        puts = not takes(fact)
        parts: tuple[str, ...] = ()
        if contact:
            parts = tuple([named(other) for other in contact if takes(other) == puts and other.order < fact.order])
        since = closes(fact, before) if before else ()
        closed_by = tuple([named(other) for other in since])
        level_dg = 10 * hypot(since[0].movement.sigma_g, movement.sigma_g) if since else 0.0
        return make(
            Clue,
            (
                name_of(key), known.readings, owners, nobody, known.weight_dg, known.sigma_dg, known.unexplained,
                movement.plate, puts, movement.settled, parts, closed_by, level_dg, (),
            ),
        )  # fmt: skip

    def _meaning(self, fact: MovementFact, correction: CorrectionFact | None, contact: list[MovementFact]) -> Meaning:
        """`contact` are the other movements of its own contact."""
        brought = came = 0.0
        picks = takes(fact)
        for (t_utc_ns, *_), key in self._foreign.get(fact.movement.plate, ()) if picks else ():
            put = self._facts[key]
            if same_thing(fact, put):
                share = else_share(put, self._corrections.get(key))
                came = max(came, share)
                brought = max(brought, share) if t_utc_ns < fact.t_utc_ns else brought
        other: Said = ()
        said = what_is_said(fact, correction)
        if picks and unnamed(said) >= FOREIGN:
            self._unnamed.add((fact.source, fact.id))
            other, none_missing = self._by_levels(fact)
            came = 1.0 if none_missing else came
        again = weighed_again(fact, correction, *self._plates.beside(fact, self._withdrawn))
        return meaning_of(self._wares, fact, correction, said, make(Around, (brought, came, contact, other, again)))

    def _mean_anew(self, key: EventKey) -> None:
        self._meanings.pop(key, None)
        self._stale.add(key)

    def _levels_changed(self, fact: MovementFact) -> None:
        """What is known of this movement bears on goods without a name that left its plate about then, or next."""
        if self._unnamed:
            about = {*map(key_of, self._plates.run(fact)), *map(key_of, self._plates.after(fact))}
            for key in self._unnamed & about:
                self._mean_anew(key)

    def _by_levels(self, fact: MovementFact) -> tuple[Said, bool]:
        """What else a pick without a name may have been by what its plate weighed before and after, and whether
        nothing can be missing."""
        plate = self._store.plates.get(fact.movement.plate)
        if plate is None or not plate.lanes:
            return (), False
        lightest_g = min([self._wares.of_sku[lane.sku].lightest_g for lane in plate.lanes])
        others = closed(fact, self._plates.run(fact), min(lightest_g, abs(fact.movement.delta_g)))
        if others is not None:
            again = taken_again((other, self._corrections.get(key_of(other))) for other in others)
            return (((again, SURELY_AGAIN),) if again else ()), not again
        before, _ = self._plates.beside(fact, self._withdrawn)
        more_g = untold_g(fact, before) if before is not None else 0.0
        return (refitted(self._wares, fact, abs(fact.movement.delta_g + more_g)) if more_g else ()), False

    def _reread(self, key: EventKey) -> None:
        """The event, or what is said of it, is not as it was; nor are picks of what it may have brought."""
        self._mean_anew(key)
        fact = self._facts[key]
        if takes(fact):
            return
        plate = fact.movement.plate
        foreign = self._foreign.setdefault(plate, [])
        correction = self._corrections.get(key)
        withdrawn = correction is not None and correction.correction.withdrawn
        was, is_now = (fact.order, key) in foreign, not withdrawn and else_share(fact, correction) >= FOREIGN
        if is_now and not was:
            insort(foreign, (fact.order, key))
        elif was and not is_now:
            foreign.remove((fact.order, key))
        if was or is_now:
            for other in self._plates.of(plate):
                if takes(other) and same_thing(other, fact):
                    self._mean_anew(key_of(other))
