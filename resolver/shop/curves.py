"""The last minutes of every plate's weight, from all that its agent tells of it: its plate's topic (at most two a
second), and the levels before and after each movement."""

from __future__ import annotations

from collections import deque

from resolver.inbox import MovementFact

KEPT = 1200
"""Weights kept a plate: ten minutes at two a second."""
MARGIN_NS = 5 * 1_000_000_000
"""What is shown before and after a movement."""

Curve = list[list[float]]


class Curves:
    """Rings of (instant, grams) by plate."""

    def __init__(self) -> None:
        self._rings: dict[str, deque[tuple[int, float]]] = {}

    def hear(self, plate: str, t_utc_ns: int, weight_g: float) -> None:
        self._ring(plate).append((t_utc_ns, weight_g))

    def hear_movement(self, fact: MovementFact) -> None:
        """The levels from the contact's beginning to the movement, and from there until it was decided; of a change
        that nobody measured, at both ends of its window."""
        movement, first = fact.movement, fact.t_utc_ns
        last = first
        if movement.window is not None:
            first, last = movement.window
        ring, before_g, after_g = self._ring(movement.plate), movement.before_g, movement.after_g
        if first < last:
            ring.extend(((first, before_g), (last, after_g)))
            return
        begun = movement.started if movement.started < first else first
        ended = movement.settled if movement.settled > first else first
        ring.extend(((begun, before_g), (first, before_g), (first, after_g), (ended, after_g)))

    def _ring(self, plate: str) -> deque[tuple[int, float]]:
        ring = self._rings.get(plate)
        if ring is None:
            ring = self._rings[plate] = deque(maxlen=KEPT)
        return ring

    def around(self, plate: str, start_utc_ns: int, end_utc_ns: int) -> Curve:
        """[seconds after `start_utc_ns`, grams] of the span and a margin; the last weight before it comes first."""
        found: Curve = []
        for t_utc_ns, weight_g in sorted(self._rings.get(plate, ()), key=lambda point: point[0]):
            if t_utc_ns > end_utc_ns + MARGIN_NS:
                break
            point = [round((t_utc_ns - start_utc_ns) / 1e9, 3), weight_g]
            if t_utc_ns < start_utc_ns - MARGIN_NS:
                found = [point]
            else:
                found.append(point)
        return found
