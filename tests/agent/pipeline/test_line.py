"""Lost and damaged frames: told once they are many, with their end; a board's pause or restart is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent.messages import Fault
from agent.pipeline import Chunk, Pipeline, Told
from agent.pipeline.line import CLEAN_NS
from tests.agent.pipeline.feeding import BOARD, Board, S, fed, small_store


def faults(told: Sequence[Told]) -> list[tuple[str, str]]:
    return [(event.type.rpartition(".")[2], event.data.fault) for event in told if isinstance(event.data, Fault)]


def without(chunks: list[Chunk], every: int) -> list[Chunk]:
    """Each `every`th chunk (of two frames) is lost."""
    return [chunk for number, chunk in enumerate(chunks) if number % every]


def bent(chunks: list[Chunk], every: int) -> list[Chunk]:
    """A byte of each `every`th chunk arrives as another one."""
    return [
        Chunk(chunk.source, chunk.t_mono_ns, chunk.data[:9] + bytes([chunk.data[9] ^ 0x55 or 1]) + chunk.data[10:])
        if number % every == 0
        else chunk
        for number, chunk in enumerate(chunks)
    ]


@pytest.mark.parametrize("seq", [0, 0xFFFF - 900])
def test_lost_frames_are_a_fault_until_none_was_lost_for_a_while(seq: int) -> None:
    board = Board()
    board._seq = seq  # so that it wraps among them
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    told = fed(pipeline, board.introduce() + board.weigh(5.0), finish=False)
    assert faults(told) == []
    told = fed(pipeline, without(board.weigh(5.0), 20), finish=False)
    assert faults(told) == [("fault", "frames-lost")]
    fault = told[0].data
    assert isinstance(fault, Fault)
    assert fault.board == BOARD and fault.plates == ("P1",) and "cable" in fault.remedy
    assert faults(fed(pipeline, board.weigh(CLEAN_NS / S + 1), finish=False)) == [("recovered", "frames-lost")]


def test_damaged_frames_are_named_as_such() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    told = fed(pipeline, board.introduce() + board.weigh(5.0) + bent(board.weigh(5.0), 20), finish=False)
    assert ("fault", "frames-damaged") in faults(told)
    told = fed(pipeline, board.weigh(CLEAN_NS / S + 1), finish=False)
    assert ("recovered", "frames-damaged") in faults(told)


def test_a_frame_now_and_then_is_no_fault() -> None:
    board = Board()
    chunks = board.introduce()
    for _ in range(3):
        chunks += board.weigh(6.0)[:-1]  # one chunk in six seconds
    assert faults(fed(Pipeline(small_store(BOARD), "a1", "e"), chunks)) == []


def test_a_pause_and_a_restart_are_not_lost_frames() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    told = fed(pipeline, board.introduce() + board.weigh(5.0), finish=False)
    board._seq += 400
    board.pause(5.0)
    told += fed(pipeline, board.weigh(5.0), finish=False)
    board._seq, board._us = 0, 1_000_000
    told += fed(pipeline, board.introduce(boot=2) + board.weigh(5.0), finish=False)
    assert not [fault for fault in faults(told) if fault[1].startswith("frames")]
