"""Boards of a floor on pseudo-terminals, each frame written when it is complete; a process of its own.

Prints the ports as one line of JSON, waits for a line on standard input, plays, and prints one line of JSON: how many
frames were written, and how many the other side did not take.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.board.port import PtyPort
from bench.speed.floor import CHANNELS, FloorBoard, moves

ANSWER_S = 0.02  # how soon a board looks for commands


@dataclass
class Played:
    """What became of the frames."""

    frames: int = 0
    lost: int = 0
    late_s: float = 0.0  # the player's own longest delay


def play(ports: list[PtyPort], boards: list[FloorBoard], seconds: float, stop: threading.Event) -> Played:
    """Write all frames of `seconds`, each at its time."""
    played = Played()
    streams = [_frames(board, k, len(boards), int(np.ceil(seconds))) for k, board in enumerate(boards)]
    due = heapq.merge(*streams)
    first = next(due)
    begin_s = time.monotonic()
    heard_s = 0.0
    for t_s, k, data in itertools.chain([first], due):
        late_s = time.monotonic() - begin_s - t_s
        if t_s >= heard_s:
            heard_s = t_s + ANSWER_S
            _answer(ports, boards)
        if late_s < 0:
            if stop.wait(min(-late_s, 1.0)):
                return played
        else:
            played.late_s = max(played.late_s, late_s)
        played.frames += 1
        played.lost += not ports[k].write(data)
    return played


def _frames(board: FloorBoard, number: int, of: int, seconds: int) -> Iterator[tuple[float, int, bytes]]:
    """A board's frames, with its number. Each board makes those of the next second at another time of this one: all at
    once they would be late."""
    now = board.second(0)
    for second in range(1, seconds + 1):
        following: list[tuple[float, bytes]] = []
        for k, (t_s, data) in enumerate(now):
            if k == len(now) * number // of and second < seconds:
                following = board.second(second)
            yield t_s, number, data
        now = following


def _answer(ports: list[PtyPort], boards: list[FloorBoard]) -> None:
    """Whatever the host says, it is IDENTIFY: the agent says nothing else of its own accord."""
    for port, board in zip(ports, boards, strict=True):
        if port.read():
            port.write(board.hello)


def _before_others() -> None:
    """A board is a machine of its own, which sends in time however busy this one is; where the system allows that."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def main() -> int:
    """Play until the time is up or standard input ends."""
    parser = argparse.ArgumentParser(prog="bench.speed.playing", description=__doc__)
    parser.add_argument("--boards", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--moves-an-hour", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    all_moves = moves(arguments.boards, arguments.seconds, arguments.moves_an_hour, rng)
    boards = [
        FloorBoard(k, [move for move in all_moves if move.board == k], np.random.default_rng(arguments.seed * 1000 + k))
        for k in range(arguments.boards)
    ]
    ports = [PtyPort() for _ in boards]
    print(json.dumps([port.path for port in ports]), flush=True)
    stop = threading.Event()
    if not sys.stdin.readline():
        return 0
    threading.Thread(target=_stop_at_end, args=(stop,), daemon=True).start()
    _before_others()
    played = play(ports, boards, arguments.seconds, stop)
    told = {**vars(played), "moves": len(all_moves), "conversions": played.frames * CHANNELS}
    print(json.dumps(told), flush=True)
    for port in ports:
        port.close()
    return 0


def _stop_at_end(stop: threading.Event) -> None:
    """Whoever started us has ended, or has enough."""
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
