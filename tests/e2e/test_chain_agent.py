"""pty -> `shelf-agent run` -> mosquitto -> subscriber, and what may stop in between."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults.actors import TOPICS, Agent, Broker, Collector, program, seconds
from bench.faults.board import wait_until
from tests.e2e.agent_parts import Chain, gaps, same, settle
from tests.e2e.conftest import Mosquitto


@pytest.fixture
def chain(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Chain]:
    chain = Chain(tmp_path, mosquitto.port)
    yield chain
    chain.close()


@pytest.mark.realtime  # the median delay
def test_what_a_hand_takes_is_told_soon_right_and_in_order(chain: Chain) -> None:
    chain.start()
    moved = []
    for _ in range(8):
        moved.append(chain.shelf.move_any())
        settle()
    events = chain.wait_goods(8)
    assert [same(event, truth) for event, truth in zip(events, moved, strict=True)] == [True] * 8
    arrived = dict(zip([e["id"] for e in chain.collector.events], chain.collector.arrived_s, strict=True))
    assert statistics.median(arrived[event["id"]] - seconds(event["time"]) for event in events) <= 0.7
    assert gaps(chain.collector.events) == []
    until = seconds(events[-1]["time"])
    chain.wait(lambda: seconds(chain.collector.until()) > until, "watermark behind the last event")
    begin_s = time.monotonic()
    assert chain.agent.stop() == 0
    assert time.monotonic() - begin_s < 2.0
    chain.wait(lambda: chain.collector.statuses[-1]["state"] == "offline", "goodbye")


def test_killed_and_started_again_nothing_is_lost_and_the_epochs_are_linked(chain: Chain) -> None:
    chain.start()
    first = chain.shelf.move("P1", "can", -1)
    event = chain.wait_goods(1)[0]
    assert same(event, first)
    chain.agent.kill()
    chain.shelf.move("P2", "box", -1)
    settle()
    chain.agent.start()
    change = chain.wait_goods(2)[1]
    assert change["type"] == "shelf.v1.change"
    assert change["data"]["items"] == [{"sku": "box", "qty": 1}]
    assert change["data"]["delta_g"] < 0
    begin, end = (seconds(text) for text in change["data"]["window"])
    assert begin <= chain.shelf.moved[1].t_utc_s <= end
    chain.wait_measuring()
    link = chain.collector.watermarks[-1]["data"]["previous"]
    assert link == {"epoch": event["epoch"], "sequence": event["sequence"]}
    assert change["epoch"] != event["epoch"]
    assert gaps(chain.collector.events) == []


def test_killed_again_before_anything_was_measured_the_comparison_is_still_made(chain: Chain) -> None:
    chain.start()
    chain.agent.kill()
    chain.shelf.board.unplug()
    chain.shelf.move("P2", "box", -1)
    epoch = chain.collector.statuses[-1]["epoch"]
    chain.agent.start()
    chain.wait(lambda: chain.collector.statuses[-1]["epoch"] != epoch, "second life")
    chain.agent.kill()
    chain.shelf.board.reset()
    chain.shelf.board.plug()
    chain.agent.start()
    change = chain.wait_goods(1)[0]
    assert change["type"] == "shelf.v1.change"
    assert change["data"]["items"] == [{"sku": "box", "qty": 1}]


def test_without_a_broker_it_measures_on_and_tells_all_in_order_later(chain: Chain, mosquitto: Mosquitto) -> None:
    chain.start()
    mosquitto.stop()
    moved = []
    for _ in range(4):
        moved.append(chain.shelf.move_any())
        settle()
    mosquitto.start()
    events = chain.wait_goods(4)
    assert [same(event, truth) for event, truth in zip(events, moved, strict=True)] == [True] * 4
    assert gaps(chain.collector.events) == []
    assert chain.log().count("no broker") == 1


def test_a_broker_that_comes_late_is_waited_for(chain: Chain, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    chain.shelf.board.start()
    chain.agent.start()
    chain.wait(lambda: "no broker" in chain.log(), "word of the missing broker")
    mosquitto.start()
    chain.collector.start()
    chain.wait_measuring()
    assert chain.collector.statuses[-1]["state"] == "online"


def test_a_port_that_goes_comes_back_and_the_board_restarts(chain: Chain) -> None:
    chain.start()
    chain.shelf.board.unplug()
    chain.wait(lambda: ("fault", "port-gone") in chain.faults(), "fault")
    blind = [plate["plate"] for plate in chain.collector.watermarks[-1]["data"]["blind"]]
    chain.wait(lambda: bool(chain.collector.watermarks[-1]["data"]["blind"]), f"blind plates, not {blind}")
    taken = chain.shelf.move("P1", "jar", -1)
    settle()
    chain.shelf.board.reset()
    chain.shelf.board.plug()
    chain.wait(lambda: ("recovered", "port-gone") in chain.faults(), "recovery")
    event = chain.wait_goods(1)[0]
    assert event["type"] == "shelf.v1.change"
    assert event["data"]["items"] == [{"sku": taken.sku, "qty": 1}]
    assert gaps(chain.collector.events) == []


def test_commands_are_answered(chain: Chain) -> None:
    chain.start()
    collector = chain.collector
    chain.shelf.move("P1", "can", -1)
    event = chain.wait_goods(1)[0]
    for name, arguments, result in (
        ("identify", {}, "done"),
        ("restock-begin", {"plate": "P1"}, "done"),
        ("restock-end", {"plate": "P1"}, "done"),
        ("restock-begin", {"plate": "P9"}, "refused"),
        ("set-contents", {"plate": "P1", "contents": {"can": 3}}, "done"),
        ("set-contents", {"plate": "P1", "contents": {"cap": 3}}, "refused"),
        ("resend", {"epoch": event["epoch"], "from": 1, "to": 1}, "done"),
        ("resend", {"epoch": "other", "from": 1, "to": 1}, "gone"),
        ("dance", {}, "refused"),
    ):
        reply = collector.command(name, **arguments)
        assert reply is not None, name
        assert reply["result"] == result, (name, reply)
    chain.wait(lambda: collector.again >= 1, "event again")


def test_hostile_payloads_change_nothing(chain: Chain) -> None:
    chain.start()
    for number in range(300):
        junk = [b"\xff\xfe", b"{", b"[[[[", b'{"id":"x"}', b"null", bytes([number % 256]) * 3000][number % 6]
        chain.collector.client.publish(f"{TOPICS}/commands", junk, qos=0)
    chain.collector.client.publish(f"{TOPICS}/status", b"{}", qos=1)
    chain.shelf.move("P1", "can", -1)
    chain.wait_goods(1)
    assert "Traceback" not in chain.log()


def test_sighup_reads_the_store_file_again_and_refuses_a_bad_one(chain: Chain) -> None:
    chain.start()
    process = chain.agent.process
    assert process is not None
    good = chain.store.read_text()
    revision = chain.collector.statuses[-1]["store_revision"]
    chain.store.write_text(good.replace("schema", "shema"))
    process.send_signal(signal.SIGHUP)
    chain.wait(lambda: "the store file is refused" in chain.log(), "refusal")
    chain.store.write_text(good.replace('price = "1.50"', 'price = "1.60"'))
    process.send_signal(signal.SIGHUP)
    chain.wait(lambda: chain.collector.statuses[-1]["store_revision"] != revision, "other revision")
    chain.wait_measuring()
    moved = chain.shelf.move("P2", "tin", -1)
    assert same(chain.wait_goods(1)[0], moved)


def test_a_second_agent_of_this_id_ends_with_exit_1(chain: Chain, tmp_path: Path, mosquitto: Mosquitto) -> None:
    chain.start()
    other = tmp_path / "other"
    other.mkdir()
    twin = Agent(other, chain.store, [str(tmp_path / "none")], mosquitto.port)
    twin.start()
    assert twin.process is not None and chain.agent.process is not None
    processes = [twin.process, chain.agent.process]
    assert wait_until(lambda: any(process.poll() is not None for process in processes), 20.0)
    ended = next(process for process in processes if process.poll() is not None)
    assert ended.returncode == 1
    assert "another agent of this id is online" in twin.log.read_text() + chain.log()
    twin.kill()


def test_one_state_folder_serves_one_process(chain: Chain) -> None:
    chain.start()
    second = subprocess.run(
        [program("shelf-agent"), "run"],
        check=False,
        env=chain.agent.environment,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "in use by another shelf-agent" in second.stderr


def test_a_broker_that_refuses_publishes_is_told_once_and_gets_all_later(tmp_path: Path) -> None:
    closed = tmp_path / "closed.acl"
    closed.write_text(f"topic readwrite {TOPICS}/status\ntopic read #\n")
    opened = tmp_path / "open.acl"
    opened.write_text("topic readwrite #\n")
    broker = Broker(tmp_path / "mq")
    broker.start(f"acl_file {opened}")
    chain = Chain(tmp_path, broker.port)
    try:
        chain.start()
        opened.write_text(closed.read_text())
        broker.signal(signal.SIGHUP)
        moved = []
        for _ in range(3):
            moved.append(chain.shelf.move_any())
            settle()
        chain.wait(lambda: "publish-refused" in chain.log(), "word of the refusal")
        assert chain.goods() == []
        opened.write_text("topic readwrite #\n")
        broker.signal(signal.SIGHUP)
        chain.wait(lambda: len(chain.goods()) == 3, "events", within_s=30.0)
        assert [same(event, truth) for event, truth in zip(chain.goods(), moved, strict=True)] == [True] * 3
        chain.wait(lambda: ("recovered", "publish-refused") in chain.faults(), "recovery")
    finally:
        chain.close()
        broker.stop()


def test_a_frozen_broker_loses_nothing(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "mq")
    broker.start()
    chain = Chain(tmp_path, broker.port)
    try:
        chain.start()
        broker.signal(signal.SIGSTOP)
        moved = []
        for _ in range(3):
            moved.append(chain.shelf.move_any())
            settle()
        broker.signal(signal.SIGCONT)
        events = chain.wait_goods(3)
        assert [same(event, truth) for event, truth in zip(events, moved, strict=True)] == [True] * 3
    finally:
        chain.close()
        broker.stop()


def test_a_broker_of_mqtt_3_1_1_only_is_spoken_to_by_itself(tmp_path: Path) -> None:
    port = Broker(tmp_path / "unused").port
    config = tmp_path / "nats.conf"
    config.write_text(
        f'server_name: t\nlisten: "127.0.0.1:-1"\njetstream {{ store_dir: "{tmp_path}/js" }}\n'
        f'mqtt {{ listen: "127.0.0.1:{port}" }}\n'
    )
    nats = subprocess.Popen([program("nats-server"), "-c", str(config)], stderr=subprocess.DEVNULL)
    chain = Chain(tmp_path, port)
    chain.collector = ThreeOneOne(port)
    try:
        chain.start()
        assert "MQTT 3.1.1" in chain.log()
        moved = chain.shelf.move("P1", "can", -1)
        assert same(chain.wait_goods(1)[0], moved)
    finally:
        chain.close()
        nats.terminate()
        nats.wait(10)


class ThreeOneOne(Collector):
    """A subscriber for a broker that refuses MQTT 5."""

    def __post_init__(self) -> None:
        import paho.mqtt.client as mqtt

        super().__post_init__()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="three", protocol=mqtt.MQTTv311)
        self.client.on_connect = self._subscribe
        self.client.on_message = self._take

    def start(self) -> None:
        def connected() -> bool:
            try:
                self.client.connect("127.0.0.1", self.port)
            except OSError:
                return False
            return True

        assert wait_until(connected, 10.0)
        self.client.loop_start()


def test_events_of_run_are_those_of_a_replay_of_what_it_recorded(chain: Chain, tmp_path: Path) -> None:
    recording = tmp_path / "while.mcap"
    chain.agent.environment["SHELF_AGENT_RECORD"] = str(recording)
    chain.start()
    for sku in ("can", "jar", "bag"):
        chain.shelf.move("P1", sku, -1)
        settle()
    told = chain.wait_goods(3)
    chain.agent.stop()
    replay = subprocess.run(
        [program("shelf-agent"), "replay", "--store", str(chain.store), "--recording", str(recording)],
        capture_output=True,
        text=True,
        check=True,
    )
    again = [json.loads(line) for line in replay.stdout.splitlines()]
    assert [event["data"]["items"] for event in again] == [event["data"]["items"] for event in told]
    for one, two in zip(told, again, strict=True):
        assert abs(seconds(one["time"]) - seconds(two["time"])) < 0.01
