"""A shelf on a pty, the agent as a process and a subscriber, wired to a broker for one test."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.faults.actors import Agent, Collector, seconds
from bench.faults.board import wait_until
from bench.faults.shelf import Moved, Shelf, store_text

EVENT_BOUND_S = 10.0


class Chain:
    """Start order is the test's own; `close` ends whatever runs."""

    def __init__(self, folder: Path, broker_port: int, **shelf: int) -> None:
        self.folder = folder
        self.port = folder / "tty0"
        self.store = folder / "store.toml"
        self.store.write_text(store_text())
        self.shelf = Shelf(self.port, seed=1, **shelf)
        self.agent = Agent(folder, self.store, [str(self.port)], broker_port)
        self.collector = Collector(broker_port)

    def start(self) -> None:
        """Board, subscriber, agent; until all is measured."""
        self.shelf.board.start()
        self.collector.start()
        self.agent.start()
        self.wait_measuring()

    def wait_measuring(self) -> None:
        assert self.collector.wait_measuring(), f"not measuring in time\n{self.agent.log.read_text()}"

    def close(self) -> None:
        if self.agent.process is not None:
            self.agent.kill()
        if self.shelf.board._thread.is_alive():
            self.shelf.board.stop()
        self.collector.stop()

    def goods(self) -> list[dict[str, Any]]:
        """Picks, puts and changes told so far."""
        return [e for e in self.collector.events if e["type"].rpartition(".")[2] in ("pick", "put", "change")]

    def faults(self) -> list[tuple[str, str]]:
        """(fault or recovered, its name) told so far."""
        kinds = ("fault", "recovered")
        told = [(e["type"].rpartition(".")[2], e) for e in self.collector.events]
        return [(kind, e["data"]["fault"]) for kind, e in told if kind in kinds]

    def wait_goods(self, number: int) -> list[dict[str, Any]]:
        self.wait(lambda: len(self.goods()) >= number, f"{number} events")
        return self.goods()

    def wait(self, condition: Callable[[], bool], what: str, within_s: float = EVENT_BOUND_S) -> None:
        assert wait_until(condition, within_s), f"no {what} in time: {self.collector.events[-5:]}\n{self.log()}"

    def log(self) -> str:
        return self.agent.log.read_text() if self.agent.log.exists() else ""


def same(event: dict[str, Any], moved: Moved) -> bool:
    """Whether the event tells this movement: plate, direction, item, and the instant within 0.7 s."""
    qty = sum(item["qty"] for item in event["data"]["items"]) * (1 if event["data"]["delta_g"] > 0 else -1)
    skus = {item["sku"] for item in event["data"]["items"]}
    near = abs(seconds(event["time"]) - moved.t_utc_s) <= 0.7
    return event["subject"] == moved.plate and skus == {moved.sku} and qty == moved.qty and near


def gaps(events: list[dict[str, Any]]) -> list[str]:
    """Sequences that are missing or out of order within their epochs, in order of arrival."""
    last: dict[str, int] = {}
    wrong = []
    for event in events:
        epoch, sequence = event["epoch"], int(event["sequence"])
        if sequence != last.get(epoch, 0) + 1:
            wrong.append(event["id"])
        last[epoch] = sequence
    return wrong


def settle(seconds_: float = 1.2) -> None:
    """The time between two movements of a shopper; not a wait for anything."""
    time.sleep(seconds_)
