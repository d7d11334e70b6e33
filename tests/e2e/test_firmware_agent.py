"""The compiled firmware on a pty, the agent as a process and a real mosquitto: what a board goes through."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.wire import frames, host
from bench.faults.actors import Agent, Collector
from bench.faults.board import wait_until
from bench.faults.shelf import BOARD_ID, store_text
from tests.e2e.agent_parts import gaps, same
from tests.e2e.conftest import Mosquitto
from tests.firmware.shelf import SimShelf, give_id
from tests.firmware.simboard import RealTimeBoard, SimBoard, build

BOUND_S = 15.0


class Installation:
    """A simulated board with goods on it, an agent on its port, and what the agent tells."""

    def __init__(self, folder: Path, broker_port: int, board: SimBoard) -> None:
        self.shelf = SimShelf(board)
        self.real_time = RealTimeBoard(board, self.shelf.step)
        store = folder / "store.toml"
        store.write_text(store_text())
        self.agent = Agent(folder, store, [self.real_time.port], broker_port)
        self.collector = Collector(broker_port)

    def __enter__(self) -> Installation:
        self.real_time.__enter__()
        self.collector.start()
        self.agent.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.agent.process is not None:
            self.agent.kill()
        self.collector.stop()
        self.real_time.__exit__()

    def wait_measuring(self) -> None:
        assert self.collector.wait_measuring(), f"not measuring in time\n{self.agent.log.read_text()}"

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        assert wait_until(condition, BOUND_S), f"no {what}: {self.collector.events[-5:]}\n{self.agent.log.read_text()}"

    def goods(self, kind: str) -> list[dict]:
        return [event for event in self.collector.events if event["type"] == f"shelf.v1.{kind}"]

    def faults(self) -> list[tuple[str, str]]:
        """(fault or recovered, its name) told so far."""
        told = [(event["type"].rpartition(".")[2], event["data"]) for event in self.collector.events]
        return [(kind, data["fault"]) for kind, data in told if kind in ("fault", "recovered")]


@pytest.fixture
def hanging_board() -> Iterator[SimBoard]:
    """The firmware, and a command by which it hangs."""
    if not shutil.which("avr-gcc"):
        pytest.skip("avr-gcc is missing; `make test-packages` installs it")
    with SimBoard(build("hang", sources=("hang_command.c",), flags="-Wl,--wrap=commands_handle")) as board:
        yield board


def test_the_agent_goes_on_when_a_board_hangs_and_restarts(
    tmp_path: Path, mosquitto: Mosquitto, hanging_board: SimBoard
) -> None:
    give_id(hanging_board)
    with Installation(tmp_path, mosquitto.port, hanging_board) as place:
        place.wait_measuring()
        first = place.shelf.move("P1", "can", -1)
        place.wait(lambda: len(place.goods("pick")) == 1, "pick")

        with place.real_time.hold() as board:
            board.write(frames.seal(b"\xee"))
        place.wait(lambda: hanging_board.stats.resets == 1, "reset by the watchdog")
        place.wait_measuring()
        second = place.shelf.move("P2", "tin", -1)
        place.wait(lambda: len(place.goods("pick")) == 2, "pick after the restart")

        assert [same(event, moved) for event, moved in zip(place.goods("pick"), (first, second), strict=True)] == [
            True,
            True,
        ]
        assert gaps(place.collector.events) == []
        assert hanging_board.stats.resets == 1


def test_a_board_without_an_id_is_named_and_used_once_it_has_one(
    tmp_path: Path, mosquitto: Mosquitto, hanging_board: SimBoard
) -> None:
    with Installation(tmp_path, mosquitto.port, hanging_board) as place:
        place.wait(lambda: ("fault", "board-id-unset") in place.faults(), "word of the missing id")
        with place.real_time.hold() as board:
            board.write(host.set_board_id(BOARD_ID.hex()))
        place.wait_measuring()
        moved = place.shelf.move("P1", "jar", -1)
        place.wait(lambda: len(place.goods("pick")) == 1, "pick")
        assert same(place.goods("pick")[0], moved)
