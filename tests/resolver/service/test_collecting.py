"""Cycles are cleared away by the clock, and by it alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from resolver.service.collecting import EVERY_S, Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    yield Collector(100.0)
    gc.unfreeze()
    gc.enable()


class Knot:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.own = self


def test_cycles_stay_until_it_is_time_and_go_then(collector: Collector) -> None:
    gone = weakref.ref(Knot())
    lists = [[number] for number in range(100_000)]
    assert not collector.look(100.0 + EVERY_S - 1.0)
    assert gone() is not None
    assert collector.look(100.0 + EVERY_S)
    assert gone() is None and len(lists) == 100_000
    assert not collector.look(100.0 + EVERY_S + 1.0)


def test_what_was_looked_at_goes_by_its_last_reference(collector: Collector) -> None:
    kept = Knot()
    gone = weakref.ref(kept)
    collector.look(100.0 + EVERY_S)
    kept.own = None  # type: ignore[assignment] # unties it
    del kept
    assert gone() is None
