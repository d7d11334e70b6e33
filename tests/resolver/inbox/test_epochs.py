"""How completely an agent was heard."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from resolver.inbox import AgentLog, Missing, WatermarkFact

S = 1_000_000_000


def mark(
    epoch: str, sequence: int, until: int, t: int | None = None, previous: tuple[str, int] | None = None
) -> WatermarkFact:
    return WatermarkFact("a1", (t if t is not None else until) * S, epoch, sequence, until * S, (), (), previous)


def believed(log: AgentLog) -> int | None:
    return None if log.believed is None else log.believed.until_utc_ns // S


def test_a_watermark_is_believed_once_its_numbers_are_here() -> None:
    log = AgentLog("a1")
    log.hear_number("e1", 1, 0)
    log.hear_watermark(mark("e1", 3, 10))
    assert believed(log) is None
    assert log.missing(None) == [Missing("e1", 2, 3)]
    log.hear_number("e1", 3, 0)
    assert log.missing(None) == [Missing("e1", 2, 2)]
    log.hear_number("e1", 2, 0)
    assert believed(log) == 10
    assert log.missing(None) == []


def test_what_was_told_before_anybody_listened_is_asked_for_only_where_it_matters() -> None:
    log = AgentLog("a1")
    log.hear_watermark(mark("e1", 500, 100))
    assert believed(log) == 100
    assert log.missing(110 * S) == []
    assert log.missing(90 * S) == [Missing("e1", 1, 500)]


def test_a_linked_epoch_needs_the_rest_of_the_one_before() -> None:
    log = AgentLog("a1")
    log.hear_number("e1", 1, 0)
    log.hear_watermark(mark("e1", 1, 10))
    log.hear_watermark(mark("e2", 0, 20, previous=("e1", 2)))
    assert believed(log) == 10
    assert log.missing(None) == [Missing("e1", 2, 2)]
    log.hear_number("e1", 2, 0)
    assert believed(log) == 20
    assert not log.gone_between(0, 100 * S)


def test_a_broken_link_makes_the_time_since_the_last_watermark_blind() -> None:
    log = AgentLog("a1")
    log.hear_number("e1", 1, 0)
    log.hear_watermark(mark("e1", 1, 10))
    log.hear_watermark(mark("e2", 0, 20))
    assert believed(log) == 20
    assert log.gone_between(12 * S, 13 * S)
    assert not log.gone_between(2 * S, 9 * S)
    assert not log.gone_between(21 * S, 30 * S)


def test_an_epoch_that_nobody_told_of_breaks_the_link() -> None:
    log = AgentLog("a1")
    log.hear_watermark(mark("e1", 0, 10))
    log.hear_watermark(mark("e3", 0, 20, previous=("e2", 4)))
    assert log.gone_between(12 * S, 13 * S)


def test_two_epochs_in_turn_are_two_agents() -> None:
    log = AgentLog("a1")
    for second, epoch in ((10, "e1"), (11, "e2"), (12, "e1"), (13, "e2")):
        log.hear_watermark(mark(epoch, 0, second))
    assert log.doubled_between(12 * S, 12 * S)
    assert not log.doubled_between(5 * S, 9 * S)


def test_a_late_watermark_of_the_epoch_before_is_no_second_agent() -> None:
    log = AgentLog("a1")
    log.hear_watermark(mark("e1", 0, 10))
    log.hear_watermark(mark("e2", 0, 12, previous=("e1", 0)))
    log.hear_watermark(mark("e1", 0, 11))
    assert not log.doubled_between(0, 100 * S)


def test_gone_numbers_are_waited_for_no_more_but_told_as_lost() -> None:
    log = AgentLog("a1")
    log.hear_number("e1", 1, 5 * S)
    log.hear_watermark(mark("e1", 3, 10))
    log.mark_gone("e1")
    assert believed(log) == 10
    assert log.gone_between(6 * S, 7 * S)


def test_blind_plates_are_remembered_with_their_spans() -> None:
    log = AgentLog("a1")
    log.hear_watermark(WatermarkFact("a1", 5 * S, "e1", 0, 5 * S, (), (("P2", 3 * S),), None))
    log.hear_watermark(mark("e1", 0, 9))
    assert log.blind_spans(4 * S, 20 * S) == [("P2", 4 * S, 9 * S)]
    assert log.blind_spans(10 * S, 20 * S) == []


@given(st.lists(st.integers(1, 40), min_size=1), st.integers(0, 2**32))
def test_held_and_missing_numbers_are_all_numbers(numbers: list[int], seed: int) -> None:
    log = AgentLog("a1")
    log.hear_watermark(mark("e1", 0, 0))
    order = list(numbers)
    random.Random(seed).shuffle(order)
    fresh = [number for number in order if log.hear_number("e1", number, S)]
    assert sorted(fresh) == sorted(set(numbers))
    missing = {number for span in log.missing(None) for number in range(span.first, span.last + 1)}
    assert missing | set(numbers) == set(range(1, max(numbers) + 1))
    assert not missing & set(numbers)


@given(st.lists(st.integers(1, 20), unique=True), st.integers(0, 19))
def test_a_restart_remembers_what_was_held(numbers: list[int], told: int) -> None:
    log, again = AgentLog("a1"), AgentLog("a1")
    log.hear_watermark(mark("e1", 0, 1))
    for number in numbers:
        log.hear_number("e1", number, S)
    log.hear_watermark(mark("e1", told, 2))
    for epoch, state in log.saved():
        again.load(epoch, state)
    assert again.missing(None) == log.missing(None)
    assert all(not again.hear_number("e1", number, S) for number in numbers)
