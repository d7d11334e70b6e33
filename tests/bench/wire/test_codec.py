"""Properties of the board's codec."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wire import (
    CobsError,
    CommandReader,
    Damage,
    cobs_decode,
    cobs_encode,
    frame,
    sample_body,
    sample_frames,
    unframe,
)

INT24 = st.integers(-(1 << 23), (1 << 23) - 1)


@given(st.binary(max_size=600))
def test_cobs_goes_both_ways_and_holds_no_zero(data: bytes) -> None:
    coded = cobs_encode(data)
    assert 0 not in coded
    assert cobs_decode(coded) == data


@given(st.binary(min_size=1, max_size=64))
def test_a_framed_body_comes_back(body: bytes) -> None:
    wire = frame(body)
    assert wire[-1] == 0
    assert unframe(wire[:-1]) == body


def test_a_body_over_64_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        frame(bytes(65))


@given(st.binary(max_size=80))
def test_noise_is_no_frame_and_raises_nothing_else(data: bytes) -> None:
    try:
        body = unframe(data)
    except CobsError as error:
        assert error.why
    else:
        assert frame(body)[:-1] == data or cobs_decode(data)[:-2] == body


@given(
    st.lists(
        st.tuples(
            st.integers(0, 65535),
            st.integers(0, (1 << 32) - 1),
            st.integers(0, 255),
            st.lists(INT24, min_size=5, max_size=5),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_frames_in_bulk_are_the_frames_one_by_one(rows: list[tuple[int, int, int, list[int]]]) -> None:
    bulk = sample_frames(*(np.array([row[k] for row in rows]) for k in range(3)), np.array([row[3] for row in rows]))
    assert [line.tobytes() for line in bulk] == [frame(sample_body(*row)) for row in rows]


@given(st.lists(st.sampled_from([b"\x81", b"\x82\x40", b"\x85\x0a"]), max_size=12), st.data())
def test_commands_survive_any_chunking(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(body) for body in bodies)
    reader, out, at = CommandReader(), [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, 9))
        out += reader.feed(stream[at : at + step])
        at += step
    assert [bytes([c.command]) + c.argument for c in out] == bodies
    assert reader.errors == 0


def test_a_host_that_never_ends_a_frame_does_not_fill_the_memory() -> None:
    reader = CommandReader()
    for _ in range(1000):
        assert reader.feed(b"\x01" * 50) == []
    assert reader.errors > 0
    assert len(reader._rest) <= 128
    assert reader.feed(b"\x00" + frame(b"\x81"))[0].command == 0x81


def test_a_bad_line_harms_the_share_of_frames_that_it_should() -> None:
    rng = np.random.default_rng(5)
    whole = frame(b"\x02" + bytes(range(30)))
    harmed = [Damage(wrong_share=0.2, lost_share=0.1).harm(whole, rng) for _ in range(4000)]
    shorter = sum(len(line) < len(whole) for line in harmed)
    changed = sum(len(line) == len(whole) and line != whole for line in harmed)
    assert 0.08 < shorter / 4000 < 0.12
    assert 0.17 < changed / 4000 < 0.23
    assert Damage().harm(whole, rng) == whole
