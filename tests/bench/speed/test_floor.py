"""The floor of the speed bench: the agent understands it, and its goods move as its list of movements says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.messages import Movement
from agent.pipeline import Chunk, Pipeline
from agent.pipeline.arrivals import gathered
from agent.store import parse_store
from bench.speed.__main__ import Row, main
from bench.speed.floor import ITEM_G, FloorBoard, Move, moves, store_text

S = 1_000_000_000


def test_the_agent_tells_each_movement_of_a_floor() -> None:
    planned = [Move(8.0, 0, 1, -1, (0.3, -0.2)), Move(11.5, 1, 0, -1, (0.0, 0.5)), Move(15.0, 0, 1, 1, (-0.4, 0.1))]
    boards = [FloorBoard(k, [m for m in planned if m.board == k], np.random.default_rng(k)) for k in range(2)]
    frames = sorted((t, k, data) for second in range(19) for k, b in enumerate(boards) for t, data in b.second(second))
    chunks = [Chunk(f"port{k}", 1_000 * S + round(t * S), data) for t, k, data in frames]
    store = parse_store(store_text(2).encode(), "store.toml")
    pipeline = Pipeline(store, "a1", "e")
    told = pipeline.feed_stretch(gathered(chunks)) + pipeline.finish()
    assert [event.subject for event in told] == ["P0-1", "P1-0", "P0-1"]
    for event, move in zip(told, planned, strict=True):
        assert event.t_mono_ns == pytest.approx(1_000 * S + move.t_s * S, abs=S // 20)
        assert isinstance(event.data, Movement)
        assert event.data.delta_g == pytest.approx(move.delta * ITEM_G, abs=2.0)


def test_movements_leave_goods_on_every_plate_and_time_between() -> None:
    planned = moves(3, 4_000.0, 3_600.0, np.random.default_rng(5))
    assert len(planned) > 2_000
    stock: dict[tuple[int, int], int] = {}
    last: dict[tuple[int, int], float] = {}
    for move in planned:
        plate = move.board, move.half
        stock[plate] = stock.get(plate, 0) + move.delta
        assert -12 < stock[plate] <= 0
        assert move.t_s - last.get(plate, -9.0) >= 3.0
        last[plate] = move.t_s


def test_a_row_says_whether_its_median_is_what_it_must_be() -> None:
    assert Row("x", "s", [0.1, 0.2, 9.0], 0.25).met
    assert not Row("x", "s", [0.1, 0.3, 0.3], 0.25).met
    assert "NO" in str(Row("x", "M/s", [2.0], 3.0, least=True))
    assert Row("x", "s", [5.0]).met


def test_runs_and_times_that_cannot_be_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench-speed", "--runs", "0"])
    assert main() == 2
    assert "--runs" in capsys.readouterr().err


def test_no_broker_is_said_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["bench-speed"])
    assert main() == 2
    told = capsys.readouterr()
    assert "mosquitto is not installed" in told.err and told.err.count("\n") == 1
    assert not told.out


@pytest.mark.parametrize("what", ["nothing", "no program", "no river"])
def test_an_interpreter_without_river_is_refused_by_name(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    if what != "nothing":
        python.write_text("#!/bin/sh\nexit 1\n")
        python.chmod(0o755 if what == "no river" else 0o644)
    monkeypatch.setattr("sys.argv", ["bench-speed", "--only", "replay", "--river", str(python)])
    assert main() == 2
    told = capsys.readouterr()
    assert f"--river {python}" in told.err and "make out/river" in told.err and told.err.count("\n") == 1
    assert not told.out
