"""A shop in which something breaks: shelf, agent, broker and subscriber, and how they are brought to rest."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from bench.faults.actors import Agent, Broker, Collector, ThreeOneOneBroker
from bench.faults.board import wait_until
from bench.faults.proxy import Proxy
from bench.faults.shelf import Shelf, store_text
from bench.faults.verdict import Verdict, judge, order_faults

PACE_S = (1.15, 1.6)  # between two movements
REST_S = 30.0


class Scene:
    """All parts running and measuring; ends them at the end of the `with`."""

    def __init__(self, seed: int, *, five: bool = True, cable: bool = False, **shelf: int) -> None:
        """`five`: a broker that speaks MQTT 5; `cable`: between agent and broker is one that can be cut."""
        self.folder = Path(tempfile.mkdtemp(prefix="shelf-faults-"))
        self.chance = random.Random(seed)
        store = self.folder / "store.toml"
        store.write_text(store_text())
        self.broker = (Broker if five else ThreeOneOneBroker)(self.folder / "broker")
        self.cable = Proxy(self.broker.port) if cable else None
        self.shelf = Shelf(self.folder / "tty0", seed, **shelf)
        agent_port = self.cable.port if self.cable else self.broker.port
        self.agent = Agent(self.folder, store, [str(self.shelf.board.path)], agent_port)
        self.collector = Collector(self.broker.port, five=five)

    def __enter__(self) -> Scene:
        self.broker.start()
        self.shelf.board.start()
        self.collector.start()
        self.agent.start()
        self.rest()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.agent.process is not None:
            self.agent.kill()
        self.shelf.board.stop()
        self.collector.stop()
        if self.cable is not None:
            self.cable.stop()
        self.broker.stop()
        if kind is None:
            shutil.rmtree(self.folder)

    def shop(self, movements: int) -> None:
        """A shopper moves so many units, one after another."""
        for _ in range(movements):
            self.shelf.move_any()
            time.sleep(self.chance.uniform(*PACE_S))

    def wait(self, least_s: float, most_s: float) -> None:
        """Some time of the shop's life."""
        time.sleep(self.chance.uniform(least_s, most_s))

    def rest(self) -> None:
        """Until the watermark says that every plate is measured, at rest, and told."""
        if not self.collector.wait_measuring(REST_S):
            raise RuntimeError(f"the agent does not come to rest within {REST_S} s; its log: {self.agent.log}")

    def verdict(self) -> Verdict:
        """Bring all to rest and compare."""
        self.rest()
        verdict = judge(self.shelf.moved, self.collector.events)
        for fault in order_faults(self.collector.events, self.collector.watermarks, self.collector.asked):
            verdict.doubled += 1
            verdict.notes.append(fault)
        if "Traceback" in self.agent.log.read_text():
            verdict.notes.append(f"a traceback in {self.agent.log}")
            verdict.lost += 1
        return verdict

    def noted(self) -> int:
        """How many events the subscriber holds."""
        return len(self.collector.events)

    def fault_told(self, name: str) -> bool:
        """Whether a fault of this name was told."""
        return any(
            event["type"].endswith(".fault") and event["data"]["fault"] == name for event in self.collector.events
        )

    def await_fault(self, name: str, within_s: float = 20.0) -> None:
        """Until it is told."""
        if not wait_until(lambda: self.fault_told(name), within_s):
            raise RuntimeError(f"{name} was not told within {within_s} s")
