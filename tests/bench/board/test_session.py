"""Boards run by hand: acts as lines, the truth as lines, ports that come and go."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import serial

from agent.wire import FrameStream, Hello, Samples
from bench.board.session import ActError, BoardSession
from bench.commands import main
from bench.demo.store import BOARDS, demo_shop, fresh

BENCH = Path(sys.executable).parent / "shelf-bench"
STOP_BOUND_S = 10.0


@pytest.fixture
def session() -> Iterator[BoardSession]:
    made = BoardSession(demo_shop("demo", fresh(1)), "default", 1, None)
    yield made
    made.running.stop()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("steal P1 cola", "'steal' is no act; there are pick, put, clear, weight, lift, press, trouble"),
        ("pick P9 cola", "'P9' is no plate; there are P1, P2, P3, P4"),
        ("pick P1 caviar", "'caviar' is not sold here"),
        ("pick P1", "write: pick PLATE SKU"),
        ("pick P1 cola -1", "write: pick PLATE SKU"),
        ("pick P1 cola 0", "COUNT is from 1 to 20"),
        ("pick P1 cola 19", "P1 holds 5 of cola"),
        ("pick P2 cola", "P2 holds 0 of cola"),
        ("clear", "write: clear PLATE"),
        ("weight P1 2000", "write: weight PLATE GRAMS X Y"),
        ("weight P1 2000 20 2000", "'2000' is no number above 0, up to"),
        ("lift P1", "write: lift PLATE, on which a weight was set down"),
        ("press P1 100 1 20", "write: press PLATE GRAMS SECONDS [X Y]"),
        ("press P1 much 2", "'much' is no number above 0"),
        ("press P1 100 1e9", "'1e9' is no number above 0, up to 120"),
        ("trouble b000000000000001 0 broken", "write: trouble BOARD CHANNEL ok|silent|stuck"),
        ("trouble b000000000000009 0 stuck", "no cell is on board b000000000000009 channel 0"),
    ],
)
def test_a_line_that_is_no_act_is_refused_and_nothing_moves(session: BoardSession, line: str, told: str) -> None:
    before = [len(units) for units in session.world.contents.values()]
    with pytest.raises(ActError) as error:
        session.act(line)
    assert told in str(error.value)
    assert [len(units) for units in session.world.contents.values()] == before
    assert session.world.drain()[0] == []


def test_acts_move_goods_and_tell_the_truth(session: BoardSession, capsys: pytest.CaptureFixture[str]) -> None:
    there = len(session.world.contents["P1"])
    session.act("pick P1 cola 2")
    session.act("put P3 cola\n")
    session.act("press P4 5000 2")
    session.act(f"trouble {BOARDS[0]} 0 silent")
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(move["plate"], move["kind"], move["items"]) for move in told] == [
        ("P1", "pick", {"cola": 2}),
        ("P3", "put", {"cola": 1}),
    ]
    assert len(session.world.contents["P1"]) == there - 2


def test_a_plate_is_cleared_and_a_weight_comes_and_goes(session: BoardSession) -> None:
    session.running.start()
    session.act("clear P1")
    assert session.world.contents["P1"] == []
    with pytest.raises(ActError, match="nothing stands on P1"):
        session.act("clear P1")
    session.act("weight P1 2000 225 150")
    (unit,) = session.world.contents["P1"]
    assert (unit.weight_g, unit.x_mm, unit.y_mm) == (2000.0, 225.0, 150.0)
    with pytest.raises(ActError, match="a weight stands on P1 already"):
        session.act("weight P1 2000 225 150")
    session.act("lift P1")
    assert session.world.contents["P1"] == []


def test_a_shopper_shops_on_and_the_shelves_do_not_run_empty(
    session: BoardSession, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = sum(len(units) for units in session.world.contents.values())
    for now_s in np.arange(0.0, 600.0, 2.0):
        monkeypatch.setattr(session.running, "now_s", lambda now_s=now_s: float(now_s))
        session.shop_on()
    moves = capsys.readouterr().out.splitlines()
    assert len(moves) > 100
    assert sum(len(units) for units in session.world.contents.values()) > there / 2


def test_the_command_puts_boards_on_ports_and_takes_them_away(tmp_path: Path) -> None:
    store, links = tmp_path / "store.toml", tmp_path / "ports"
    process = subprocess.Popen(
        [BENCH, "board", "--store", store, "--new", "--links", links],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in BOARDS]
        assert lines == [["port", board, str(links / board)] for board in BOARDS]
        stream, frames = FrameStream(), []
        with serial.Serial(lines[0][2], 500_000, timeout=5.0) as host:
            while not (any(isinstance(f, Hello) for f in frames) and any(isinstance(f, Samples) for f in frames)):
                data = host.read(256)
                assert data, "the board is silent"
                frames += stream.feed(data)
        hello = next(frame for frame in frames if isinstance(frame, Hello))
        assert (hello.board_id, hello.channels, hello.rate_hz) == (BOARDS[0], 8, 80)
        process.stdin.write("pick P1 cola\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["items"] == {"cola": 1}
        process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=STOP_BOUND_S)
        assert process.returncode == 0
        assert "shelf-agent run --store" in words
        assert list(links.iterdir()) == []
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--store", "none.toml"], "none.toml: no such file"),
        (["--store", "there.toml", "--new"], "--new: there.toml: file exists"),
        (["--store", "there.toml"], "there.toml: [store]: store is missing"),
        (["--store", "there.toml", "--for", "soon"], "--for: 'soon' is no duration"),
        (["--store", "there.toml", "--seed", "-1"], "--seed: -1"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    tmp_path: Path,
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.toml").write_text("schema = 'store/1'\n")
    assert main(["board", *arguments]) == 2
    out, words = capsys.readouterr()
    assert out == ""
    assert told in words
    assert words.count("\n") == 1
