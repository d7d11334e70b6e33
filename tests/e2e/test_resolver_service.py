"""`shelf-resolver run` as a process, with a real mosquitto."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "resolver"))  # the resolver's hand-made messages
from shopfloor import STORE_TOML, Script

from agent.messages import parse_utc
from resolver.commands import main

BOUND_S = 15.0
NS = 1_000_000_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Resolver:
    """The service as a process of its own."""

    def __init__(self, folder: Path, broker: str) -> None:
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.store = folder / "store.toml"
        self.store.write_text(STORE_TOML.format(agents='[[agent]]\nid = "a1"', second="a1"))
        self.state = folder / "state"
        self.broker = broker
        self.more: list[str] = []
        self.log = folder / "resolver.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        return [
            sys.executable, "-c", "import sys; from resolver.commands import main; sys.exit(main())", "run",
            "--store", str(self.store), "--broker", self.broker, "--state", str(self.state),
            "--listen", f"127.0.0.1:{self.port}", *self.more,
        ]  # fmt: skip

    def start(self, until: str = "subscribed at") -> None:
        """Start, and wait until it says so."""
        seen = self.said().count(until)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stderr=log, stdout=log)
        wait_for(lambda: self.said().count(until) > seen, f"the resolver to say {until!r}")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Exit code, and seconds until it ended."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(BOUND_S)
        self.process = None
        return code, time.monotonic() - began

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


class Shopfront:
    """Publishes what agents and doors say, in real time, and hears the receipts."""

    def __init__(self, port: int) -> None:
        self.begin_utc_ns = time.time_ns()
        self.script = Script(epoch=f"e{self.begin_utc_ns}", begin_utc_ns=self.begin_utc_ns)
        self.receipts: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
        self.baskets: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self.commands: queue.Queue[dict[str, Any]] = queue.Queue()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda client, *_: client.subscribe("shelf/v1/demo/#", 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self._sent = 0

    def _on_message(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/receipts"):
            self.receipts.put((time.time_ns(), json.loads(message.payload)))
        elif "/baskets/" in message.topic:
            self.baskets.put((message.topic, bytes(message.payload), message.retain))
        elif message.topic.endswith("/commands"):
            self.commands.put(json.loads(message.payload))

    def now(self) -> float:
        return (time.time_ns() - self.script.begin_utc_ns) / NS

    def send(self) -> None:
        """Publish what the script got since the last call."""
        for message in self.script.messages[self._sent :]:
            self.client.publish(message["topic"], json.dumps(message["payload"]), qos=1).wait_for_publish(BOUND_S)
        self._sent = len(self.script.messages)

    def visit(self, session: str) -> None:
        """Somebody takes two cans and is out; the watermark has not passed."""
        t = self.now()
        self.script.enter(session, t - 1.0)
        self.script.pick(t - 0.8, {"cola": 2}, told=t - 0.6)
        self.script.exit(session, t - 0.5)
        self.send()

    def watermark(self, until: float | None = None) -> None:
        self.script.watermark(self.now() if until is None else until)
        self.send()

    def receipt(self) -> tuple[int, dict[str, Any]]:
        return self.receipts.get(timeout=BOUND_S)


def wait_for(condition: Callable[[], bool], what: str, bound_s: float = BOUND_S) -> None:
    end = time.monotonic() + bound_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited {bound_s} s for {what}")


@pytest.fixture
def resolver(tmp_path: Path, mosquitto: Any) -> Iterator[Resolver]:
    service = Resolver(tmp_path, mosquitto.url)
    yield service
    if service.process is not None:
        service.process.kill()
        service.process.wait(BOUND_S)


@pytest.fixture
def shopfront(mosquitto: Any) -> Iterator[Shopfront]:
    front = Shopfront(mosquitto.port)
    yield front
    front.client.loop_stop()


@pytest.mark.realtime  # a second from the watermark to the receipt
def test_a_visit_becomes_a_receipt_at_once(resolver: Resolver, shopfront: Shopfront) -> None:
    resolver.start()
    shopfront.visit("s1")
    topic, basket, _ = shopfront.baskets.get(timeout=BOUND_S)
    assert topic.endswith("/baskets/s1")
    assert json.loads(basket)["session"] == "s1"
    sent = time.time_ns()
    shopfront.watermark()
    arrived, event = shopfront.receipt()
    assert event["type"] == "shelf.v1.receipt"
    assert event["source"] == "/stores/demo/resolver"
    assert [(line["sku"], line["qty"], line["amount"]) for line in event["data"]["lines"]] == [("cola", 2, "3.00")]
    assert event["data"]["state"] == "final"
    assert (arrived - sent) / NS < 1.0
    assert parse_utc(event["data"]["issued"]) >= sent - NS


def test_bad_messages_are_counted_and_the_service_goes_on(resolver: Resolver, shopfront: Shopfront) -> None:
    resolver.start()
    for payload in (b"", b"{bad", b"[]", b"\xff", b'{"specversion":"1.0"}'):
        for topic in (
            "agents/a1/events",
            "agents/a1/watermark",
            "sessions",
            "presence",
            "agents/a1/status",
            "agents/a1/plates/P1",
            "agents/a1/replies",
        ):
            shopfront.client.publish(f"shelf/v1/demo/{topic}", payload, qos=1).wait_for_publish(BOUND_S)
    shopfront.visit("s1")
    shopfront.watermark()
    assert shopfront.receipt()[1]["data"]["total"] == "3.00"
    assert "Traceback" not in resolver.said()


def test_what_came_while_it_was_away_is_not_lost(resolver: Resolver, shopfront: Shopfront) -> None:
    resolver.start()
    shopfront.watermark()
    assert resolver.stop()[0] == 0
    shopfront.visit("s1")
    resolver.start()
    shopfront.watermark()
    assert shopfront.receipt()[1]["data"]["total"] == "3.00"


def test_a_killed_resolver_knows_who_was_inside(resolver: Resolver, shopfront: Shopfront) -> None:
    resolver.start()
    shopfront.visit("s1")
    wait_for(lambda: any(b'"qty":2' in payload for _, payload, _ in list(shopfront.baskets.queue)), "the basket")
    resolver.stop(signal.SIGKILL)
    resolver.start()
    shopfront.watermark()
    assert shopfront.receipt()[1]["data"]["total"] == "3.00"
    resolver.stop(signal.SIGKILL)
    resolver.start()
    shopfront.watermark()
    shopfront.visit("s2")
    shopfront.watermark()
    receipts = [shopfront.receipt()[1]["data"]["session"]]
    while receipts[-1] != "s2":
        receipts.append(shopfront.receipt()[1]["data"]["session"])
    assert receipts in (["s2"], ["s1", "s2"])  # the first may come twice, with the same id, after a kill


def test_a_broker_that_is_not_there_at_start_is_said_once_and_waited_for(resolver: Resolver, mosquitto: Any) -> None:
    mosquitto.stop()
    resolver.start(until="is not there")
    time.sleep(1.5)  # several tries go by
    assert resolver.said().count("is not there") == 1
    mosquitto.start()
    wait_for(lambda: "connected to" in resolver.said(), "the connection")
    front = Shopfront(mosquitto.port)
    front.visit("s1")
    front.watermark()
    assert front.receipt()[1]["data"]["total"] == "3.00"
    front.client.loop_stop()


def test_a_broker_that_restarts_loses_no_receipt(resolver: Resolver, mosquitto: Any) -> None:
    resolver.start()
    front = Shopfront(mosquitto.port)
    front.visit("s1")
    wait_for(lambda: not front.baskets.empty(), "the basket")
    front.client.loop_stop()
    mosquitto.stop()
    mosquitto.start()
    wait_for(lambda: resolver.said().count("connected to") == 2, "the connection")
    again = Shopfront(mosquitto.port)
    again.script = front.script
    again._sent = len(front.script.messages)
    wait_for(again.client.is_connected, "our own connection")
    again.watermark()
    assert again.receipt()[1]["data"]["total"] == "3.00"
    again.client.loop_stop()


@pytest.mark.realtime  # two seconds
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_two_seconds_when_told(resolver: Resolver, number: int) -> None:
    resolver.start()
    stream = urllib.request.urlopen(f"http://127.0.0.1:{resolver.port}/events", timeout=5)
    assert stream.readline() == b"event: picture\n"
    code, seconds = resolver.stop(number)
    assert code == (0 if number == signal.SIGTERM else 130)
    assert seconds < 2.0


def test_signals_that_come_in_a_burst_end_it_as_one_does(resolver: Resolver) -> None:
    resolver.start()
    assert resolver.process is not None
    end_s = time.monotonic() + 0.02  # as from a parent of many threads that dies
    while time.monotonic() < end_s:
        resolver.process.send_signal(signal.SIGTERM)
    assert resolver.process.wait(BOUND_S) in (0, -signal.SIGTERM)  # one may come when Python has put its handlers away


def test_a_port_that_is_taken_is_one_line_and_exit_2(resolver: Resolver) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", resolver.port))
        other.listen()
        done = subprocess.run(resolver.command(), capture_output=True, timeout=BOUND_S, check=False)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"--listen" in done.stderr


def test_a_second_resolver_on_the_ledger_is_refused(resolver: Resolver, tmp_path: Path) -> None:
    resolver.start()
    first_port, resolver.port = resolver.port, free_port()
    done = subprocess.run(resolver.command(), capture_output=True, timeout=BOUND_S, check=False)
    resolver.port = first_port
    assert done.returncode == 1
    assert b"another resolver works on this ledger" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_second_resolver_with_another_ledger_gives_up(
    resolver: Resolver, shopfront: Shopfront, tmp_path: Path, mosquitto: Any
) -> None:
    first = Resolver(tmp_path / "first", mosquitto.url)
    first.start()
    resolver.start()
    processes = [first, resolver]
    wait_for(
        lambda: any(entry.process and entry.process.poll() is not None for entry in processes), "one to give up", 30
    )
    ended = next(entry for entry in processes if entry.process and entry.process.poll() is not None)
    left = next(entry for entry in processes if entry is not ended)
    assert ended.process is not None
    assert ended.process.returncode == 1
    assert "another resolver of this store" in ended.said()
    ended.process = None
    wait_for(lambda: left.said().count("connected to") > left.said().count("is not there"), "the other to go on")
    shopfront.visit("s1")
    shopfront.watermark()
    assert shopfront.receipt()[1]["data"]["total"] == "3.00"
    left.stop()


def test_missing_numbers_are_asked_for(resolver: Resolver, shopfront: Shopfront) -> None:
    resolver.start()
    shopfront.watermark()
    t = shopfront.now()
    shopfront.script.enter("s1", t)
    shopfront.script.pick(t + 0.1, {"cola": 1}, told=t + 0.2)
    lost = shopfront.script.messages.pop()
    shopfront.script.exit("s1", t + 0.3)
    shopfront.send()
    shopfront.watermark(t + 1.0)
    command = shopfront.commands.get(timeout=BOUND_S)
    assert (command["command"], command["epoch"], command["from"], command["to"]) == (
        "resend",
        shopfront.script.epoch,
        1,
        1,
    )
    assert parse_utc(command["expires"]) - time.time_ns() <= 30 * NS
    shopfront.script.messages.append(lost)
    shopfront.send()
    assert shopfront.receipt()[1]["data"]["total"] == "1.50"


def test_settings_that_are_wrong_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in os.environ:
        if name.startswith("SHELF_RESOLVER_"):
            monkeypatch.delenv(name)
    store = tmp_path / "store.toml"
    store.write_text("schema = 'store/1'\nbogus = 1\n")
    for arguments, said in (
        ([], "SHELF_RESOLVER_STORE"),
        (["--store", str(tmp_path / "none.toml")], "none.toml"),
        (["--store", str(store)], "bogus"),
        (["--store", str(store), "--broker", "http://x"], "--broker"),
        (["--store", str(store), "--receipt-wait-s", "soon"], "--receipt-wait-s"),
        (["--store", str(store), "--database", "mysql://x"], "--database"),
        (["--store", str(store), "--listen", "8080"], "--listen"),
        (["--config", str(tmp_path / "none")], "none"),
    ):
        try:
            code = main(["run", *arguments])
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        assert (code, printed.out, printed.err.count("\n")) == (2, "", 1), printed.err
        assert said in printed.err
