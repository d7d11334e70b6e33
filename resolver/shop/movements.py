"""The movements of the store in order of their own time, and what each means to the inference."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from agent.messages import ItemCount
from agent.store import Item, Store
from resolver.baskets import Clue, Move, Reading
from resolver.inbox import SECOND_NS, CorrectionFact, MovementFact
from resolver.presence import Presence
from resolver.sessions import Visits

EventKey = tuple[str, str]
"""(source, id): unique for ever."""
PRESENCE_REACH_NS = 4 * SECOND_NS
"""How far presence tells about instants around it (the smoothing of `resolver.presence`)."""
LEAST_OWNER = 0.002
"""A share below this does not make somebody a party to an event."""
LEAST_SIGMA_DG = 3.0
"""No weighing is taken to be better than 0.3 g."""
MAX_EARLY_CORRECTIONS = 10_000
"""Corrections kept that came before the event which they correct."""


class Movements:
    """Picks, puts and changes with their corrections; who may have made them, by the sessions and presence given."""

    def __init__(self, store: Store, visits: Visits, presence: Presence, skew_ns: int) -> None:
        self._store, self._visits, self._presence, self._skew_ns = store, visits, presence, skew_ns
        self._facts: dict[EventKey, MovementFact] = {}
        self._order: list[tuple[tuple[int, str, str, int], EventKey]] = []
        self._corrections: dict[EventKey, CorrectionFact] = {}
        self._clues: dict[EventKey, Clue] = {}
        self._of_account: dict[str, set[EventKey]] = {}
        self._stale: set[EventKey] = set()

    def __len__(self) -> int:
        return len(self._facts)

    def use_store(self, store: Store) -> None:
        """Go on with another version of the store file; what is known is read anew with its names and prices."""
        self._store = store
        self._stale.update(self._facts)

    def hear(self, fact: MovementFact) -> EventKey:
        key = (fact.source, fact.id)
        if key not in self._facts:
            self._facts[key] = fact
            insort(self._order, (fact.order, key))
            self._stale.add(key)
            self._stale.update(near for _, near in self._around(fact))
        return key

    def correct(self, fact: CorrectionFact) -> EventKey | None:
        """Take a correction; gives the event it changes, None where a later one is known or the event is not here."""
        key = (fact.source, fact.correction.corrects)
        known = self._corrections.get(key)
        if known is not None and not _supersedes(fact, known):
            return None
        if key not in self._facts and len(self._corrections) >= MAX_EARLY_CORRECTIONS:
            return None
        self._corrections[key] = fact
        if key in self._facts:
            self._stale.add(key)
            return key
        return None

    def sessions_changed(self, from_utc_ns: int) -> None:
        """Who was inside changed from this instant on."""
        first = bisect_left(self._order, from_utc_ns - self._skew_ns, key=_instant)
        self._stale.update(key for _, key in self._order[first:])

    def presence_changed(self, plates: Iterable[str], from_utc_ns: int, until_utc_ns: int) -> None:
        """What is known of who was at these plates changed."""
        named = set(plates)
        first = bisect_left(self._order, from_utc_ns - PRESENCE_REACH_NS, key=_instant)
        for (t_utc_ns, *_), key in self._order[first:]:
            if t_utc_ns > until_utc_ns + PRESENCE_REACH_NS:
                break
            if self._facts[key].movement.plate in named:
                self._stale.add(key)

    def refresh(self) -> set[str]:
        """Bring stale clues up to date; gives the accounts that are touched."""
        touched: set[str] = set()
        for key in self._stale:
            old, fresh = self._clues.pop(key, None), self._clue(key)
            if old is not None and old != fresh:
                touched.update(owner for owner, _ in old.owners)
                for owner, _ in old.owners:
                    self._of_account[owner].discard(key)
            if fresh is not None:
                self._clues[key] = fresh
                for owner, _ in fresh.owners:
                    self._of_account.setdefault(owner, set()).add(key)
                if old != fresh:
                    touched.update(owner for owner, _ in fresh.owners)
        self._stale.clear()
        return touched

    def fact(self, key: EventKey) -> MovementFact:
        return self._facts[key]

    def correction(self, key: EventKey) -> CorrectionFact | None:
        return self._corrections.get(key)

    def clue(self, key: EventKey) -> Clue | None:
        return self._clues.get(key)

    def of(self, account: str) -> list[EventKey]:
        """Movements that this account may have made, in order of time."""
        return sorted(self._of_account.get(account, ()), key=lambda key: self._facts[key].order)

    def together(self, accounts: Iterable[str]) -> list[EventKey]:
        """Movements that any of these may have made, in order of time."""
        keys = set().union(*(self._of_account.get(account, set()) for account in accounts))
        return sorted(keys, key=lambda key: self._facts[key].order)

    def between(self, start_utc_ns: int, end_utc_ns: int) -> list[EventKey]:
        """All movements of a span, in order of time."""
        first = bisect_left(self._order, start_utc_ns, key=_instant)
        last = bisect_left(self._order, end_utc_ns + 1, key=_instant)
        return [key for _, key in self._order[first:last]]

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop movements from before this instant."""
        first = bisect_left(self._order, t_utc_ns, key=_instant)
        for _, key in self._order[:first]:
            clue = self._clues.pop(key, None)
            for owner, _ in clue.owners if clue else ():
                self._of_account[owner].discard(key)
            del self._facts[key]
            self._corrections.pop(key, None)
            self._stale.discard(key)
        del self._order[:first]
        self._corrections = {
            key: fact
            for key, fact in self._corrections.items()
            if key in self._facts or fact.recorded_utc_ns >= t_utc_ns
        }
        for account in [name for name, keys in self._of_account.items() if not keys]:
            del self._of_account[account]

    def _clue(self, key: EventKey) -> Clue | None:
        fact = self._facts[key]
        correction = self._corrections.get(key)
        if fact.movement.actor == "staff" or (correction is not None and correction.correction.withdrawn):
            return None
        owners = self._owners(fact)
        nobody = max(0.0, 1.0 - sum(share for _, share in owners))
        movement = fact.movement
        weight_dg, sigma_dg = abs(movement.delta_g) * 10, max(movement.sigma_g * 10, LEAST_SIGMA_DG)
        return Clue(fact.id, self.readings(fact, correction), owners, nobody, weight_dg, sigma_dg)

    def _owners(self, fact: MovementFact) -> tuple[tuple[str, float], ...]:
        first, last = fact.window
        if first < last:
            return _equal(account.key for account in self._visits.within(first, last))
        about = [t_utc_ns for t_utc_ns, _ in self._around(fact)]
        shares = self._presence.shares(fact.movement.plate, fact.t_utc_ns, about)
        if shares is None:
            inside = self._visits.at(fact.t_utc_ns, self._skew_ns)
            return _equal(account.key for account in inside)
        found: dict[str, float] = {}
        for session, share in shares.items():
            account = self._visits.named(session, fact.t_utc_ns, self._skew_ns)
            if account is not None and share >= LEAST_OWNER:
                found[account.key] = found.get(account.key, 0.0) + share
        return tuple(sorted(found.items()))

    def _around(self, fact: MovementFact) -> list[tuple[int, EventKey]]:
        """Movements of the same plate about the same time, this one included, in order of time."""
        first = bisect_left(self._order, fact.t_utc_ns - PRESENCE_REACH_NS, key=_instant)
        found = []
        for (t_utc_ns, *_), key in self._order[first:]:
            if t_utc_ns > fact.t_utc_ns + PRESENCE_REACH_NS:
                break
            if self._facts[key].movement.plate == fact.movement.plate:
                found.append((t_utc_ns, key))
        return found

    def readings(self, fact: MovementFact, correction: CorrectionFact | None) -> tuple[Reading, ...]:
        """What the event may mean; probabilities sum to 1, what is left over being something else."""
        movement = fact.movement
        if correction is not None:
            said = [(correction.correction.items, correction.correction.confidence)]
        else:
            said = [(candidate.items, candidate.probability) for candidate in movement.candidates]
            if not any(items == movement.items for items, _ in said):
                said.insert(0, (movement.items, movement.confidence))
        into = -1 if (movement.delta_g > 0 if fact.kind == "change" else fact.kind == "put") else 1
        found: dict[tuple[Move, ...], float] = {}
        for items, probability in said:
            moves = self._moves(items, fact, into)
            found[moves] = found.get(moves, 0.0) + probability
        total = sum(found.values())
        if total < 1.0:
            found[()] = found.get((), 0.0) + 1.0 - total
        scale = 1.0 / max(total, 1.0)
        return tuple(Reading(moves, probability * scale) for moves, probability in found.items() if probability > 0.0)

    def _moves(self, items: tuple[ItemCount, ...], fact: MovementFact, into: int) -> tuple[Move, ...]:
        moves = []
        for entry in items:
            item = self._store.items.get(entry.sku)
            if item is None or entry.qty == 0:
                continue
            direction = into if entry.qty > 0 else -into
            weight_dg = direction * _weight_dg(entry, item, fact, len(items)) if item.by_weight else 0
            price = item.price_at(fact.t_utc_ns)
            piece_dg, spread_dg = round(item.unit_weight_g * 10), item.unit_sd_g * 10
            moves.append(Move(entry.sku, into * entry.qty, weight_dg, price, item.by_weight, piece_dg, spread_dg))
        return tuple(sorted(moves, key=lambda move: (move.qty >= 0, move.sku, move.qty)))


def _instant(entry: tuple[tuple[int, str, str, int], EventKey]) -> int:
    return entry[0][0]


def _supersedes(fact: CorrectionFact, known: CorrectionFact) -> bool:
    """Of several corrections the highest sequence wins; epochs follow each other in time."""
    if fact.epoch == known.epoch:
        return fact.sequence > known.sequence
    return fact.recorded_utc_ns > known.recorded_utc_ns


def _equal(keys: Iterable[str]) -> tuple[tuple[str, float], ...]:
    names = sorted(keys)
    return tuple((name, 1.0 / len(names)) for name in names)


def _weight_dg(entry: ItemCount, item: Item, fact: MovementFact, kinds: int) -> int:
    if entry.weight_g is not None:
        return round(abs(entry.weight_g) * 10)
    if kinds == 1:
        return round(abs(fact.movement.delta_g) * 10)
    return round(abs(entry.qty) * item.unit_weight_g * 10)
