"""The real processes around the shelf: the agent, a mosquitto, and a subscriber that keeps all it was told."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench.faults.board import wait_until

STORE = "shelf/v1/faults"
TOPICS = f"{STORE}/agents/a1"
RECEIPTS = f"{STORE}/receipts"
START_S = 15.0
MAX_REPLIES = 1000
HOUR_S = 3600


def free_port() -> int:
    """A TCP port on the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """A command of this virtual environment."""
    return str(Path(sys.executable).with_name(name))


class Broker:
    """A mosquitto; `lines` go into its configuration. Its state outlives `stop`, unless `forget` is called."""

    def __init__(self, folder: Path, port: int | None = None, lines: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, port or free_port()
        self._lines = lines
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, lines: str | None = None) -> None:
        """Start it, and wait until it takes connections."""
        if lines is not None:
            self._lines = lines
        config = self.folder / "mosquitto.conf"
        text = (
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_dest none\n"
            f"persistence true\npersistence_location {self.folder}/\nmax_queued_messages 0\nuser root\n{self._lines}\n"
        )
        config.write_text(text)
        self._process = subprocess.Popen(["mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL)
        if not wait_until(self._answers, START_S):
            raise RuntimeError(f"mosquitto takes no connections within {START_S} s")

    def stop(self) -> None:
        """End it cleanly."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def signal(self, number: int) -> None:
        """Freeze it (SIGSTOP), let it go on (SIGCONT), or make it read its files again (SIGHUP)."""
        assert self._process is not None
        self._process.send_signal(number)

    def forget(self) -> None:
        """Lose sessions and retained messages (while it is stopped)."""
        (self.folder / "mosquitto.db").unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
        except OSError:
            return False
        return True


class ThreeOneOneBroker(Broker):
    """nats-server: a broker that refuses MQTT 5."""

    def start(self, lines: str | None = None) -> None:
        config = self.folder / "nats.conf"
        config.write_text(
            f'server_name: faults\nlisten: "127.0.0.1:-1"\njetstream {{ store_dir: "{self.folder}/js" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.port}", ack_wait: "2s" }}\n{lines or ""}\n'
        )
        self._process = subprocess.Popen([program("nats-server"), "-c", str(config)], stderr=subprocess.DEVNULL)
        if not wait_until(self._answers, START_S):
            raise RuntimeError(f"nats-server takes no connections within {START_S} s")


class Agent:
    """`shelf-agent run` as a process."""

    def __init__(self, folder: Path, store: Path, ports: list[str], broker_port: int) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.log = folder / "agent.log"
        self.environment = {
            **os.environ,
            "SHELF_AGENT_STORE": str(store),
            "SHELF_AGENT_PORTS": json.dumps(ports),
            "SHELF_AGENT_BROKER": f"mqtt://127.0.0.1:{broker_port}",
            "SHELF_AGENT_STATE": str(self.state),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may take a second until it measures."""
        with self.log.open("ab") as log:
            words = [program("shelf-agent"), "run"]
            self.process = subprocess.Popen(words, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """kill -9."""
        self._ended(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._ended(signal.SIGTERM)

    def events(self) -> int:
        """How many its journal ever took."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/journal.sqlite?mode=ro", uri=True)) as journal:
            (number,) = journal.execute("SELECT MAX(no) FROM event").fetchone()
        return int(number or 0)

    def resident_bytes(self) -> int:
        """Memory that it holds."""
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def _ended(self, number: int) -> int:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        code = self.process.wait(15)
        self.process = None
        return code


class Resolver:
    """`shelf-resolver run` as a process."""

    def __init__(self, folder: Path, store: Path, broker_port: int) -> None:
        self.log = folder / "resolver.log"
        self.environment = {
            **os.environ,
            "SHELF_RESOLVER_STORE": str(store),
            "SHELF_RESOLVER_BROKER": f"mqtt://127.0.0.1:{broker_port}",
            "SHELF_RESOLVER_STATE": str(folder / "resolver"),
            "SHELF_RESOLVER_LISTEN": f"127.0.0.1:{free_port()}",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            words = [program("shelf-resolver"), "run"]
            self.process = subprocess.Popen(words, env=self.environment, stdout=log, stderr=log)

    def connected(self) -> bool:
        """Whether it has ever reached the broker."""
        return "connected to" in self.log.read_text()

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(15)


@dataclass
class Collector:
    """A subscriber with a persistent session: events once each, in order of arrival, and the watermarks."""

    port: int
    topics: str = TOPICS
    five: bool = True
    events: list[dict[str, Any]] = field(default_factory=list)
    arrived_s: list[float] = field(default_factory=list)
    watermarks: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    again: int = 0
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._ids: set[str] = set()
        self._lock = threading.Lock()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id="bench-faults",
            protocol=MQTTProtocolVersion.MQTTv5 if self.five else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self.five else False,
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._subscribe
        self.client.on_message = self._take

    def start(self) -> None:
        """Connect and stay connected."""
        if not self.five:
            self.client.connect("127.0.0.1", self.port)
            self.client.loop_start()
            return
        kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # the library has no types there
        kept.SessionExpiryInterval = HOUR_S
        self.client.connect("127.0.0.1", self.port, clean_start=False, properties=kept)
        self.client.loop_start()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def until(self) -> str:
        """The last watermark's instant; "" before any."""
        return str(self.watermarks[-1]["data"]["until"]) if self.watermarks else ""

    def wait_measuring(self, within_s: float = START_S) -> bool:
        """Until a watermark later than now says that every plate is measured and at rest."""
        now = time.time()

        def rested() -> bool:
            if not self.watermarks:
                return False
            data = self.watermarks[-1]["data"]
            return not data["open"] and not data["blind"] and seconds(data["until"]) > now

        return wait_until(rested, within_s)

    def door(self, kind: str, session: str) -> None:
        """A door says that somebody `entered` or `exited`."""
        event = {
            "specversion": "1.0",
            "id": f"{kind}-{session}",
            "source": "/stores/faults/doors/front",
            "type": f"shelf.v1.{kind}",
            "time": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "subject": session,
            "data": {"session": session, "group": None},
        }
        self.client.publish(f"{STORE}/sessions", json.dumps(event), qos=1)

    def ask_again(self) -> None:
        """What a consumer does that misses numbers: send `resend` for each gap, and wait for the answers."""
        held: dict[str, set[int]] = {}
        for event in self.events:
            held.setdefault(event["epoch"], set()).add(int(event["sequence"]))
        for epoch, numbers in held.items():
            missing = sorted(set(range(1, max(numbers) + 1)) - numbers)
            if missing:
                self.asked |= {f"{epoch}-{number:016d}" for number in missing}
                self.command("resend", epoch=epoch, **{"from": missing[0], "to": missing[-1]})
                wait_until(lambda: not self._missing(epoch, missing), 10.0)  # noqa: B023 # used within the turn

    def _missing(self, epoch: str, numbers: list[int]) -> bool:
        held = {int(event["sequence"]) for event in self.events if event["epoch"] == epoch}
        return not held.issuperset(numbers)

    def command(self, name: str, **arguments: Any) -> dict[str, Any] | None:
        """Send a command; its reply."""
        number = f"c{time.monotonic_ns()}"
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 20))
        document = {"id": number, "expires": expires, "command": name, **arguments}
        self.client.publish(f"{self.topics}/commands", json.dumps(document), qos=1)
        wait_until(lambda: number in self.replies, 10.0)
        return self.replies.get(number)

    def _subscribe(self, client: mqtt.Client, *_rest: object) -> None:
        names = [f"{self.topics}/{name}" for name in ("events", "watermark", "status", "replies")]
        client.subscribe([(name, 1) for name in [*names, RECEIPTS]])

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if not message.payload:
            return
        try:
            document = cast("dict[str, Any]", json.loads(message.payload))
        except (ValueError, RecursionError):
            return  # a stranger's: the bench publishes such on purpose
        kind = message.topic.rpartition("/")[2]
        with self._lock:
            if kind == "events":
                if document["id"] in self._ids:
                    self.again += 1
                    return
                self._ids.add(document["id"])
                self.events.append(document)
                self.arrived_s.append(time.time())
            elif kind == "receipts":
                self.receipts.append(document)
            elif kind == "watermark":
                self.watermarks.append(document)
                del self.watermarks[:-2000]
            elif kind == "status" and isinstance(document, dict) and "since" in document:
                self.statuses.append(document)
            elif kind == "replies":
                self.replies[str(document["id"])] = document
                if len(self.replies) > MAX_REPLIES:
                    self.replies.pop(next(iter(self.replies)))


def seconds(text: str) -> float:
    """RFC 3339 in UTC, as seconds since 1970."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
