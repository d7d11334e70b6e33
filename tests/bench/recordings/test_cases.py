"""Cases on disk, read as any reader of the contract would."""

import json
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader

from bench.recordings.cases import CaseId, make_case, simulate_case
from bench.recordings.container import cut_recording
from bench.rules import read_case
from bench.scoring import truth_steps

CASE = CaseId("put_back", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_case(CASE, tmp_path_factory.mktemp("cases"))


def messages(path: Path) -> list[tuple[str, int, bytes]]:
    with path.open("rb") as file:
        return [(c.topic, m.log_time, m.data) for _, c, m in make_reader(file).iter_messages(log_time_order=False)]


def test_a_recording_is_as_the_contract_has_it(folder: Path) -> None:
    with (folder / "recording.mcap").open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        assert summary is not None
        assert {c.topic for c in summary.channels.values()} == {"serial/b000000000000001", "serial/b100000000000002"}
        assert all(c.message_encoding == "application/octet-stream" for c in summary.channels.values())
        assert all(c.schema_id == 0 for c in summary.channels.values())
        assert summary.statistics is not None
        assert summary.statistics.chunk_count >= 55
        attached = {a.name: a.data for a in reader.iter_attachments()}
    assert attached["store.toml"] == (folder / "store.toml").read_bytes()
    times = [t for _, t, _ in messages(folder / "recording.mcap")]
    assert times == sorted(times)


def test_the_same_case_is_the_same_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    again = make_case(CASE, tmp_path)
    for name in ("recording.mcap", "store.toml", "truth.json", "presence.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_a_case_that_stands_is_not_made_again(folder: Path) -> None:
    (folder / "truth.json").touch()
    before = (folder / "truth.json").stat().st_mtime_ns
    make_case(CASE, folder.parent)
    assert (folder / "truth.json").stat().st_mtime_ns == before


def test_plateaus_of_the_recording_step_by_the_weights_of_the_truth(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    reading = read_case(folder)
    errors = []
    for step in truth_steps(truth):
        ends = [t for t in truth["touches"] if t["plate"] == step.plate]
        own = next(t for t in ends if t["start_s"] - 0.05 <= step.t <= t["end_s"] + 0.05)
        later = [t["start_s"] for t in ends if t["start_s"] > own["end_s"]]
        if min(later, default=99.0) - own["end_s"] < 1.3:
            continue
        weight, t_s = reading.weight_g[step.plate], reading.t_s
        before = np.median(weight[(t_s > own["start_s"] - 0.5) & (t_s < own["start_s"])])
        after = np.median(weight[(t_s > own["end_s"] + 0.7) & (t_s < own["end_s"] + 1.3)])
        errors.append(after - before - (step.weight if step.kind == "put" else -step.weight))
    assert len(errors) >= 6
    assert np.median(np.abs(errors)) < 1.0
    assert np.max(np.abs(errors)) < 15.0


def test_folders_are_named_after_what_is_not_the_default() -> None:
    assert CaseId("quick", 3).folder == "quick-3"
    assert CaseId("quick", 3, "harsh", "one", 10).folder == "quick-3-harsh-one-10"


def test_a_dead_cell_is_silent_or_stuck() -> None:
    kinds = set()
    for seed in range(6):
        case = simulate_case(CaseId("dead_cell", seed))
        (fault,) = case.built.script.faults
        kinds.add(fault.kind)
        board = case.measured.boards[fault.board]
        times, counts = board.times_s[fault.channel], board.counts[fault.channel]
        late = counts[times >= fault.at_s]
        assert len(late) == 0 if fault.kind == "silent" else set(late.tolist()) == {(1 << 23) - 1}
    assert kinds == {"silent", "stuck"}


def test_a_cut_keeps_what_had_arrived(folder: Path, tmp_path: Path) -> None:
    whole = messages(folder / "recording.mcap")
    until_ns = whole[len(whole) // 3][1]
    cut_recording(folder / "recording.mcap", tmp_path / "cut.mcap", until_ns)
    assert messages(tmp_path / "cut.mcap") == [m for m in whole if m[1] <= until_ns]
