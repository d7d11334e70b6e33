"""A snapshot carries the belief over a stop; what changed meanwhile is a change, with its window."""

from __future__ import annotations

import json

import pytest

from agent.messages import Change, Movement
from agent.messages.events import CHANGE, PICK
from agent.pipeline import Chunk, Pipeline, Told
from agent.wire import FrameStream, Hello
from bench.wire import Hello as BoardHello
from tests.agent.pipeline.feeding import BOARD, BUSY, Board, Case, S, case, fed, small_store
from tests.agent.pipeline.test_cells import Plate
from tests.agent.pipeline.test_cells import store as cells_store


def brief(told: list[Told]) -> list[tuple[str, str, list[tuple[str, int]]]]:
    return [
        (event.type, event.subject, [(item.sku, item.qty) for item in event.data.items])
        for event in told
        if isinstance(event.data, Movement)
    ]


def introductions(each: Case, seconds: float) -> list[Chunk]:
    """The answers of the boards to the IDENTIFY that an agent sends when it starts."""
    out = []
    for source in sorted({chunk.source for chunk in each.chunks}):
        raw = b"".join(chunk.data for chunk in each.chunks if chunk.source == source)
        hello = next(frame for frame in FrameStream().feed(raw) if isinstance(frame, Hello))
        answer = BoardHello(bytes.fromhex(hello.board_id), hello.channels, hello.rate_hz, boot=hello.boot).encode()
        out.append(Chunk(source, each.since(seconds)[0].t_mono_ns, b"\x00" + answer))
    return out


def test_after_a_restart_the_same_is_told_as_without() -> None:
    """Chewing gum was left on another plate before the stop: only the belief knows that it stands there."""
    busy = case(BUSY)
    whole = fed(Pipeline(busy.store, "a1", "e1"), busy.chunks)
    first = Pipeline(busy.store, "a1", "e1")
    early = fed(first, busy.until(22.8), finish=False)
    saved = json.loads(json.dumps(first.snapshot(), allow_nan=False))
    second = Pipeline(busy.store, "a1", "e2", saved)
    late = fed(second, [*introductions(busy, 22.8), *busy.since(22.8)])
    assert brief(early) + brief(late) == brief(whole)
    assert [event.sequence for event in late] == list(range(1, len(late) + 1))
    assert {event.epoch for event in late} == {"e2"}
    forgetful = fed(Pipeline(busy.store, "a1", "e2"), [*introductions(busy, 22.8), *busy.since(22.8)])
    assert brief(forgetful) != brief(late)


def test_what_was_held_before_a_late_hello_is_told_as_what_comes_in_time() -> None:
    """Nobody asked the boards: their own HELLOs come seconds later, one board's long after the other's."""
    busy = case(BUSY)
    first = Pipeline(busy.store, "a1", "e1")
    fed(first, busy.until(22.8), finish=False)
    saved = json.loads(json.dumps(first.snapshot()))
    asked = fed(Pipeline(busy.store, "a1", "e2", saved), [*introductions(busy, 22.8), *busy.since(22.8)])
    assert brief(fed(Pipeline(busy.store, "a1", "e2", saved), busy.since(22.8))) == brief(asked)


def test_a_recording_replayed_upon_what_came_of_it_is_compared_with_that() -> None:
    """The level of the end lies later than all that comes: what lacks on a plate then is told as a change at first."""
    busy = case(BUSY)
    first = Pipeline(busy.store, "a1", "e1")
    once = fed(first, busy.until(22.8))
    saved = json.loads(json.dumps(first.snapshot()))
    again = fed(Pipeline(busy.store, "a1", "e2", saved), busy.until(22.8))
    moved = {event.subject for event in once if isinstance(event.data, Movement)}
    changes = [event for event in again if isinstance(event.data, Change)]
    assert {event.subject for event in changes} <= moved
    assert changes
    assert len(again) >= len(once)


def test_a_snapshot_that_is_restored_says_the_same_again() -> None:
    busy = case(BUSY)
    first = Pipeline(busy.store, "a1", "e1")
    fed(first, busy.until(14.0), finish=False)
    saved = json.loads(json.dumps(first.snapshot()))
    assert json.loads(json.dumps(Pipeline(busy.store, "a1", "e2", saved).snapshot())) == saved


def test_taking_a_snapshot_changes_nothing() -> None:
    busy = case(BUSY)
    plain, watched = Pipeline(busy.store, "a1", "e1"), Pipeline(busy.store, "a1", "e1")
    told = []
    for k, chunk in enumerate(busy.until(13.0)):
        told += watched.feed(chunk)
        if k % 50 == 0:
            watched.snapshot()
            watched.readings()
            watched.progress()
    assert told + watched.finish() == fed(plain, busy.until(13.0))


def test_what_was_taken_while_the_agent_was_off_is_a_change_with_its_window() -> None:
    store, board = small_store(BOARD), Board()
    first = Pipeline(store, "a1", "e1")
    fed(first, board.introduce() + board.weigh(6.0), finish=False)
    saved = json.loads(json.dumps(first.snapshot()))
    off_ns = board.t_ns
    board.pause(60.0)
    board.weight_g -= 700.0
    told = fed(Pipeline(store, "a1", "e2", saved), board.introduce() + board.weigh(4.0))
    (event,) = told
    assert event.type == CHANGE
    assert isinstance(event.data, Change)
    assert [(item.sku, item.qty) for item in event.data.items] == [("cola", 2)]
    begin, end = event.data.window
    assert off_ns - 2 * S < begin <= off_ns
    assert off_ns + 59 * S < end == event.t_mono_ns
    assert event.data.delta_g == pytest.approx(-700.0, abs=2.0)


def test_what_was_taken_while_the_board_was_off_is_a_change_with_its_window() -> None:
    store, board = small_store(BOARD), Board()
    pipeline = Pipeline(store, "a1", "e1")
    fed(pipeline, board.introduce() + board.weigh(6.0), finish=False)
    off_ns = board.t_ns
    board.pause(8.0)
    board.weight_g -= 350.0
    told = fed(pipeline, board.introduce() + board.weigh(4.0))
    movements = [event for event in told if isinstance(event.data, Movement)]
    assert [event.type for event in movements] == [CHANGE]
    (event,) = movements
    assert isinstance(event.data, Change)
    assert [(item.sku, item.qty) for item in event.data.items] == [("cola", 1)]
    assert event.data.window[0] == pytest.approx(off_ns, abs=S // 10)
    assert event.data.window[1] == event.t_mono_ns == pytest.approx(off_ns + 8 * S, abs=S // 10)


def test_where_nothing_changed_meanwhile_nothing_is_told_and_work_goes_on() -> None:
    store, board = small_store(BOARD), Board()
    pipeline = Pipeline(store, "a1", "e1")
    chunks = board.introduce() + board.weigh(6.0)
    board.pause(8.0)
    chunks += board.introduce() + board.weigh(4.0) + board.weigh(4.0, board.weight_g - 350.0)
    movements = [event for event in fed(pipeline, chunks) if isinstance(event.data, Movement)]
    assert [event.type for event in movements] == [PICK]


def test_a_snapshot_of_another_store_is_taken_as_far_as_it_fits() -> None:
    store, board = small_store(BOARD), Board()
    first = Pipeline(store, "a1", "e1")
    fed(first, board.introduce() + board.weigh(6.0), finish=False)
    saved = json.loads(json.dumps(first.snapshot()))
    saved["plates"]["P9"] = saved["plates"]["P1"]
    saved["belief"]["plates"]["P9"] = saved["belief"]["plates"]["P1"]
    second = Pipeline(store, "a1", "e2", saved)
    assert set(second.snapshot()["plates"]) == {"P1"}


def test_a_plate_that_stands_on_more_cells_now_is_compared_by_its_weight() -> None:
    plate = Plate(cells=1)
    first = Pipeline(cells_store(cells=1), "a1", "e1")
    fed(first, plate.introduce() + plate.rest(4.0), finish=False)
    saved = json.loads(json.dumps(first.snapshot()))
    again = Plate(cells=4)
    again.t_ns = plate.t_ns + 60 * S
    again.grams = again.grams - 350.0 * again.shares(75.0, 150.0)
    (event,) = fed(Pipeline(cells_store(cells=4), "a1", "e2", saved), again.introduce() + again.rest(5.0))
    assert event.type == CHANGE
    assert isinstance(event.data, Change)
    assert event.data.delta_g == pytest.approx(-350.0, abs=2.0)
