"""The uplink on a journal of its own and a link that does as the test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.journal import Entry, Journal, SavedLine
from agent.messages import Command, format_utc
from agent.uplink.horizon import Mark
from agent.uplink.identity import Identity
from agent.uplink.link import Acknowledged, Connected, Disconnected, LinkEvent, Received, Subscribed
from agent.uplink.uplink import PUBLISH_REFUSED, Bounds, Uplink

BOUND_S = 5.0
LINE = SavedLine("b", 0, 0, 0, None, None)
NOW = 1_700_000_000_000_000_000
BASE = "shelf/v1/s/agents/a"


class FakeLink:
    """A broker that confirms by itself where `good` is set, and gives back what is retained on the status topic."""

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, Any], int, bool]] = []
        self.good = True
        self.failure = ""
        self.held: list[int] = []
        self.tell: Callable[[LinkEvent], None] = lambda _: None
        self._lock = threading.Lock()
        self._mid = 0

    def start(self, tell: Callable[[LinkEvent], None]) -> None:
        self.tell = tell
        tell(Connected("5", fresh=False))

    def subscribe(self, topics: list[str]) -> None:
        self.tell(Subscribed(""))

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> int:
        with self._lock:
            self._mid += 1
            mid = self._mid
            self.published.append((topic, json.loads(payload), qos, retain))
        if topic.endswith("/status"):
            self.tell(Received(topic, payload.encode(), retained=False))
        if qos and (self.good or topic.endswith("/status")):
            self.tell(Acknowledged(mid, self.failure if topic.endswith("/events") else ""))
        elif qos:
            self.held.append(mid)
        return mid

    def reconnect(self, *, fresh: bool) -> None:
        self.tell(Disconnected("asked for"))
        self.tell(Connected("5", fresh=fresh))

    def stop(self) -> None: ...

    def on(self, name: str) -> list[dict[str, Any]]:
        with self._lock:
            return [body for topic, body, _, _ in self.published if topic == f"{BASE}/{name}"]


class FakeHost:
    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.faults: list[tuple[str, bool]] = []
        self.twins: list[str] = []

    def command(self, command: Command) -> None:
        self.commands.append(command)

    def uplink_fault(self, fault: str, remedy: str, *, recovered: bool) -> None:
        self.faults.append((fault, recovered))

    def twin(self, epoch: str) -> None:
        self.twins.append(epoch)


class Parts:
    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder)
        self.link, self.host = FakeLink(), FakeHost()
        self.uplink: Uplink | None = None

    def begin(self, epoch: str) -> Uplink:
        bounds = Bounds(self.journal.acknowledged(), self.journal.last_row(), None)
        identity = Identity("s", "a", epoch, "1", "r", 0, self.journal.last_epoch(), self.journal.epochs())
        self.uplink = Uplink(self.link, self.journal.reader(), identity, bounds, self.host, lambda: NOW)
        self.journal.commit(epoch, [], None, LINE, bounds.acknowledged)
        self.uplink.start()
        return self.uplink

    def commit(self, epoch: str, first: int, last: int) -> None:
        entries = [Entry(n, 0, json.dumps({"id": f"{epoch}-{n}"})) for n in range(first, last + 1)]
        assert self.uplink is not None
        self.journal.commit(epoch, entries, None, LINE, self.uplink.acknowledged)
        self.uplink.offer(Mark(last, NOW + last, (), ()), [])
        self.uplink.fresh()

    def told(self) -> list[str]:
        return [body["id"] for body in self.link.on("events")]

    def command(self, **changes: Any) -> None:
        body = {"id": f"c{time.monotonic_ns()}", "expires": format_utc(NOW + 10**9), **changes}
        self.link.tell(Received(f"{BASE}/commands", json.dumps(body).encode(), retained=False))


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    parts = Parts(tmp_path)
    yield parts
    if parts.uplink is not None:
        parts.uplink.stop(0.0)
    parts.journal.close()


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.002)


def test_events_of_two_epochs_go_out_once_and_in_order(parts: Parts) -> None:
    parts.begin("e1")
    parts.link.good = False
    parts.commit("e1", 1, 3)
    wait(lambda: len(parts.told()) == 3)
    assert parts.uplink is not None
    parts.uplink.stop(0.0)
    parts.link.good = True
    parts.link.published.clear()
    parts.begin("e2")
    parts.commit("e2", 1, 50)
    wait(lambda: len(parts.told()) == 53)
    assert parts.told() == [f"e1-{n}" for n in (1, 2, 3)] + [f"e2-{n}" for n in range(1, 51)]
    wait(lambda: parts.uplink is not None and parts.uplink.acknowledged == 53)


def test_the_watermark_waits_for_good_acknowledgements(parts: Parts) -> None:
    parts.begin("e1")
    parts.link.good = False
    parts.commit("e1", 1, 2)
    wait(lambda: len(parts.link.held) == 2)
    parts.link.tell(Acknowledged(parts.link.held[0], ""))
    wait(lambda: parts.uplink is not None and parts.uplink.acknowledged == 1)
    assert parts.link.on("watermark") == []
    parts.link.tell(Acknowledged(parts.link.held[1], ""))
    wait(lambda: bool(parts.link.on("watermark")))
    assert parts.link.on("watermark")[0]["data"]["sequence"] == "0000000000000002"


def test_a_refused_publish_is_a_fault_and_is_tried_again_slowly(parts: Parts) -> None:
    parts.begin("e1")
    parts.link.failure = "Not authorized"
    parts.commit("e1", 1, 1)
    wait(lambda: parts.host.faults == [(PUBLISH_REFUSED, False)])
    time.sleep(0.3)
    assert len(parts.told()) == 1
    parts.link.failure = ""
    wait(lambda: parts.host.faults == [(PUBLISH_REFUSED, False), (PUBLISH_REFUSED, True)])
    assert parts.told() == ["e1-1", "e1-1"]
    assert parts.uplink is not None
    wait(lambda: parts.uplink is not None and parts.uplink.acknowledged == 1)


def test_what_was_in_flight_behind_a_refused_event_goes_out_behind_it_again(parts: Parts) -> None:
    parts.begin("e1")
    parts.link.good = False
    parts.commit("e1", 1, 3)
    wait(lambda: len(parts.link.held) == 3)
    parts.link.good = True
    parts.link.tell(Acknowledged(parts.link.held[0], "Not authorized"))
    wait(lambda: parts.uplink is not None and parts.uplink.acknowledged == 3)
    assert parts.told() == ["e1-1", "e1-2", "e1-3"] * 2


def test_nothing_goes_out_before_the_broker_gave_our_status_back(parts: Parts) -> None:
    parts.link.subscribe = lambda _topics: None  # type: ignore[method-assign] # a broker without an answer
    parts.begin("e1")
    parts.commit("e1", 1, 1)
    time.sleep(0.2)
    assert parts.told() == []
    parts.link.tell(Subscribed(""))
    wait(lambda: parts.told() == ["e1-1"])


def test_a_fresh_client_gets_what_the_lost_one_held(parts: Parts) -> None:
    parts.begin("e1")
    parts.link.good = False
    parts.commit("e1", 1, 2)
    wait(lambda: len(parts.told()) == 2)
    parts.link.tell(Disconnected("gone"))
    parts.link.good = True
    parts.link.tell(Connected("3.1.1", fresh=True))
    wait(lambda: parts.told() == ["e1-1", "e1-2"] * 2)


def test_resend_publishes_again_with_the_same_ids_or_says_gone(parts: Parts) -> None:
    parts.begin("e1")
    parts.commit("e1", 1, 30)
    wait(lambda: len(parts.told()) == 30)
    parts.command(command="resend", epoch="e1", **{"from": 5, "to": "0000000000000029"})
    wait(lambda: len(parts.told()) == 55)
    assert parts.told()[30:] == [f"e1-{n}" for n in range(5, 30)]
    parts.command(command="resend", epoch="e1", **{"from": 30, "to": 31})
    parts.command(command="resend", epoch="e1", **{"from": 3})
    parts.command(command="resend", epoch="e1", **{"from": 3, "to": 10**6})
    wait(lambda: len(parts.link.on("replies")) == 4)
    assert [reply["result"] for reply in parts.link.on("replies")] == ["done", "gone", "refused", "refused"]


def test_commands_pass_to_the_host_and_junk_is_counted(parts: Parts) -> None:
    uplink = parts.begin("e1")
    for junk in (b"", b"{", b"[]", b'{"id":1}', b"\xff"):
        parts.link.tell(Received(f"{BASE}/commands", junk, retained=False))
    parts.command(command="tare", plate="P1")
    wait(lambda: len(parts.host.commands) == 1)
    assert uplink.dropped_payloads == 5
    uplink.reply(parts.host.commands[0], "done")
    wait(lambda: len(parts.link.on("replies")) == 1)


def test_a_twin_is_told_and_a_late_will_is_answered(parts: Parts) -> None:
    uplink = parts.begin("e1")
    wait(lambda: uplink.ready)
    status = parts.link.on("status")[0]
    topic = f"{BASE}/status"
    parts.link.tell(Received(topic, json.dumps({**status, "state": "offline"}).encode(), retained=False))
    wait(lambda: [body["state"] for body in parts.link.on("status")] == ["online", "online"])
    parts.link.tell(Received(topic, json.dumps({**status, "epoch": "other"}).encode(), retained=False))
    wait(lambda: parts.host.twins == ["other"])


def test_stop_waits_for_acknowledgements_and_says_offline(parts: Parts) -> None:
    uplink = parts.begin("e1")
    parts.commit("e1", 1, 40)
    assert uplink.stop(2.0)
    assert uplink.acknowledged == 40
    assert parts.link.on("status")[-1]["state"] == "offline"
    parts.uplink = None
