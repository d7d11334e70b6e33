"""Seconds taken at once, chunk by chunk, or at leisure as the running agent does: the same bytes, the same state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.pipeline import Chunk, Pipeline
from agent.pipeline.arrivals import gathered, joined, ordered, split
from agent.store import Store, parse_store
from agent.wire.frames import COUNT_BYTES, MAX_CHANNELS, SAMPLE, SAMPLE_HEAD_BYTES, seal, unseal
from bench.speed.floor import FloorBoard, Move, store_text
from tests.agent.pipeline.feeding import BUSY, S, case, fed, lines

RESTED_S = 26
MOVES = [Move(9.0, 0, 0, -1, (0.2, 0.2)), Move(21.3, 1, 1, -1, (-0.3, 0.0)), Move(22.0, 0, 1, -1, (0.0, 0.4))]


def outcome(pipeline: Pipeline, told: list[str]) -> list[str]:
    """All that can be seen of a pipeline: events, state, progress, plates."""
    state = json.dumps(pipeline.snapshot(), sort_keys=True)
    return [*told, state, repr(pipeline.progress()), repr(pipeline.readings())]


def singly(store: Store, chunks: tuple[Chunk, ...]) -> list[str]:
    pipeline = Pipeline(store, "a1", "replay")
    return outcome(pipeline, lines(fed(pipeline, chunks), store))


def in_stretches(store: Store, chunks: tuple[Chunk, ...], seconds: float) -> list[str]:
    pipeline = Pipeline(store, "a1", "replay")
    told = []
    for stretch in stretches(chunks, seconds):
        told += pipeline.feed_stretch(gathered(stretch))
    return outcome(pipeline, lines(told + pipeline.finish(), store))


def stretches(chunks: tuple[Chunk, ...], seconds: float) -> Iterator[list[Chunk]]:
    held: list[Chunk] = []
    for chunk in chunks:
        if held and chunk.t_mono_ns - held[0].t_mono_ns >= seconds * S:
            yield held
            held = []
        held.append(chunk)
    yield held


@cache
def rested() -> tuple[Store, tuple[Chunk, ...]]:
    """Two boards at rest but for three movements."""
    return floor([np.random.default_rng(k) for k in range(2)])


@cache
def blemished() -> tuple[Store, tuple[Chunk, ...]]:
    """The same, with wild conversions here and there."""
    return floor([Blemishes(k) for k in range(2)])  # type: ignore[list-item]


@cache
def incomplete() -> tuple[Store, tuple[Chunk, ...]]:
    """Likewise, with cells that are now and then absent for a few rows, or at the end of their range for one or two."""
    store, chunks = blemished()
    rng = np.random.default_rng(5)
    absent: dict[tuple[str, int], int] = {}
    return store, tuple(Chunk(c.source, c.t_mono_ns, _gappy(c.data, c.source, absent, rng)) for c in chunks)


def _gappy(data: bytes, source: str, absent: dict[tuple[str, int], int], rng: np.random.Generator) -> bytes:
    """Frames of a port, some without a cell or with one saturated; `absent` says for how many rows a cell stays so."""
    out = []
    for body in map(bytearray, map(unseal, data.split(b"\0")[:-1])):
        if body[0] == SAMPLE:
            for channel in range(MAX_CHANNELS):
                left = absent.get((source, channel), 0)
                if left == 0 and rng.random() < 0.003:
                    left = int(rng.integers(1, 7))
                absent[source, channel] = max(left - 1, 0)
                if left:
                    body[SAMPLE_HEAD_BYTES - 1] &= ~(1 << channel)
                at = SAMPLE_HEAD_BYTES + COUNT_BYTES * channel
                if left or rng.random() < 0.002:
                    body[at : at + COUNT_BYTES] = bytes(COUNT_BYTES) if left else b"\xff\xff\x7f"
        out.append(seal(bytes(body)))
    return b"".join(out)


class Blemishes:
    """A generator whose noise leaps now and then: by little, by much, at any place within a block."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.uniform, self.integers = self._rng.uniform, self._rng.integers

    def normal(self, mean: float, sd: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
        leaps = (self._rng.random(shape) < 0.003) * self._rng.choice([-20_000.0, -2_500.0, 1_800.0, 9_000.0], shape)
        return self._rng.normal(mean, sd, shape) + leaps


def floor(noise: list[np.random.Generator]) -> tuple[Store, tuple[Chunk, ...]]:
    boards = [FloorBoard(k, [m for m in MOVES if m.board == k], rng) for k, rng in enumerate(noise)]
    frames = sorted(
        (t, k, data) for second in range(RESTED_S) for k, board in enumerate(boards) for t, data in board.second(second)
    )
    chunks = tuple(Chunk(f"port{k}", 1_000 * S + round(t * S), data) for t, k, data in frames)
    return parse_store(store_text(2).encode(), "store.toml"), chunks


@pytest.mark.parametrize("floor_of", [rested, blemished, incomplete])
@pytest.mark.parametrize("seconds", [2.0, 100.0])
def test_rest_that_is_looked_ahead_at_leaves_the_same_state_to_the_last_bit(
    floor_of: Callable[[], tuple[Store, tuple[Chunk, ...]]], seconds: float
) -> None:
    store, chunks = floor_of()
    assert in_stretches(store, chunks, seconds) == singly(store, chunks)


def test_blocks_of_many_plates_at_once_leave_the_same_state_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    store, chunks = rested()
    together = in_stretches(store, chunks, 0.25)
    monkeypatch.setattr("agent.pipeline.together.LEAST_PLATES", 1_000)
    assert in_stretches(store, chunks, 0.25) == together


def test_a_busy_recording_in_one_stretch_is_the_same() -> None:
    busy = case(BUSY)
    chunks = busy.until(30.0)
    assert in_stretches(busy.store, chunks, 1_000.0) == singly(busy.store, chunks)


@settings(max_examples=2, deadline=None)
@given(st.floats(0.01, 40.0))
def test_stretches_of_any_length_are_the_same(seconds: float) -> None:
    busy = case(BUSY)
    chunks = busy.until(13.0)
    assert in_stretches(busy.store, chunks, seconds) == singly(busy.store, chunks)


@pytest.mark.parametrize("turn_ns", [37_000_000])
def test_at_leisure_is_the_same(turn_ns: int) -> None:
    store, chunks = rested()
    pipeline = Pipeline(store, "a1", "replay")
    told, waiting, now_ns = [], [], chunks[0].t_mono_ns
    for chunk in chunks:
        while chunk.t_mono_ns >= now_ns:
            pipeline.put(waiting)
            told += pipeline.advance(now_ns, at_leisure=True)
            waiting, now_ns = [], now_ns + turn_ns
        waiting.append(chunk)
    pipeline.put(waiting)
    assert outcome(pipeline, lines(told + pipeline.finish(), store)) == singly(store, chunks)


parts = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.binary(max_size=9)).map(lambda p: Chunk(*p)), max_size=30
)


@given(parts, st.integers(-1, 42))
def test_what_is_split_and_joined_is_what_came(chunks: list[Chunk], at_ns: int) -> None:
    chunks.sort(key=lambda chunk: chunk.t_mono_ns)
    early, late = split(gathered(chunks), at_ns)
    assert ordered(early) == [chunk for chunk in chunks if chunk.t_mono_ns < at_ns]
    assert ordered(late) == [chunk for chunk in chunks if chunk.t_mono_ns >= at_ns]
    assert ordered(joined(early, late)) == chunks
