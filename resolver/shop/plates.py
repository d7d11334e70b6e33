"""The movements of each plate in order of their own time: which lie about another, before it, after it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container
from dataclasses import dataclass, field

from resolver.inbox import SECOND_NS, MovementFact
from resolver.shop.levels import CLOSED_NS, MOST_CLOSED

CONTACT_NS = 4 * SECOND_NS
"""Movements of one contact lie no further apart than this."""

EventKey = tuple[str, str]
"""(source, id): unique for ever."""
Beside = tuple[MovementFact | None, MovementFact | None]
"""The movements of a plate before and after another."""


def key_of(fact: MovementFact) -> EventKey:
    return fact.source, fact.id


def name_of(key: EventKey) -> str:
    """A movement as the inference knows it; an id alone is not enough, for agents may give the same."""
    return " ".join(key)


def named(fact: MovementFact) -> str:
    """Its name to the inference."""
    return f"{fact.source} {fact.id}"


def contact_of(fact: MovementFact, near: list[MovementFact]) -> list[MovementFact]:
    """The others that were measured in one contact with it, which the agent parted."""
    if len(near) == 1:
        return []
    settled = fact.movement.settled
    return [other for other in near if other is not fact and other.movement.settled == settled]


@dataclass(slots=True)
class _Row:
    """Movements in order, and beside them their instants: numbers are found faster than orders."""

    times: list[int] = field(default_factory=list)
    facts: list[MovementFact] = field(default_factory=list)

    def at(self, fact: MovementFact) -> int:
        """The number of a movement, or the one that it would have."""
        if self.facts and self.facts[-1] is fact:
            return len(self.facts) - 1
        at = bisect_left(self.times, fact.t_utc_ns)
        while at < len(self.facts) and self.facts[at] is not fact and self.facts[at].order < fact.order:
            at += 1
        return at

    def around(self, fact: MovementFact, at: int) -> list[MovementFact]:
        """Those about the movement of this number that may be of the same contact, itself included."""
        times, start, end = self.times, fact.t_utc_ns - CONTACT_NS, fact.t_utc_ns + CONTACT_NS
        if (not at or times[at - 1] < start) and (at + 1 == len(times) or times[at + 1] > end):
            return [fact]
        return self.facts[bisect_left(times, start) : bisect_right(times, end)]

    def since(self, fact: MovementFact, at: int) -> list[MovementFact]:
        """Those before the movement of this number that it may bring the plate back to the weight of."""
        oldest = max(0, at - MOST_CLOSED)
        return self.facts[bisect_left(self.times, fact.t_utc_ns - CLOSED_NS, oldest, at) : at]


class Plates:
    """Movements by plate. Those asked about must have been added."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    def add(self, fact: MovementFact) -> None:
        """Take a movement, in any order; each once."""
        row = self._rows.get(fact.movement.plate)
        if row is None:
            row = self._rows[fact.movement.plate] = _Row()
        if not row.times or fact.t_utc_ns > row.times[-1]:
            row.times.append(fact.t_utc_ns)
            row.facts.append(fact)
            return
        at = row.at(fact)
        row.times.insert(at, fact.t_utc_ns)
        row.facts.insert(at, fact)

    def of(self, plate: str) -> list[MovementFact]:
        """All that is known of a plate."""
        return self._rows[plate].facts[:] if plate in self._rows else []

    def span(self, plate: str, start_utc_ns: int, end_utc_ns: int) -> list[MovementFact]:
        """Those of a plate within a span, both ends included."""
        row = self._rows.get(plate)
        if row is None:
            return []
        return row.facts[bisect_left(row.times, start_utc_ns) : bisect_right(row.times, end_utc_ns)]

    def around(self, fact: MovementFact) -> list[MovementFact]:
        """Those that may be of the same contact, this one included."""
        row = self._rows[fact.movement.plate]
        return row.around(fact, row.at(fact))

    def about(self, fact: MovementFact) -> tuple[list[MovementFact], list[MovementFact]]:
        """The same, and those before it that it may bring the plate back to the weight of."""
        row = self._rows[fact.movement.plate]
        at = row.at(fact)
        return row.around(fact, at), row.since(fact, at)

    def beside(self, fact: MovementFact, without: Container[EventKey] = ()) -> Beside:
        """The one before this one, and the one after it; those `without` are passed over."""
        row = self._rows[fact.movement.plate]
        facts, at = row.facts, row.at(fact)
        before, after = at - 1, at + 1
        if without:
            while before >= 0 and key_of(facts[before]) in without:
                before -= 1
            while after < len(facts) and key_of(facts[after]) in without:
                after += 1
        return facts[before] if before >= 0 else None, facts[after] if after < len(facts) else None

    def after(self, fact: MovementFact) -> list[MovementFact]:
        """Those after this one that look back as far."""
        row = self._rows[fact.movement.plate]
        at = row.at(fact) + 1
        return row.facts[at : at + MOST_CLOSED]

    def run(self, fact: MovementFact) -> list[MovementFact]:
        """Those that are looked at together with this one, itself included."""
        row = self._rows[fact.movement.plate]
        at = row.at(fact)
        near = row.facts[max(0, at - MOST_CLOSED) : at + 1 + MOST_CLOSED]
        return [other for other in near if abs(other.t_utc_ns - fact.t_utc_ns) <= CLOSED_NS]

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop movements from before this instant."""
        for row in self._rows.values():
            first = bisect_left(row.times, t_utc_ns)
            del row.times[:first], row.facts[:first]
