"""However the bytes are cut, the events are the same, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import groupby, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.pipeline import Chunk, Pipeline
from tests.agent.pipeline.feeding import BUSY, S, case, fed, lines, replayed

SHORT_S = 13.0  # three movements of the recording


@cache
def expected(seconds: float) -> list[str]:
    busy = case(BUSY)
    return replayed(busy.store, busy.until(seconds))


def cut(chunks: tuple[Chunk, ...], share: float, most: int, seed: int) -> Iterator[Chunk]:
    """A share of the messages cut at random bytes; the pieces keep their time and their order."""
    rng = random.Random(seed)
    for chunk in chunks:
        if rng.random() >= share or len(chunk.data) < 2:
            yield chunk
            continue
        inner = sorted(rng.sample(range(1, len(chunk.data)), min(rng.randint(1, most), len(chunk.data) - 1)))
        edges = [0, *inner, len(chunk.data)]
        yield from (Chunk(chunk.source, chunk.t_mono_ns, chunk.data[a:b]) for a, b in pairwise(edges))


def joined(chunks: Iterator[Chunk], seed: int) -> Iterator[Chunk]:
    """Pieces of one source and one time put together again, here and there."""
    rng = random.Random(seed)
    for (source, t_ns), pieces in groupby(chunks, key=lambda chunk: (chunk.source, chunk.t_mono_ns)):
        data = b""
        for piece in pieces:
            data += piece.data
            if rng.random() < 0.3:
                yield Chunk(source, t_ns, data)
                data = b""
        if data:
            yield Chunk(source, t_ns, data)


def test_the_recording_tells_enough_to_be_worth_cutting() -> None:
    assert len(expected(SHORT_S)) >= 2
    assert len(expected(99.0)) >= 8


@settings(max_examples=12, deadline=None)
@given(st.floats(0.0, 1.0), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_any_chunking_of_a_recording_gives_the_same_bytes(share: float, most: int, seed: int) -> None:
    busy = case(BUSY)
    pieces = joined(cut(busy.until(SHORT_S), share, most, seed), seed)
    assert replayed(busy.store, pieces) == expected(SHORT_S)


def test_the_whole_recording_cut_into_pieces_gives_the_same_bytes() -> None:
    busy = case(BUSY)
    assert replayed(busy.store, cut(busy.chunks, 0.8, 12, 4)) == expected(99.0)


def test_byte_by_byte_gives_the_same_bytes() -> None:
    busy = case(BUSY)
    single = (
        Chunk(chunk.source, chunk.t_mono_ns, bytes([byte])) for chunk in busy.until(SHORT_S) for byte in chunk.data
    )
    assert replayed(busy.store, single) == expected(SHORT_S)


def test_a_recording_cut_at_its_end_tells_nothing_else_before() -> None:
    """What is told by an instant does not depend on what comes after it."""
    busy = case(BUSY)
    for seconds in (9.0, 12.4, 14.55, 21.9):
        pipeline = Pipeline(busy.store, "a1", "replay")
        early = lines(fed(pipeline, busy.until(seconds), finish=False), busy.store)
        assert early == expected(99.0)[: len(early)]


def test_every_event_says_when_it_was_settled_within_what_was_measured() -> None:
    busy = case(BUSY)
    told = fed(Pipeline(busy.store, "a1", "replay"), busy.chunks)
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))
    for event in told:
        assert event.t_mono_ns <= event.made_t_mono_ns <= busy.chunks[-1].t_mono_ns + S
