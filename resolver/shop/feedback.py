"""What the plates' agents should know: where the whole story says that something else moved than an agent told.

An agent sees its own plates; who could have held an item, and what a person decided, is known here. So that its belief
of what stands where agrees, it is told by how much the contents of a plate differ from what it told.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable

from resolver.baskets import Posterior
from resolver.shop.effects import Amend
from resolver.shop.movements import Movements
from resolver.shop.plates import EventKey, name_of
from resolver.shop.readings import takes

SURE = 0.98
"""From this probability of another reading on, the agent is told."""
REMEMBERED = 10_000
"""Events of which an agent was told; each is told once."""


class Feedback:
    """Finds out what to tell, and remembers what was told."""

    def __init__(self, movements: Movements) -> None:
        self._movements = movements
        self._told: OrderedDict[EventKey, None] = OrderedDict()

    def amends(self, keys: Iterable[EventKey], posterior: Posterior) -> list[Amend]:
        """For each plate by how much its agent's belief is off, by what is now believed of these events.

        A plate with an event that is still in doubt is left for later: one may undo the other.
        """
        chosen = posterior.choices
        off: dict[tuple[str, str], list[tuple[EventKey, Counter[str]]]] = {}
        doubtful = set()
        for key in keys:
            said = chosen.get(name_of(key))
            if said is None or key in self._told:
                continue
            reading = self._reading(said)
            change = self._difference(key, reading) if reading is not None else None
            if reading is not None and not change:
                continue
            fact = self._movements.fact(key)
            place = (fact.agent, fact.movement.plate)
            if change is None:
                doubtful.add(place)
            else:
                off.setdefault(place, []).append((key, change))
        return [
            self._amend(*place, off[place]) for place in sorted(off) if place not in doubtful and self._news(off[place])
        ]

    @staticmethod
    def _news(changes: list[tuple[EventKey, Counter[str]]]) -> bool:
        total: Counter[str] = Counter()
        for _, change in changes:
            total.update(change)
        return any(total.values())

    def _amend(self, agent: str, plate: str, changes: list[tuple[EventKey, Counter[str]]]) -> Amend:
        total: Counter[str] = Counter()
        for key, change in changes:
            total.update(change)
            self._remember(key)
        told_utc_ns = max(self._movements.fact(key).recorded_utc_ns for key, _ in changes)
        return Amend(agent, plate, tuple(sorted((sku, n) for sku, n in total.items() if n)), told_utc_ns)

    @staticmethod
    def _reading(said: dict[tuple[str | None, int], float]) -> int | None:
        for (_, reading), probability in said.items():
            if probability >= SURE:
                return reading
        by_reading: dict[int, float] = {}
        for (_, reading), probability in said.items():
            by_reading[reading] = by_reading.get(reading, 0.0) + probability
        best = max(by_reading.items(), key=lambda entry: (entry[1], -entry[0]), default=(0, 0.0))
        return best[0] if best[1] >= SURE else None

    def _difference(self, key: EventKey, reading: int) -> Counter[str] | None:
        """Units by sku that stand on the plate, less those that its agent believes to."""
        fact, correction, clue = self._movements.fact(key), self._movements.correction(key), self._movements.clue(key)
        if clue is None:
            return None
        said = correction.correction.items if correction is not None else fact.movement.items
        if reading == 0 and len(said) == len(clue.readings[0].moves):
            return None  # the first is what was said
        change: Counter[str] = Counter()
        sign = -1 if takes(fact) else 1
        for entry in said:
            change[entry.sku] -= sign * entry.qty
        for move in clue.readings[reading].moves:
            change[move.sku] -= move.qty
        return Counter({sku: n for sku, n in change.items() if n})

    def _remember(self, key: EventKey) -> None:
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
