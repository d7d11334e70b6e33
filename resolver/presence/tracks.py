"""What one sensor told over time, kept as the steps of a chain, and what follows from it about an instant.

What is said of an instant is a function of the messages held from before it and up to `BEARS_AFTER_NS` after it, in
order of their own times; whatever order they came in, and whatever was asked before, does not show. The chain is worked
through as far as it was asked about, and kept for the last seconds; of what is further back some marks remain.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from heapq import merge
from typing import NamedTuple

from resolver.inbox import SECOND_NS, PresenceFact
from resolver.presence import motion
from resolver.presence.chain import START, Record, Step, advance, backward, before_view, lapse, likely_way
from resolver.presence.confusion import Acuity, Saying

BEARS_AFTER_NS = 6 * SECOND_NS
"""Messages so long after an instant still say something about it."""
KEPT_NS = 20 * SECOND_NS
"""The chain is kept whole for so long; what is older is worked through again where it is asked about."""
MARK_NS = 30 * SECOND_NS
"""The time between two marks that remain of what is older."""
MOST_STEPS = 65_536
"""Steps kept: at two hundred a second five minutes, longer than any contact."""

_LOOK, _MESSAGE, _LAPSE = 0, 1, 2
_Key = tuple[int, int, str, str]
"""When, what (in this order at one instant), before which view, the message's id."""
_Prefix = tuple[int] | _Key
"""A key, or the instant alone, which stands before all keys of that instant."""


class _Mark(NamedTuple):
    """The chain after the step of this key."""

    key: _Key
    record: Record
    acuity: Acuity


class Tracks:
    """The chain of one sensor; a view has the name of the plates that it covers.

    `hands` are the instants at which goods moved, by plate, in order; the caller keeps them, and says what it adds.
    """

    def __init__(self, hands: Mapping[str, Sequence[int]]) -> None:
        self._hands = hands
        self._views: dict[str, tuple[str, ...]] = {}
        self._of_plate: dict[str, tuple[str, ...]] = {}
        self._told: dict[str, list[tuple[_Key, PresenceFact]]] = {}
        self._looks: dict[str, list[int]] = {}
        self._steps: list[_Key] = []
        self._base = _Mark((0, 0, "", ""), START, Acuity())
        self._marks: list[_Mark] = []
        self._chain: list[_Mark] = []

    def hear(self, fact: PresenceFact) -> None:
        """Take a message, in any order."""
        view = self._view(fact.plates)
        key = (fact.t_utc_ns, _MESSAGE, view, fact.id)
        told = self._told[view]
        at = bisect_left(told, (key,))
        if at < len(told) and told[at][0] == key:
            return
        before = told[at - 1][1] if at else None
        if before is not None and before.until_utc_ns >= fact.t_utc_ns:
            self._remove((before.until_utc_ns, _LAPSE, view, ""))
        told.insert(at, (key, fact))
        self._insert(key)
        if at + 1 == len(told) or told[at + 1][1].t_utc_ns > fact.until_utc_ns:
            self._insert((fact.until_utc_ns, _LAPSE, view, ""))
        if len(self._steps) > MOST_STEPS:
            self.forget_before(self._steps[MOST_STEPS // 4][0])

    def hands_changed(self, plate: str, from_utc_ns: int) -> None:
        """Other goods moved on a plate than were known from this instant on."""
        if self.views_of(plate):
            self._unwind((from_utc_ns,))

    def views_of(self, plate: str) -> tuple[str, ...]:
        """The views that cover a plate, in order of their names."""
        return self._of_plate.get(plate, ())

    def about(self, view: str, t_utc_ns: int) -> tuple[PresenceFact, bool] | None:
        """The last message about a view up to an instant, where it is still valid then; and whether another bears on
        that instant: one told soon before it, or after. A sensor that was silent for longer tells only what has become
        different."""
        told = self._told[view]
        at = bisect_left(told, ((t_utc_ns + 1,),))
        if not at:
            return None
        fact = told[at - 1][1]
        if fact.until_utc_ns <= t_utc_ns:
            return None
        near = (at > 1 and _bears(told[at - 2][1], fact)) or (at < len(told) and _bears(fact, told[at][1]))
        return fact, near

    def shares(self, view: str, t_utc_ns: int) -> dict[str, float]:
        """Who stood before a view at an instant, nobody included, by all that bears on it."""
        look = (t_utc_ns, _LOOK, view, "")
        looks = self._looks[view]
        at = bisect_left(looks, t_utc_ns)
        if at == len(looks) or looks[at] != t_utc_ns:
            looks.insert(at, t_utc_ns)
            self._insert(look)
        first = bisect_left(self._steps, look)
        last = bisect_left(self._steps, (t_utc_ns + BEARS_AFTER_NS + 1,))
        chain = self._worked(first, last)
        behind = [1.0] * len(chain[-1].record.states)
        for earlier, later in zip(chain[-2::-1], chain[:0:-1], strict=True):
            behind = backward(later.record, behind, len(earlier.record.states))
        return before_view(chain[0].record, behind, view)

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop what is older; where the chain was worked through, what it says of later instants stays the same."""
        worked = [mark for mark in (*self._marks, *self._chain[:1]) if mark.key[0] < t_utc_ns]
        end = bisect_left(self._steps, (t_utc_ns,))
        if worked:
            self._base = max(worked, key=lambda mark: mark.key)
            end = bisect_right(self._steps, self._base.key)
        elif end and self._base.key < self._steps[end - 1]:
            self._base = _Mark(self._steps[end - 1], START, self._base.acuity)
        del self._steps[:end]
        self._marks = [mark for mark in self._marks if mark.key > self._base.key]
        oldest = self._base.key[0]
        for told in self._told.values():
            del told[: max(0, bisect_left(told, ((oldest,),)) - 1)]
        for looks in self._looks.values():
            del looks[: max(0, bisect_left(looks, oldest) - 1)]

    def _view(self, plates: tuple[str, ...]) -> str:
        plates = tuple(sorted(plates))
        view = ",".join(plates)
        if view not in self._views:
            self._views[view] = plates
            self._told[view], self._looks[view] = [], []
            for plate in plates:
                self._of_plate[plate] = tuple(sorted((*self.views_of(plate), view)))
        return view

    def _insert(self, key: _Key) -> None:
        insort(self._steps, key)
        self._unwind(key)

    def _remove(self, key: _Key) -> None:
        at = bisect_left(self._steps, key)
        if at < len(self._steps) and self._steps[at] == key:
            del self._steps[at]
            self._unwind(key)

    def _unwind(self, key: _Prefix) -> None:
        """What was worked out from this key on no longer holds."""
        if self._chain and self._chain[-1].key >= key:
            del self._chain[bisect_left(self._chain, (key,)) :]
        while self._marks and self._marks[-1].key >= key:
            self._marks.pop()

    def _worked(self, first: int, end: int) -> list[_Mark]:
        """The chain after the steps of these numbers, `end` excluded."""
        start = self._steps[first]
        if self._chain and self._chain[0].key <= start:
            self._extend(self._chain, end)
            at = bisect_left(self._chain, (start,))
            found = self._chain[at : at + end - first]
            self._shorten()
            return found
        at = bisect_left(self._marks, (start,))
        chain = [self._marks[at - 1] if at else self._base]
        self._extend(chain, end)
        if not self._chain or chain[-1].key >= self._chain[-1].key:
            self._chain = chain[:]
        return chain[first - end :]

    def _extend(self, chain: list[_Mark], end: int) -> None:
        for number in range(bisect_right(self._steps, chain[-1].key), end):
            chain.append(self._next(chain[-1], self._steps[number]))

    def _shorten(self) -> None:
        """Keep the last seconds of the chain, and marks of what was before."""
        oldest_utc_ns = self._chain[-1].key[0] - KEPT_NS
        if self._chain[0].key[0] > oldest_utc_ns - KEPT_NS:
            return
        at = bisect_left(self._chain, ((oldest_utc_ns,),))
        for mark in self._chain[:at]:
            if mark.key > self._base.key and (not self._marks or mark.key[0] >= self._marks[-1].key[0] + MARK_NS):
                self._marks.append(mark._replace(record=mark.record._replace(ways=())))
        del self._chain[:at]

    def _next(self, before: _Mark, key: _Key) -> _Mark:
        t_utc_ns, kind, view, _ = key
        record, acuity = before.record, before.acuity
        if kind == _LAPSE:
            return _Mark(key, lapse(record, view), acuity)
        last = self._last(view, key)
        if last is not None and last.until_utc_ns < t_utc_ns:
            last = None
        span, moved = self._open(view, key, last), self._moved(view)
        spent = (max(0, span[1] - span[0]), motion.free_ns(*span, moved), motion.turns(*span, moved))
        if kind == _LOOK:
            names = tuple(name for name, _ in last.shares) if last is not None else ()
            return _Mark(key, advance(record, Step(view, *spent, names, None)), acuity)
        fact = self._told[view][bisect_left(self._told[view], (key,))][1]
        saying = Saying(fact, last, acuity)
        after = advance(record, Step(view, *spent, saying.names, saying, first=last is None))
        acuity = acuity.heard(fact)
        if saying.tells_apart and (likeliest := likely_way(record, after, view)) is not None:
            acuity = acuity.followed(saying, *likeliest)
        return _Mark(key, after, acuity)

    def _moved(self, view: str) -> Sequence[int]:
        """Instants at which goods moved before a view, in order."""
        plates = self._views[view]
        if len(plates) == 1:
            return self._hands.get(plates[0], ())
        return list(merge(*(self._hands.get(plate, ()) for plate in plates)))

    def _last(self, view: str, key: _Prefix) -> PresenceFact | None:
        """The last message about a view before this key."""
        at = bisect_left(self._told[view], (key,))
        return self._told[view][at - 1][1] if at else None

    def _open(self, view: str, key: _Key, last: PresenceFact | None) -> tuple[int, int]:
        """The span within which the view may have changed: since its last step. Where a sensor is silent it holds what
        it said: no more may have passed unseen than the time after which it usually tells again."""
        t_utc_ns, kind, *_ = key
        if last is None:
            return t_utc_ns, t_utc_ns
        looks = self._looks[view]
        at = bisect_left(looks, t_utc_ns)
        since_utc_ns = max(last.t_utc_ns, looks[at - 1] if at else 0)
        if kind == _MESSAGE:
            return since_utc_ns, t_utc_ns
        before = self._last(view, (last.t_utc_ns,))
        usual_ns = last.t_utc_ns - before.t_utc_ns if before is not None else 0
        return since_utc_ns, min(t_utc_ns, last.t_utc_ns + usual_ns)


def _bears(earlier: PresenceFact, later: PresenceFact) -> bool:
    """Whether of two messages about a view that follow each other each says something about the other's instant."""
    return later.t_utc_ns - earlier.t_utc_ns <= BEARS_AFTER_NS and earlier.until_utc_ns >= later.t_utc_ns
