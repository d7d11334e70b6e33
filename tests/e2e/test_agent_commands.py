"""The command line as a person meets it: help, one line for what is wrong, exit codes."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest

from agent.commands.main import COMMANDS, main
from agent.journal import Journal
from agent.sources.recorder import Recorder
from agent.sources.types import SourceChunk
from agent.wire import seal
from bench.faults.actors import program
from bench.faults.shelf import BOARD_ID, store_text

HELP_BOUND_S = 0.25
HELLO = seal(bytes.fromhex(f"0101{BOARD_ID.hex()}010000088050010100"))


def shelf_agent(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SHELF_AGENT_")}
    return subprocess.run(
        [program("shelf-agent"), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**bare, **environment},
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.toml"
    path.write_text(store_text())
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.mcap"
    recorder = Recorder(path, [], 0, lambda: 0)
    sample = seal(bytes.fromhex("0201000000000000") + bytes(24))
    for number in range(50):
        recorder.add(SourceChunk("/dev/a", number * 12_500_000, b"\x00" + HELLO + sample))
    recorder.close()
    return path


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)])
def test_help_everywhere(words: list[str]) -> None:
    answer = shelf_agent(*words, "--help")
    assert answer.returncode == 0
    assert "usage: shelf-agent" in answer.stdout


def test_help_is_quick() -> None:
    took = []
    for _ in range(5):
        begin = children_cpu_s()
        shelf_agent("--help")
        took.append(children_cpu_s() - begin)
    assert min(took) <= HELP_BOUND_S


def children_cpu_s() -> float:
    """Processor time of ended children: what other programs on the machine do is left out."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_bad_input_is_one_line_and_exit_2(store: Path) -> None:
    """Of a process of its own; all that can be wrong: tests/agent/commands/test_bad_input.py."""
    store.write_text(store.read_text().replace('sku = "can"', 'sku = "cam"', 1))
    for words, says in ((["run"], f"{store}:"), (["replay"], "--recording"), (["run", "--stat", "x"], "--stat")):
        answer = shelf_agent(*words, SHELF_AGENT_STORE=str(store), SHELF_AGENT_STATE=str(store.parent / "state"))
        assert (answer.returncode, answer.stdout) == (2, "")
        assert answer.stderr.count("\n") == 1
        assert says in answer.stderr


def test_a_cut_recording_is_read_to_the_cut_and_exit_0(
    store: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = recording.read_bytes()
    cut = tmp_path / "cut.mcap"
    for size in (1, 8, 9, 40, len(raw) // 2, len(raw) - 300, len(raw) - 1):
        cut.write_bytes(raw[:size])
        assert main(["replay", "--store", str(store), "--recording", str(cut)]) == 0
        assert "cut at byte" in capsys.readouterr().err


def test_a_state_folder_that_is_none_or_is_used_again(store: Path, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = ("replay", "--store", str(store), "--recording", str(recording), "--state")
    answer = shelf_agent(*words, str(tmp_path / "file"))
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert shelf_agent(*words, str(tmp_path / "fresh" / "state")).returncode == 0
    assert shelf_agent(*words, str(tmp_path / "fresh" / "state")).returncode == 0


def test_a_reader_that_has_enough_is_no_error(store: Path, recording: Path) -> None:
    replay = subprocess.Popen(
        [program("shelf-agent"), "replay", "--store", str(store), "--recording", str(recording)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert replay.stdout is not None and replay.stderr is not None
    replay.stdout.close()
    assert replay.wait(20) == 0
    assert b"Traceback" not in replay.stderr.read()


def test_record_writes_what_came_while_it_ran(store: Path, tmp_path: Path) -> None:
    from bench.faults.shelf import Shelf

    port = tmp_path / "tty0"
    shelf = Shelf(port, seed=3)
    shelf.board.start()
    try:
        out = tmp_path / "out.mcap"
        answer = shelf_agent(
            "record", "--output", str(out), "--for", "2", "--ports", str(port), SHELF_AGENT_STORE=str(store)
        )
    finally:
        shelf.board.stop()
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == ""
    from mcap.reader import make_reader

    with out.open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        assert summary is not None and summary.statistics is not None
        assert [channel.topic for channel in summary.channels.values()] == [f"serial/{BOARD_ID.hex()}"]
        assert summary.statistics.message_count > 80
        assert len(summary.chunk_indexes) >= 2
        assert [part.name for part in reader.iter_attachments()] == ["store.toml"]


def test_a_saved_belief_that_does_not_fit_is_refused_with_what_to_do(
    store: Path, recording: Path, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "state")
    journal.save_belief({"of": "another version"})
    journal.close()
    words = ["--store", str(store), "--state", str(tmp_path / "state")]
    for answer in (shelf_agent("replay", "--recording", str(recording), *words), shelf_agent("run", *words)):
        assert answer.returncode == 2
        assert "move the folder away" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_a_state_folder_of_another_agent_is_refused(store: Path, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    journal.claim("store other, agent a1")
    journal.close()
    answer = shelf_agent("run", "--store", str(store), "--state", str(tmp_path / "state"))
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "store other, agent a1" in answer.stderr
