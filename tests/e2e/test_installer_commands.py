"""The installer's commands on a board on a pty, a real broker and a running agent, as a person uses them."""

from __future__ import annotations

import json
import math
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from bench.faults.actors import program
from bench.faults.shelf import GOODS, STOCK, Shelf, counts_of, shares, store_text
from tests.e2e.agent_parts import Chain
from tests.e2e.conftest import Mosquitto
from tests.e2e.terminal import Terminal

WEIGHT_G = 2000.0
BOUND_S = 60.0
PRESS_S = 0.7  # how long a person leans on a corner


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    (tmp_path / "store.toml").write_text(store_text())
    made = Shelf(tmp_path / "tty0", seed=7)
    made.board.start()
    yield made
    made.board.stop()


def words(folder: Path, command: str, *more: str) -> list[str]:
    files = ["--store", str(folder / "store.toml"), "--state", str(folder / "state"), "--ports", str(folder / "tty0")]
    return [program("shelf-agent"), command, *more, *files]


def run(folder: Path, command: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(folder, command, *more), capture_output=True, text=True, timeout=BOUND_S, check=False)


def test_check_of_a_sound_shelf_and_of_one_with_a_dead_cell(shelf: Shelf, tmp_path: Path) -> None:
    sound = run(tmp_path, "check", "--for", "4", "--no-broker")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "ok: nothing is wrong" in sound.stdout
    shelf.board.cells[2].fault = "dead"
    shelf.board.cells[5].fault = "saturated"
    broken = run(tmp_path, "check", "--for", "4", "--no-broker", "--json")
    assert broken.returncode == 3
    found = {(f["code"], f["where"]) for f in json.loads(broken.stdout)["findings"]}
    board = f"board {shelf.board.board_id.hex()}"
    assert found == {("unplugged", f"{board} channel 2 (plate P1)"), ("saturated", f"{board} channel 5 (plate P2)")}


def test_check_names_a_broker_that_is_not_there(shelf: Shelf, tmp_path: Path) -> None:
    answer = run(tmp_path, "check", "--for", "3", "--broker", "mqtt://127.0.0.1:1")
    assert answer.returncode == 3
    assert "broker-unusable" in answer.stdout
    assert "start the broker" in answer.stdout


def test_calibrate_by_what_it_says(shelf: Shelf, tmp_path: Path) -> None:
    """Factors off by 5 %: the person does what standard error says, and nothing else."""
    off = (1.05, 0.96, 1.03, 0.95)
    for cell, factor in zip(shelf.board.cells, off, strict=False):
        cell.counts_per_gram *= factor
        cell.grams = 0.0
    process = subprocess.Popen(
        words(tmp_path, "calibrate", "P1", "--weight", str(WEIGHT_G)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    for line in process.stderr:
        place = re.search(r"set the weight down at x (\d+), y (\d+) mm", line)
        if place:
            for cell, share in zip(shelf.board.cells, shares(float(place[1]), float(place[2])), strict=False):
                cell.grams = WEIGHT_G * share
        elif "lift the weight off" in line:
            for cell in shelf.board.cells[:4]:
                cell.grams = 0.0
    assert process.wait(BOUND_S) == 0
    assert "corner error" in process.stdout.read()
    made = {c["channel"]: c for c in json.loads((tmp_path / "state" / "calibration.json").read_text())["cells"]}
    errors = [made[c]["counts_per_gram"] / (counts_of(c)[1] * off[c]) - 1 for c in range(4)]
    assert max(map(abs, errors)) < 0.001
    assert all(made[c]["zero_counts"] == pytest.approx(counts_of(c)[0], abs=30) for c in range(4))


def pressed(shelf: Shelf, folder: Path, plate: str, answers: dict[int, tuple[int, float]]) -> tuple[int, str]:
    """Press where `check --corners` asks: `answers` is the channel that feels it, and how. Exit code and verdict."""
    process = subprocess.Popen(
        words(folder, "check", "--corners", plate), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    for line in process.stderr:
        if place := re.search(r"press at .*\(channel (\d)\), then let go", line):
            channel, grams = answers.get(int(place[1]), (int(place[1]), 3000.0))
            shelf.board.move({channel: grams})
            time.sleep(PRESS_S)
            shelf.board.move({channel: -grams})
    return process.wait(BOUND_S), process.stdout.read()


def test_a_walk_over_the_corners_finds_what_is_swapped_and_reversed(shelf: Shelf, tmp_path: Path) -> None:
    wrong = {0: (1, 3000.0), 1: (0, 3000.0), 2: (2, -3000.0)}
    code, said = pressed(shelf, tmp_path, "P1", wrong)
    assert code == 3
    assert re.findall(r"problem: ([a-z]+): plate P1: channel (\d)", said) == [
        ("swapped", "0"), ("swapped", "1"), ("reversed", "2"),
    ]  # fmt: skip
    assert said.count("  do: ") == 3
    assert pressed(shelf, tmp_path, "P2", {}) == (0, "ok: plate P2: every cell answers where it was pressed\n")


def test_tare_refuses_an_unquiet_plate_and_tares_the_others(shelf: Shelf, tmp_path: Path) -> None:
    shelf.board.cells[0].fault = "wild"
    answer = run(tmp_path, "tare", "--all", "--wait", "4")
    assert answer.returncode == 1
    assert "plate P1 refused: a cell scatters by" in answer.stderr
    assert "plate P2: tared" in answer.stdout
    made = json.loads((tmp_path / "state" / "calibration.json").read_text())["cells"]
    assert sorted(cell["channel"] for cell in made) == [4, 5, 6, 7]


def test_monitor_and_restock_with_a_running_agent(tmp_path: Path, mosquitto: Mosquitto) -> None:
    chain = Chain(tmp_path, mosquitto.port)
    terminal = None
    files = ["--store", str(chain.store), "--broker", mosquitto.url]
    try:
        chain.start()
        once = subprocess.run(
            [program("shelf-agent"), "monitor", "--once", *files],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert "agent a1 online" in once.stdout
        assert f"{STOCK} x {GOODS['P1'][0].sku}" in once.stdout
        terminal = Terminal([program("shelf-agent"), "monitor", *files], columns=100, rows=30)
        screen = terminal.wait_screen("agent a1 online", "P1", "P2", "last events")
        assert screen[0] == f"{mosquitto.url}  (Ctrl-C ends)"
        begun = subprocess.run(
            [program("shelf-agent"), "restock", "P1", "--begin", *files],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert begun.returncode == 0, begun.stderr
        chain.shelf.move("P1", "can", -1)
        assert chain.wait_goods(1)[0]["data"]["actor"] == "staff"
        terminal.wait_screen("P1     pick   1 x can", "staff")
        chain.shelf.board.unplug()
        terminal.wait_screen("faults", "port-gone", "blind")
        chain.shelf.board.plug()
        terminal.resize(40, 8)
        small = terminal.wait_screen("agent a1 online", most_lines=7)
        assert max(map(len, small[1:])) <= 40
        terminal.type("\x03")
        assert terminal.process.wait(BOUND_S) == 130
        terminal.read(0.5)
        assert "Traceback" not in terminal.said
        ended = subprocess.run(
            [program("shelf-agent"), "restock", "P1", "--end", "--contents", "can=59", "jar=60", "bag=60", *files],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        chain.shelf.move("P1", "can", -1)
        assert chain.wait_goods(2)[1]["data"]["actor"] == "shopper"
        unknown = subprocess.run(
            [program("shelf-agent"), "restock", "P7", *files], capture_output=True, text=True, timeout=30, check=False
        )
        assert unknown.returncode == 2
    finally:
        if terminal is not None:
            terminal.close()
        chain.close()


def test_a_tare_outlives_kill_9_and_one_with_the_agent_off_is_no_change(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Goods stand on both plates all the time; nobody touches them."""
    chain = Chain(tmp_path, mosquitto.port)
    weights: dict[str, float] = {}

    def heard(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        weight_g = json.loads(message.payload)["weight_g"]
        weights[message.topic.rpartition("/")[2]] = math.inf if weight_g is None else weight_g

    chain.collector.client.message_callback_add("shelf/v1/faults/agents/a1/plates/+", heard)
    try:
        chain.start()
        chain.collector.client.subscribe("shelf/v1/faults/agents/a1/plates/+")
        live = run(tmp_path, "tare", "P1", "--live", "--broker", mosquitto.url)
        assert (live.returncode, live.stdout) == (0, "plate P1: tared\n"), live.stderr
        chain.agent.kill()
        made = json.loads((tmp_path / "state" / "calibration.json").read_text())["cells"]
        assert sorted(cell["channel"] for cell in made) == [0, 1, 2, 3]
        off = run(tmp_path, "tare", "P2")
        assert off.returncode == 0, off.stderr
        chain.agent.start()
        chain.wait_measuring()
        chain.wait(lambda: all(abs(weights[plate]) < 2.0 for plate in ("P1", "P2")), "0 g on both plates")
        assert chain.goods() == []
    finally:
        chain.close()
