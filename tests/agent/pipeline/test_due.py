"""When the service must look next, and what it may leave as it was: nothing is told later for it."""

from __future__ import annotations

import json

from agent.pipeline import Chunk, Pipeline
from agent.pipeline.pipeline import _DELIVERY_NS
from tests.agent.pipeline.feeding import BOARD, OTHER, RATE_HZ, Board, S, lines, merged, small_store

BLOCK_NS, TICK_NS, SLOT_NS = 250_000_000, 25_000_000, 5_000_000
PERIOD_NS = S // RATE_HZ


def turned(pipeline: Pipeline, chunks: list[Chunk], *, only_when_due: bool) -> tuple[list[str], list[int], list[int]]:
    """Events by turns at each slot or when one is due, and of the latter the delays while touched and at rest."""
    told, touched, rest = [], [], []
    coming = list(chunks)
    now_ns = coming[0].t_mono_ns // SLOT_NS * SLOT_NS
    while coming:
        now_ns += SLOT_NS
        while coming and coming[0].t_mono_ns < now_ns:
            pipeline.put([coming.pop(0)])
        due_ns = pipeline.due_ns()
        if only_when_due and due_ns is not None and now_ns < due_ns:
            continue
        was_touched = bool(pipeline.progress().open)
        before_ns = pipeline.progress().until_t_mono_ns
        told += pipeline.advance(now_ns, at_leisure=only_when_due)
        after_ns = pipeline.progress().until_t_mono_ns
        if before_ns is not None and after_ns is not None and after_ns > before_ns:
            (touched if was_touched else rest).append(now_ns - after_ns)
    return lines(told, small_store(BOARD, OTHER)), touched, rest


def two_boards() -> list[Chunk]:
    first, second = Board(), Board("port1", OTHER, seed=2)
    streams = []
    for board, moves in ((first, (2_450.0, 2_800.0, 2_100.0)), (second, (2_450.0, 2_450.0, 2_800.0))):
        chunks = board.introduce() + board.weigh(3.0)
        for weight_g in moves:
            chunks += board.weigh(1.83, weight_g)
        streams.append(chunks + board.weigh(1.5))
    return merged(*streams)


def test_turns_when_they_are_due_tell_the_same_as_turns_at_each_slot() -> None:
    chunks = two_boards()
    often, *_ = turned(Pipeline(small_store(BOARD, OTHER), "a1", "e"), chunks, only_when_due=False)
    seldom, touched, rest = turned(Pipeline(small_store(BOARD, OTHER), "a1", "e"), chunks, only_when_due=True)
    assert len(often) >= 5
    assert seldom == often
    assert max(touched) <= BLOCK_NS + TICK_NS + 2 * PERIOD_NS + 2 * SLOT_NS
    # also where a contact ended amidst a block: the next look is at that block's end
    assert max(rest) <= _DELIVERY_NS + 2 * SLOT_NS


def test_while_something_is_touched_a_turn_is_due_when_every_board_has_passed_the_tick() -> None:
    board, pipeline = Board(), Pipeline(small_store(BOARD), "a1", "e")
    for chunk in [*board.introduce(), *board.weigh(3.0), *board.weigh(0.3, 2_450.0)]:
        pipeline.feed(chunk)
    pipeline.advance(board.t_ns)
    assert pipeline.progress().open
    due_ns = pipeline.due_ns()
    assert due_ns is not None
    assert board.t_ns - PERIOD_NS < due_ns <= board.t_ns + TICK_NS + 2 * PERIOD_NS


def test_of_a_plate_that_was_touched_all_is_kept_of_one_that_rests_what_was_kept_before() -> None:
    first, second = Board(), Board("port1", OTHER, seed=2)
    streams = [board.introduce(board=board.board) + board.weigh(3.0) for board in (first, second)]
    pipeline = Pipeline(small_store(BOARD, OTHER), "a1", "e")
    for chunk in merged(*streams):
        pipeline.feed(chunk)
    pipeline.advance(first.t_ns + S // 10)
    before = json.loads(json.dumps(pipeline.snapshot()))
    for chunk in merged(first.weigh(1.5, 2_450.0), second.weigh(1.5)):
        pipeline.feed(chunk)
    pipeline.advance(first.t_ns + S // 10)
    lately = json.loads(json.dumps(pipeline.snapshot(whole=False)))
    whole = json.loads(json.dumps(pipeline.snapshot()))
    assert lately["belief"] == whole["belief"] != before["belief"]
    assert lately["plates"]["P1"] == whole["plates"]["P1"]
    assert lately["plates"]["P2"] == before["plates"]["P2"] != whole["plates"]["P2"]
    assert pipeline.snapshot(whole=False) == pipeline.snapshot(whole=False)
