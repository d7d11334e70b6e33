"""Recordings whole, cut anywhere, damaged, and things that are none."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.writer import CompressionType, Writer

from agent.sources.recording import Recording, RecordingError
from agent.sources.types import SourceChunk

TOPIC = "serial/b000000000000001"
PAYLOADS = [bytes([number % 251]) * (3000 + number) for number in range(120)]


def recording_bytes(compression: CompressionType, chunk_size: int = 1 << 20) -> bytes:
    out = io.BytesIO()
    writer = Writer(out, chunk_size=chunk_size, compression=compression)
    writer.start()
    channel = writer.register_channel(TOPIC, "application/octet-stream", 0)
    other = writer.register_channel("commands", "json", 0)
    for number, payload in enumerate(PAYLOADS):
        writer.add_message(channel, log_time=number * 1000, publish_time=0, data=payload)
        writer.add_message(other, log_time=number * 1000, publish_time=0, data=b"{}")
    writer.finish()
    return out.getvalue()


FILES = {kind: recording_bytes(kind) for kind in CompressionType}
SMALL_CHUNKS = recording_bytes(CompressionType.ZSTD, chunk_size=20_000)


def read(raw: bytes, folder: Path) -> tuple[list[SourceChunk], tuple[str, ...]]:
    path = folder / "recording.mcap"
    path.write_bytes(raw)
    recording = Recording(path)
    return list(recording.chunks()), recording.remarks


@pytest.mark.parametrize("compression", list(CompressionType))
def test_whole_recording_gives_its_serial_messages_in_order_without_remark(
    compression: CompressionType, tmp_path: Path
) -> None:
    chunks, remarks = read(FILES[compression], tmp_path)
    assert [chunk.data for chunk in chunks] == PAYLOADS
    assert {chunk.source for chunk in chunks} == {TOPIC}
    assert [chunk.t_mono_ns for chunk in chunks] == [number * 1000 for number in range(len(PAYLOADS))]
    assert remarks == ()


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0.0, 1.0, exclude_max=True), kind=st.sampled_from([*CompressionType, None]))
def test_cut_anywhere_is_read_to_the_cut_and_said(
    share: float, kind: CompressionType | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = SMALL_CHUNKS if kind is None else FILES[kind]
    at = 1 + int(share * (len(raw) - 1))
    chunks, remarks = read(raw[:at], tmp_path_factory.mktemp("cut"))
    assert [chunk.data for chunk in chunks] == PAYLOADS[: len(chunks)]
    assert len(remarks) == 1
    assert f"cut at byte {at}" in remarks[0]


def test_a_cut_within_the_only_chunk_keeps_what_stands_before(tmp_path: Path) -> None:
    raw = FILES[CompressionType.NONE]
    chunks, _ = read(raw[: len(raw) // 2], tmp_path)
    assert len(PAYLOADS) // 3 < len(chunks) < len(PAYLOADS)


def test_a_damaged_chunk_is_left_out_and_the_rest_read(tmp_path: Path) -> None:
    raw = bytearray(recording_bytes(CompressionType.NONE, chunk_size=20_000))
    raw[len(raw) // 2] ^= 0xFF
    chunks, remarks = read(bytes(raw), tmp_path)
    got = [chunk.data for chunk in chunks]
    assert len(PAYLOADS) - 8 <= len(got) < len(PAYLOADS)
    assert all(payload in PAYLOADS for payload in got)
    assert "damaged" in remarks[0]


@settings(max_examples=60, deadline=None)
@given(at=st.integers(8, len(SMALL_CHUNKS) - 1), byte=st.integers(0, 255))
def test_any_damaged_byte_ends_without_an_exception(
    at: int, byte: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = bytearray(SMALL_CHUNKS)
    raw[at] = byte
    chunks, _ = read(bytes(raw), tmp_path_factory.mktemp("damage"))
    times = [chunk.t_mono_ns for chunk in chunks]
    assert times == sorted(times)


@pytest.mark.parametrize("raw", [b"", b"schema = 1\n", b"\x00" * 100])
def test_what_is_no_recording_is_refused(raw: bytes, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="MCAP"):
        read(raw, tmp_path)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mcap", tmp_path):
        with pytest.raises(RecordingError, match=str(path)):
            list(Recording(path).chunks())


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    chunk_size=st.sampled_from([200, 5_000, 1 << 20]),
    longest=st.sampled_from([3, 90, 3_000]),
    kind=st.sampled_from(list(CompressionType)),
)
def test_messages_of_any_length_and_content_come_as_they_were_written(
    seed: int, chunk_size: int, longest: int, kind: CompressionType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also such whose bytes look like the heads of other messages."""
    rng = random.Random(seed)
    out = io.BytesIO()
    writer = Writer(out, chunk_size=chunk_size, compression=kind)
    writer.start()
    names = {writer.register_channel(name, "application/octet-stream", 0): name for name in (TOPIC, "serial/b2", "x")}
    written = []
    for number in range(300):
        channel = rng.choice(list(names))
        head = b"\x05" + rng.choice([22, 30, 90]).to_bytes(8, "little") if rng.random() < 0.2 else b""
        data = head + bytes(rng.choices(b"\x00\x05\x16\x1e\xff", k=rng.randrange(longest)))
        writer.add_message(channel, log_time=number, publish_time=0, data=data)
        if data and names[channel] != "x":
            written.append(SourceChunk(names[channel], number, data))
    writer.finish()
    chunks, remarks = read(out.getvalue(), tmp_path_factory.mktemp("any"))
    assert chunks == written
    assert remarks == ()
