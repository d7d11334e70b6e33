"""Counts as records for the simulated board."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO

import pytest

from bench.board.chips import Conversion
from bench.board.simavr import BACKLOG_BYTES, RECORD_S, UNPLUGGED, SimavrBoard, TooSlowError

RECORD = struct.Struct("<Q8i")  # as firmware/sim/main.c reads it


@pytest.fixture
def pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as output, os.fdopen(writing, "wb", buffering=0) as records:
        yield output, records


def grid(k: int, counts: dict[int, int | None]) -> list[Conversion]:
    return [Conversion(k * RECORD_S, channel, value) for channel, value in counts.items()]


def test_records_say_what_holds_until_when(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    output, records = pipe
    board = SimavrBoard("/dev/pts/1", records)
    everything: dict[int, int | None] = {channel: 100 * channel - 50 for channel in range(8)}
    without_3 = {channel: value for channel, value in everything.items() if channel != 3}
    thrown_away = {**everything, 5: None}
    board.step(0.013, grid(1, everything) + grid(2, without_3) + grid(3, thrown_away), 21.0)
    got = [RECORD.unpack_from(output.read(RECORD.size)) for _ in range(3)]
    assert [record[0] for record in got] == [4000, 8000, 12000]
    assert list(got[0][1:]) == list(everything.values())
    assert got[1][1 + 3] == UNPLUGGED
    assert got[2][1:] == got[0][1:]  # a read thrown away leaves what was there


def test_a_simulator_that_does_not_keep_up_is_told(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    board = SimavrBoard("/dev/pts/1", pipe[1])
    with pytest.raises(TooSlowError):
        for k in range(1, (BACKLOG_BYTES + (1 << 20)) // RECORD.size + 2):
            board.step(k * RECORD_S, grid(k, dict.fromkeys(range(8), 0)), 21.0)


def test_a_simulator_that_has_ended_is_left_to_whoever_started_it(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    pipe[0].close()
    SimavrBoard("/dev/pts/1", pipe[1]).step(0.005, grid(1, {0: 1}), 21.0)
