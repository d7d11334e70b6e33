"""What was told in doubt is told anew where the rest that follows settles it."""

from __future__ import annotations

import pytest

from agent.messages import Correction, Movement
from agent.pipeline import Pipeline, Told
from agent.pipeline.arrivals import gathered
from agent.pipeline.hindsight import SETTLED
from agent.pipeline.teller import LOOKS_NS
from tests.agent.pipeline.feeding import BOARD, Board, S, fed, small_store

THING_G = 10.0  # as light as a hand that just touches


def told(*after: tuple[float, float], at_once: int = 0) -> list[Told]:
    """Seconds at rest, each after a change by so many grams. Chunks come one by one, or so many `at_once`."""
    board, pipeline = Board(), Pipeline(small_store(BOARD), "a1", "e0")
    chunks = board.introduce() + board.weigh(3.0)
    for seconds, by_g in after:
        chunks += board.weigh(seconds, board.weight_g + by_g)
    if not at_once:
        return fed(pipeline, chunks)
    out: list[Told] = []
    for k in range(0, len(chunks), at_once):
        out += pipeline.feed_stretch(gathered(chunks[k : k + at_once]))
    return out + pipeline.finish()


def test_a_light_thing_that_stays_is_told_in_doubt_and_then_without() -> None:
    put, *later = [one for one in told((12.0, THING_G)) if isinstance(one.data, Movement | Correction)]
    assert isinstance(put.data, Movement)
    assert put.data.items == ()
    assert put.data.confidence < SETTLED
    assert len(later) == 1
    settled = later[0].data
    assert isinstance(settled, Correction)
    assert (settled.corrects, settled.items, settled.withdrawn) == (put.id, (), False)
    assert settled.confidence >= SETTLED
    waited_ns = later[0].t_mono_ns - put.data.settled
    assert LOOKS_NS[0] <= waited_ns < LOOKS_NS[-1] + S


def test_rest_that_is_cut_short_settles_nothing() -> None:
    events = told((LOOKS_NS[0] / S, THING_G))
    assert not [one for one in events if isinstance(one.data, Correction)]


@pytest.mark.parametrize("at_once", [7, 120])
def test_when_rest_is_looked_at_does_not_depend_on_how_bytes_came(at_once: int) -> None:
    once = told((12.0, THING_G), (4.0, -THING_G))
    again = told((12.0, THING_G), (4.0, -THING_G), at_once=at_once)
    assert once == again
    assert any(isinstance(one.data, Correction) for one in once)
