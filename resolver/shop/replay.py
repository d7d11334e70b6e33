"""A stored stream of messages to receipts, by the messages' own time: the same input gives the same bytes.

Messages are put in order of the time at which their senders made them; one that arrives up to `REORDER_NS` late takes
its place as if it had been in time. What arrives later still is heard when it arrives.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from agent.messages import MessageError
from resolver.inbox import SECOND_NS, Fact, Reader, WatermarkFact, arrival_time
from resolver.shop.effects import Adjusted, Effect, Issued
from resolver.shop.engine import Shop

REORDER_NS = 5 * SECOND_NS
"""By how much the order of arrival may differ from that of the senders' clocks."""
Message = tuple[str, bytes | str | dict[str, Any]]


class Replay:
    """Feeds a shop. `refused` counts, by reason, what was dropped."""

    def __init__(self, shop: Shop, reader: Reader) -> None:
        self._shop, self._reader = shop, reader
        self._held: list[tuple[tuple[int, str, str, int, int], int, Fact]] = []
        self._newest_utc_ns = 0
        self._clock_utc_ns = 0
        self._number = 0
        self.refused: Counter[str] = Counter()

    def run(self, messages: Iterable[Message]) -> Iterator[Issued | Adjusted]:
        """Receipts and adjustments, in the order in which they are issued.

        At the end of the messages silence is taken to go on: who exited gets a receipt, if need be one for review.
        """
        for topic, payload in messages:
            try:
                fact = self._reader.read(topic, payload)
            except MessageError as error:
                self.refused[error.reason] += 1
                continue
            if fact is None:
                continue
            made = arrival_time(fact)
            self._newest_utc_ns = max(self._newest_utc_ns, made)
            self._number += 1
            heapq.heappush(self._held, ((made, *_tie(fact)), self._number, fact))
            yield from self._release(self._newest_utc_ns - REORDER_NS)
        yield from self._release(self._newest_utc_ns)
        last = self._shop.last_exit_deadline_ns()
        if last is not None:
            yield from self._pass_deadlines(last)

    def _release(self, until_utc_ns: int) -> Iterator[Issued | Adjusted]:
        while self._held and self._held[0][0][0] <= until_utc_ns:
            (made, *_), _, fact = heapq.heappop(self._held)
            yield from self._pass_deadlines(made)
            self._clock_utc_ns = max(self._clock_utc_ns, made)
            if self._shop.hear(fact):
                yield from _said(self._shop.settle(self._clock_utc_ns))

    def _pass_deadlines(self, until_utc_ns: int) -> Iterator[Issued | Adjusted]:
        deadline = self._shop.next_deadline_ns()
        while deadline is not None and deadline <= until_utc_ns:
            self._clock_utc_ns = max(self._clock_utc_ns, deadline)
            yield from _said(self._shop.settle(self._clock_utc_ns))
            deadline = self._shop.next_deadline_ns()


def _tie(fact: Fact) -> tuple[str, str, int, int]:
    """Order among facts of one instant, whatever their order of arrival."""
    if isinstance(fact, WatermarkFact):
        return ("~", f"{fact.agent}/{fact.epoch}", fact.until_utc_ns, fact.sequence)
    return (fact.source, fact.id, 0, 0)


def _said(effects: list[Effect]) -> Iterator[Issued | Adjusted]:
    for effect in effects:
        if isinstance(effect, (Issued, Adjusted)):
            yield effect
