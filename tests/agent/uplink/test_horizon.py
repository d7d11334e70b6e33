"""The watermark: over acknowledged events only, never back, bounded in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.journal import Link
from agent.uplink.horizon import MAX_MARKS, Horizon, Mark, watermark_event
from agent.uplink.identity import Identity


def mark(sequence: int, until_ns: int) -> Mark:
    return Mark(sequence, until_ns, (), ())


def test_a_mark_waits_for_its_events() -> None:
    horizon = Horizon(None)
    horizon.seen(mark(0, 100))
    horizon.seen(mark(2, 200))
    assert horizon.tell(None) is None
    told = horizon.tell(1)
    assert told is not None and told.until_t_utc_ns == 100
    told = horizon.tell(2)
    assert told is not None and told.until_t_utc_ns == 200


def test_it_never_goes_back_also_not_behind_an_earlier_process() -> None:
    horizon = Horizon(500)
    horizon.seen(mark(0, 400))
    assert horizon.tell(0) is None
    horizon.seen(mark(0, 600))
    horizon.tell(0)
    horizon.seen(mark(0, 550))
    told = horizon.tell(0)
    assert told is not None and told.until_t_utc_ns == 600
    assert horizon.until_t_utc_ns == 600


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=400), st.integers(0, 800))
def test_never_over_what_is_not_acknowledged(steps: list[tuple[int, int]], acknowledged: int) -> None:
    horizon, sequence, until = Horizon(None), 0, 0
    for more, later in steps:
        sequence, until = sequence + more, until + later
        horizon.seen(mark(sequence, until))
    told = horizon.tell(acknowledged)
    assert told is None or told.sequence <= acknowledged


def test_with_thousands_waiting_memory_is_bounded_and_the_last_is_kept() -> None:
    horizon = Horizon(None)
    for number in range(10_000):
        horizon.seen(mark(number, number))
    assert len(horizon._marks) <= MAX_MARKS
    told = horizon.tell(20_000)
    assert told is not None and told.sequence == 9999


def test_the_event_links_the_epoch_before() -> None:
    identity = Identity("s", "a", "e2", "1", "r", 0, Link("e1", 7))
    event = watermark_event(identity, mark(3, 1_000_000_000), 9, 2_000_000_000)
    assert event.id == "e2-w9"
    assert event.data["previous"] == {"epoch": "e1", "sequence": "0000000000000007"}
    assert event.data["until"] == "1970-01-01T00:00:01.000000Z"
    assert event.sequence is None
