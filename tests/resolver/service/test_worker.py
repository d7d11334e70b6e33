"""What a worker acknowledges is durable, though the next batch is heard meanwhile."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from shopfloor import T0, Script, make_store

from resolver.ledger import Ledger, LedgerError, open_database
from resolver.ledger.database import SqliteDatabase
from resolver.link import Incoming
from resolver.page import Live
from resolver.service.worker import Worker
from resolver.shop import Shop

BOUND_S = 10.0


class Slow(SqliteDatabase):
    """Commits when it is told to, or fails."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.may = threading.Event()
        self.broken = False

    def commit(self) -> None:
        assert self.may.wait(BOUND_S)
        if self.broken:
            raise LedgerError("the ledger cannot be written: disk full")
        super().commit()


class Feed:
    """What the worker needs of a link."""

    def __init__(self) -> None:
        self.incoming: queue.Queue[Incoming] = queue.Queue()
        self.connected = threading.Event()
        self.taken_over = threading.Event()
        self.acknowledged: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
        self.acks: list[int] = []

    def ack(self, message: Incoming) -> None:
        self.acks.append(message.mid)

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> int | None:
        return None


class Bench:
    """A worker with a slow ledger; each pick is a batch of its own."""

    def __init__(self, path: Path) -> None:
        self.database = Slow(path)
        self.database.may.set()
        store = make_store()
        ledger = Ledger(self.database, store.id, open_database(f"sqlite:///{path}", read_only=True))
        ledger.prepare()
        self.feed = Feed()
        self.worker = Worker(Shop(store), ledger, self.feed, Live(), lambda: T0, lambda _: None, 30)  # type: ignore[arg-type]
        self.worker.step()  # the housekeeping of a beginning
        self.script = Script()
        self.ledger = ledger

    def pick(self) -> None:
        number = len(self.script.messages) + 1
        self.script.pick(number, {"cola": 1})
        message = self.script.messages[-1]
        payload = json.dumps(message["payload"]).encode()
        self.feed.incoming.put(Incoming(message["topic"], payload, 1, False, number, 1))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "ledger.sqlite")
    yield made
    made.database.may.set()
    made.database.broken = False
    made.ledger.close()


def test_the_next_batch_is_heard_before_the_last_is_durable_and_neither_is_acknowledged_till_then(bench: Bench) -> None:
    bench.database.may.clear()
    bench.pick()
    bench.worker.step()
    assert bench.feed.acks == []
    bench.pick()
    timer = threading.Timer(0.1, bench.database.may.set)
    timer.start()
    bench.worker.step()
    assert bench.worker.counts()["events"] == 2
    assert bench.feed.acks == [1]
    bench.worker.step()
    assert bench.feed.acks == [1, 2]
    timer.join()


def test_what_cannot_be_made_durable_is_not_acknowledged_and_ends_the_worker(bench: Bench) -> None:
    bench.database.broken = True
    bench.pick()
    bench.worker.step()
    with pytest.raises(LedgerError, match="disk full"):
        bench.worker.step()
    assert bench.feed.acks == []
