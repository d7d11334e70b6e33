"""Things to do at instants of the store's time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class Agenda:
    """Does in order of time what is due."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def at(self, t: float, do: Callable[[], None]) -> None:
        """Do it at t (s)."""
        heapq.heappush(self._entries, (t, next(self._count), do))

    def run(self, now_s: float) -> None:
        """Do what is due."""
        while self._entries and self._entries[0][0] <= now_s:
            heapq.heappop(self._entries)[2]()

    def wait_s(self, now_s: float, most_s: float) -> float:
        """How long until something is due."""
        return min(max(self._entries[0][0] - now_s, 0.0), most_s) if self._entries else most_s
