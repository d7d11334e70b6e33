"""The codec against the contract's vectors, and against damage and cuts of every kind."""

from __future__ import annotations

import itertools
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import wire
from agent.wire.frames import MAX_BODY_BYTES

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "data" / "serial-vectors.json").read_text())
BOARD_TYPES = ("HELLO", "SAMPLE", "STATUS", "REPLY")
JOIN = wire.seal(b"\x04\x81\x00")  # any sound frame: behind it the stream has joined


def sample_wire(seq: int, counts: list[int], t_us: int = 0, present: int = 0xFF) -> bytes:
    body = bytes([2]) + seq.to_bytes(2, "little") + t_us.to_bytes(4, "little") + bytes([present])
    return wire.seal(body + b"".join(count.to_bytes(3, "little", signed=True) for count in counts))


def rows(frames: list[wire.Frame]) -> list[tuple[Any, ...]]:
    """Frames as comparable rows, blocks taken apart."""
    out: list[tuple[Any, ...]] = []
    for frame in frames:
        if isinstance(frame, wire.Samples):
            for k in range(len(frame.seq)):
                fields = (frame.seq[k], frame.t_board_us[k], frame.present[k], frame.end_offset[k])
                out.append((*(int(value) for value in fields), *frame.counts[k].tolist()))
        else:
            out.append((frame,))
    return out


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["wire"])
    stream = wire.FrameStream()
    stream.feed(JOIN)
    frames = stream.feed(data)
    if not vector["ok"]:
        assert frames == []
        assert stream.counters.bad == (0 if vector["name"] == "empty" else 1)
        return
    if vector["type"] not in BOARD_TYPES:
        assert frames == [] and stream.counters.dropped["type"] == 1
        assert host_frame(vector) == data
        return
    (frame,) = frames
    told = vector["fields"]
    if isinstance(frame, wire.Samples):
        assert [int(frame.seq[0]), int(frame.t_board_us[0]), int(frame.present[0])] == [
            told["seq"],
            told["t_us"],
            told["present"],
        ]
        assert frame.counts[0].tolist() == told["counts"]
    elif isinstance(frame, wire.Hello):
        assert frame == wire.Hello(
            told["board_id"],
            tuple(int(part) for part in told["firmware"].split(".")),  # type: ignore[arg-type] # three parts
            told["channels"],
            told["gain"],
            told["rate"],
            told["reset_cause"],
            told["boot"],
        )
        assert frame.unset == ("unset" in vector["name"])
    elif isinstance(frame, wire.OtherProtocol):
        assert (frame.board_id, frame.protocol) == (told["board_id"], told["protocol"])
    elif isinstance(frame, wire.Status):
        temperature = None if told["temperature"] is None else told["temperature"] / 100
        assert frame == wire.Status(
            told["uptime_s"],
            temperature,
            told["supply_mv"],
            told["late_reads"],
            told["tx_dropped"],
            told["rx_errors"],
            told["faults"],
        )
    else:
        assert frame == wire.Reply(told["command"], told["result"])


def host_frame(vector: dict[str, Any]) -> bytes:
    return {
        "IDENTIFY": wire.identify,
        "SET_GAIN": lambda: wire.set_gain(64),
        "SET_BOARD_ID": lambda: wire.set_board_id("b000000000000001"),
        "RESET": wire.reset,
        "SET_RATE": lambda: wire.set_rate(10),
    }[vector["type"]]()


@given(st.binary(min_size=1, max_size=MAX_BODY_BYTES))
def test_seal_and_unseal_are_inverse(body: bytes) -> None:
    sealed = wire.seal(body)
    assert sealed.count(0) == 1 and sealed[-1] == 0
    assert wire.unseal(sealed[:-1]) == body


@given(st.binary(max_size=1000))
def test_cobs_is_inverse_also_over_long_runs(data: bytes) -> None:
    assert wire.cobs_decode(wire.cobs_encode(data)) == data


counts = st.integers(-(2**23), 2**23 - 1)
piece = st.one_of(
    st.lists(counts, min_size=1, max_size=8).map(lambda values: sample_wire(len(values), values)),
    st.lists(counts, min_size=8, max_size=8).map(lambda values: sample_wire(7, values) * 6),
    st.binary(max_size=200),
    st.just(bytes.fromhex(VECTORS[0]["wire"])),
    st.just(bytes.fromhex(VECTORS[0]["wire"])[3:]),
)


@given(st.lists(piece, max_size=12), st.lists(st.integers(0, 2000), max_size=20))
def test_the_cut_never_shows(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    whole = wire.FrameStream()
    expected = rows(whole.feed(data))
    cut = wire.FrameStream()
    got: list[tuple[Any, ...]] = []
    edges = [0, *sorted(min(position, len(data)) for position in cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        got += rows(cut.feed(data[begin:end]))
    assert got == expected
    assert cut.counters == whole.counters
    assert cut.position == whole.position == len(data)


def test_columns_and_single_frames_agree_and_damage_takes_only_its_frame() -> None:
    rng = np.random.default_rng(7)
    good = [sample_wire(k, rng.integers(-(2**23), 2**23, 8).tolist(), t_us=12_500 * k) for k in range(500)]
    singly = wire.FrameStream()
    expected = [row for frame in good for row in rows(singly.feed(frame))]
    damaged = set(rng.choice(np.arange(1, 500), 40, replace=False).tolist())
    broken = []
    for k, frame in enumerate(good):
        where = int(rng.integers(0, len(frame) - 1))
        broken.append(frame[:where] + bytes([frame[where] % 255 + 1]) + frame[where + 1 :] if k in damaged else frame)
    stream = wire.FrameStream()
    got = rows(stream.feed(b"".join(broken)))
    assert got == [row for k, row in enumerate(expected) if k not in damaged]
    assert stream.counters.bad == len(damaged)


def test_a_million_random_bytes_in_random_chunks_with_good_frames_between() -> None:
    rng = random.Random(11)
    stream = wire.FrameStream()
    stream.feed(JOIN)
    found = sent = fed = 0
    tracemalloc.start()
    baseline = 0
    while fed < 1_000_000:
        noise = rng.randbytes(rng.randrange(0, 2_000))
        frame = sample_wire(sent % 65536, [rng.randrange(-1000, 1000) for _ in range(8)])
        data = noise + b"\x00" + frame
        sent += 1
        fed += len(data)
        while data:
            cut = rng.randrange(1, 300)
            for got in stream.feed(data[:cut]):
                if isinstance(got, wire.Samples):
                    found += len(got.seq)
            data = data[cut:]
        if not baseline and fed > 100_000:
            baseline = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - baseline
    tracemalloc.stop()
    assert found >= sent  # every good frame; noise may, once in 65536, hold one more
    assert grown < 50_000
    assert stream.counters.bad > 0


def test_joining_within_a_frame_counts_nothing() -> None:
    frame = sample_wire(1, [1, 2, 3])
    stream = wire.FrameStream()
    assert rows(stream.feed(frame[5:] + frame)) == rows_of_one(frame, offset=len(frame) - 5)
    assert stream.counters.bad == 0


def rows_of_one(frame: bytes, offset: int) -> list[tuple[Any, ...]]:
    (row,) = rows(wire.FrameStream().feed(frame))
    return [(*row[:3], row[3] + offset, *row[4:])]


@pytest.mark.parametrize("bad", ["", "00", "zz" * 8, "00" * 9])
def test_a_board_id_of_another_length_is_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        wire.set_board_id(bad)


def test_gain_and_rate_are_the_chips_own() -> None:
    with pytest.raises(ValueError, match="128, 64"):
        wire.set_gain(32)
    with pytest.raises(ValueError, match="10, 80"):
        wire.set_rate(40)
