"""The recorder: what it writes is a recording, also after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcap.reader import make_reader

from agent.sources.recorder import Attachment, Recorder, RecorderError
from agent.sources.recording import Recording
from agent.sources.types import SourceChunk
from agent.wire import seal

S = 1_000_000_000
HELLO = seal(bytes.fromhex("0101b000000000000001010000088050010100"))
TOPIC = "serial/b000000000000001"


def test_bytes_come_back_as_they_were_with_the_board_as_topic(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    recorder = Recorder(path, [Attachment("store.toml", "application/toml", b"schema")], 5, lambda: 7 * S)
    recorder.add(SourceChunk("/dev/a", 1 * S, b"\x01before"))
    recorder.add(SourceChunk("/dev/a", 2 * S, b"\x00" + HELLO[:5]))
    recorder.add(SourceChunk("/dev/a", 3 * S, HELLO[5:]))
    recorder.add_command(4 * S, {"command": "tare"})
    recorder.close()
    recording = Recording(path)
    assert [(c.source, c.t_mono_ns, c.data) for c in recording.chunks()] == [
        (TOPIC, 1 * S, b"\x01before"),
        (TOPIC, 2 * S, b"\x00" + HELLO[:5]),
        (TOPIC, 3 * S, HELLO[5:]),
    ]
    assert recording.remarks == ()
    with path.open("rb") as file:
        reader = make_reader(file)
        assert [(a.name, a.data) for a in reader.iter_attachments()] == [("store.toml", b"schema")]
        assert [m.data for _, _, m in reader.iter_messages(["commands"])] == [b'{"command": "tare"}']
        assert {m.publish_time for _, _, m in reader.iter_messages()} == {7 * S}


def test_a_board_that_never_says_who_it_is_is_recorded_too(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    recorder = Recorder(path, [], 0, lambda: 0)
    recorder.add(SourceChunk("/dev/ttyUSB3", S, b"mumble"))
    recorder.close()
    assert [c.source for c in Recording(path).chunks()] == ["serial/unknown/ttyUSB3"]


def test_a_crash_costs_what_was_not_closed_and_nothing_before(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    recorder = Recorder(path, [], 0, lambda: 0)
    recorder.add(SourceChunk("/dev/a", S, b"\x00" + HELLO))
    size = path.stat().st_size
    while path.stat().st_size == size:  # the recorder closes the chunk within a second
        pass
    crashed = tmp_path / "crashed.mcap"
    crashed.write_bytes(path.read_bytes())
    recording = Recording(crashed)
    assert [c.data for c in recording.chunks()] == [b"\x00" + HELLO]
    assert "cut" in recording.remarks[0]
    recorder.close()


def test_a_file_that_exists_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    path.write_text("precious")
    with pytest.raises(RecorderError, match="does not exist yet"):
        Recorder(path, [], 0, lambda: 0)
    assert path.read_text() == "precious"
