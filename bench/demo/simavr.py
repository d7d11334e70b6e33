"""Starts the compiled firmware in simavr, a process a board."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.board.running import Board
from bench.board.simavr import SimavrBoard
from bench.demo.errors import SetupError
from bench.demo.processes import Child, Children

BUILD = Path(__file__).parents[2] / "firmware" / "build"
START_S = 10.0


def simavr_boards(
    children: Children, ids: Iterable[str], wait: Callable[[Callable[[], bool], str, float], None]
) -> dict[str, Board]:
    """A simulated board for each id (hex), each on its pty.

    Raises:
        SetupError: firmware or simulator are not built.
    """
    simulator, firmware = BUILD / "shelf-sim", BUILD / "shelf.elf"
    for path in (simulator, firmware):
        if not path.is_file():
            raise SetupError(f"--board simavr: no {path.name} here; in the repository run: make -C firmware all sim")
    boards: dict[str, Board] = {}
    for number, board in enumerate(ids, 1):
        child = children.start(
            f"board-{board}",
            [simulator, "serve", firmware, "--board-id", board, "--seed", str(number)],
            {},
            stdin=subprocess.PIPE,
        )
        wait(lambda child=child: bool(_port(child)), "the simulator names no port", START_S)  # type: ignore[misc]
        assert child.process.stdin is not None
        boards[board] = SimavrBoard(_port(child), child.process.stdin)
    return boards


def _port(child: Child) -> str:
    words = child.words().split()
    return words[1] if len(words) > 1 and words[0] == "port" else ""
