"""Streams decoded together give what each gives alone, whatever is damaged or of another width."""

from __future__ import annotations

import itertools
import struct

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.wire import FrameStream, Hello, Samples, Status, Taken, seal, take_together
from bench.wire import Hello as HelloOut
from bench.wire import sample_frames

BOARD = bytes(range(8))


def sent(channels: int, frames: int, seed: int) -> bytes:
    """A board's bytes: HELLO, and SAMPLEs."""
    rng = np.random.default_rng(seed)
    number = np.arange(frames)
    counts = rng.integers(-(1 << 22), 1 << 22, (frames, channels))
    rows = sample_frames(number, number * 12_500, np.full(frames, (1 << channels) - 1), counts)
    hello = HelloOut(BOARD, channels, 80).encode()
    return (
        hello
        + b"".join(row.tobytes() for row in rows[: frames // 2])
        + hello
        + b"".join(row.tobytes() for row in rows[frames // 2 :])
    )


def told(taken: Taken) -> tuple[object, ...]:
    block = taken.samples
    columns: tuple[object, ...] = ()
    if block is not None:
        columns = (*(c.tolist() for c in (block.seq, block.t_board_us, block.counts, block.end_offset)), block.channels)
    others = [(k, f if not isinstance(f, Samples) else f.seq.tolist()) for k, f in taken.others]
    return columns, others


@settings(max_examples=60, deadline=None)
@given(
    widths=st.lists(st.sampled_from([8, 8, 8, 4]), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 1500), max_size=4),
    damage=st.integers(0, 1 << 30),
)
def test_together_is_as_alone(widths: list[int], cuts: list[int], damage: int) -> None:
    rng = np.random.default_rng(damage)
    wires = []
    for number, channels in enumerate(widths):
        raw = bytearray(sent(channels, 30, number))
        if rng.random() < 0.5:
            raw[int(rng.integers(len(raw)))] ^= 0x55
        wires.append(bytes(raw))
    together, alone = [FrameStream() for _ in wires], [FrameStream() for _ in wires]
    bounds = [0, *sorted(cuts), 1 << 20]
    for begin, end in itertools.pairwise(bounds):
        parts = [wire[begin:end] for wire in wires]
        got = take_together(together, parts)
        assert [told(t) for t in got] == [told(s.take(part)) for s, part in zip(alone, parts, strict=True)]
    assert [s.counters for s in together] == [s.counters for s in alone]
    assert [s.position for s in together] == [s.position for s in alone]


def test_a_hello_keeps_its_place_among_the_samples_of_its_stream() -> None:
    streams = [FrameStream(), FrameStream()]
    for stream in streams:
        stream.take(seal(b"\x04\x81\x00"))
    for taken in take_together(streams, [sent(8, 10, 1), sent(8, 10, 2)]):
        assert [k for k, frame in taken.others if isinstance(frame, Hello)] == [0, 5]


def test_of_status_the_news_and_the_last_are_told() -> None:
    streams = [FrameStream(), FrameStream()]
    for stream in streams:
        stream.take(seal(b"\x04\x81\x00"))
    faults = [0] * 30 + [4] * 2 + [0] * 20
    reports = [seal(struct.pack("<BIhHHHHB", 3, k, 0, 0, 0, 0, 0, own)) for k, own in enumerate(faults)]
    wire = sent(8, 200, 1) + b"".join(reports)
    alone = FrameStream()
    alone.take(seal(b"\x04\x81\x00"))
    every = [frame for _, frame in alone.take(wire).others if isinstance(frame, Status)]
    assert [status.faults for status in every] == faults
    for stream, taken in zip(streams, take_together(streams, [wire, wire]), strict=True):
        told_of = [frame for _, frame in taken.others if isinstance(frame, Status)]
        assert [(status.uptime_s, status.faults) for status in told_of] == [(29, 0), (31, 4), (51, 0)]
        assert stream.counters == alone.counters
