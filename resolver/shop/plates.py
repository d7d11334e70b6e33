"""The movements of each plate in order of their own time: which lie about another, before it, after it."""

from __future__ import annotations

from bisect import bisect_left, insort

from resolver.inbox import SECOND_NS, MovementFact
from resolver.shop.levels import CLOSED_NS, MOST_CLOSED

CONTACT_NS = 4 * SECOND_NS
"""Movements of one contact lie no further apart than this."""

EventKey = tuple[str, str]
"""(source, id): unique for ever."""
_Placed = tuple[tuple[int, str, str, int], MovementFact]


def key_of(fact: MovementFact) -> EventKey:
    return fact.source, fact.id


def name_of(key: EventKey) -> str:
    """A movement as the inference knows it; an id alone is not enough, for agents may give the same."""
    return " ".join(key)


class Plates:
    """Movements by plate. Those asked about must have been added."""

    def __init__(self) -> None:
        self._placed: dict[str, list[_Placed]] = {}

    def add(self, fact: MovementFact) -> None:
        """Take a movement, in any order; each once."""
        insort(self._placed.setdefault(fact.movement.plate, []), (fact.order, fact))

    def of(self, plate: str) -> list[MovementFact]:
        """All that is known of a plate."""
        return [fact for _, fact in self._placed.get(plate, ())]

    def span(self, plate: str, start_utc_ns: int, end_utc_ns: int) -> list[MovementFact]:
        """Those of a plate within a span, both ends included."""
        placed = self._placed.get(plate, [])
        return [fact for _, fact in placed[_from(placed, start_utc_ns) : _from(placed, end_utc_ns + 1)]]

    def around(self, fact: MovementFact) -> list[MovementFact]:
        """Those that may be of the same contact, this one included."""
        return self.span(fact.movement.plate, fact.t_utc_ns - CONTACT_NS, fact.t_utc_ns + CONTACT_NS)

    def before(self, fact: MovementFact) -> MovementFact | None:
        """The one before this one."""
        placed, at = self._at(fact)
        return placed[at - 1][1] if at else None

    def since(self, fact: MovementFact) -> list[MovementFact]:
        """Those before this one that it may bring the plate back to the weight of."""
        placed, at = self._at(fact)
        oldest = (fact.t_utc_ns - CLOSED_NS,)
        return [other for order, other in placed[max(0, at - MOST_CLOSED) : at] if order >= oldest]

    def after(self, fact: MovementFact) -> list[MovementFact]:
        """Those after this one that look back as far."""
        placed, at = self._at(fact)
        return [other for _, other in placed[at + 1 : at + 1 + MOST_CLOSED]]

    def run(self, fact: MovementFact) -> list[MovementFact]:
        """Those that are looked at together with this one, itself included."""
        placed, at = self._at(fact)
        near = placed[max(0, at - MOST_CLOSED) : at + 1 + MOST_CLOSED]
        return [other for _, other in near if abs(other.t_utc_ns - fact.t_utc_ns) <= CLOSED_NS]

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop movements from before this instant."""
        for placed in self._placed.values():
            del placed[: _from(placed, t_utc_ns)]

    def _at(self, fact: MovementFact) -> tuple[list[_Placed], int]:
        placed = self._placed[fact.movement.plate]
        return placed, bisect_left(placed, (fact.order,))


def _from(placed: list[_Placed], t_utc_ns: int) -> int:
    """The number of the first movement at or after an instant."""
    return bisect_left(placed, ((t_utc_ns,),))  # a prefix stands before all that begin with it
