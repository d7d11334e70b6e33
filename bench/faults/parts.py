"""Faults of boards, cells and lines."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.faults.scene import Scene
from bench.faults.verdict import Verdict

WARM = 5  # after a fifth of them, memory holds what it needs


def unplugged(times: int, seed: int) -> Verdict:
    """USB out and in again, at random instants; the board loses its power."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.shelf.move_any()
            scene.wait(0.0, 1.0)
            scene.shelf.board.unplug()
            if scene.chance.random() < 0.5:
                scene.shelf.move_any()
            scene.wait(0.5, 2.0)
            scene.shelf.board.reset()
            scene.shelf.board.plug()
            scene.rest()
        return scene.verdict()


def board_reset(times: int, seed: int) -> Verdict:
    """The board restarts in the middle of a contact."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.shelf.move_any()
            scene.wait(0.0, 0.4)
            scene.shelf.board.reset()
            scene.wait(1.2, 1.6)
        return scene.verdict()


def wrapped(times: int, seed: int) -> Verdict:
    """The board's clock and its sequence wrap within the run."""
    total = Verdict()
    for number in range(times):
        first_t_us = (1 << 32) - 9_000_000
        with Scene(seed + number, first_seq=0xFFFF - 1000, first_t_us=first_t_us) as scene:
            scene.shop(10)
            add(total, scene.verdict())
    return total


TOLD_AS = {
    "dead": "cell-silent",
    "stuck": "cell-stuck",
    "saturated": "cell-saturated",
    "wild": "cell-wild",
    "drifting": "cell-drifting",
}


def cell_fault(kind: str) -> Callable[[int, int], Verdict]:
    """One of four cells goes wrong, hands go on, and it comes back: told as a fault, and its end."""

    def run(times: int, seed: int) -> Verdict:
        total = Verdict(unsure_is_enough=True)
        with Scene(seed) as scene:
            scene.shop(6)
            for _ in range(times):
                scene.shop(1)
                cell = scene.chance.choice(scene.shelf.board.cells)
                cell.stuck_at = round(cell.zero + cell.grams * cell.counts_per_gram)
                cell.fault = kind
                scene.wait(0.5, 3.0)
                scene.shop(2)
                cell.fault, cell.drifted_g = "", 0.0
                scene.wait(3.0, 4.0)
            scene.wait(10.0, 10.0)
            add(total, scene.verdict())
            told = [e["data"]["fault"] for e in scene.collector.events if e["type"].endswith(".fault")]
            ended = [e["data"]["fault"] for e in scene.collector.events if e["type"].endswith(".recovered")]
            name = TOLD_AS[kind]
            total.notes.append(f"{name} told {told.count(name)} times, over {ended.count(name)} times")
            if not told.count(name) or told.count(name) != ended.count(name):
                total.sure_wrong += 1
        return total

    return run


def random_bytes(times: int, seed: int) -> Verdict:
    """Ten thousand random bytes between frames, again and again."""
    with Scene(seed) as scene:
        before = 0
        for number in range(times):
            if number == times // WARM:
                before = scene.agent.resident_bytes()
            for _ in range(10):
                scene.shelf.board.babble(scene.chance.randbytes(1000))
                time.sleep(0.02)
            if number % 50 == 0:
                scene.shop(1)
        verdict = scene.verdict()
        verdict.notes.append(f"memory {(scene.agent.resident_bytes() - before) / 1e6:+.1f} MB")
        return verdict


def add(total: Verdict, part: Verdict) -> None:
    """Sum up."""
    for name in ("true", "told", "lost", "doubled", "wrong", "sure_wrong"):
        setattr(total, name, getattr(total, name) + getattr(part, name))
    total.notes += part.notes
