"""The demo's own MQTT client: door and zone sensor speak through it, and it hears what everybody hears."""

from __future__ import annotations

import json
import queue
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from bench.demo.broker import Broker

KEEPALIVE_S = 30
WAITING = 10_000
CONNECT_S = 10.0
COMMAND_VALID_S = 20.0


@dataclass(frozen=True)
class Heard:
    """A message and when it came (s, monotonic)."""

    at_s: float
    topic: str
    body: dict[str, Any]
    retained: bool


class Line:
    """One connection (MQTT 3.1.1, which every broker speaks) to the topics of one store."""

    def __init__(self, broker: Broker, store: str) -> None:
        self.heard: queue.Queue[Heard] = queue.Queue(WAITING)
        self.lost, self.refused = 0, ""
        self.retained: set[str] = set()
        self._base = f"shelf/v1/{store}"
        self._store, self._broker = store, broker
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"shelf-{store}-door", protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect

    def open(self) -> None:
        """Connect; it goes on by itself."""
        self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        self._client.loop_start()

    @property
    def answered(self) -> bool:
        """Whether the broker has let us in, or refused to (`refused` says why)."""
        return bool(self._client.is_connected() or self.refused)

    def topic(self, rest: str) -> str:
        """A topic of this store."""
        return f"{self._base}/{rest}"

    def session(self, kind: str, session: str, t_utc_ns: int) -> None:
        """The door: somebody "entered" or "exited"."""
        body = self._event("doors/front", f"shelf.v1.{kind}", session, t_utc_ns, {"session": session, "group": None})
        self._publish("sessions", body, 1)

    def presence(self, plate: str, shares: dict[str, float], valid_s: float, t_utc_ns: int) -> None:
        """The zone sensor above a plate: who may reach it."""
        data = {"plates": [plate], "shares": shares, "valid_s": valid_s, "sensor": f"zone-{plate}"}
        self._publish("presence", self._event("sensors/ceiling", "shelf.v1.presence", plate, t_utc_ns, data), 0)

    def command(self, agent: str, command: str, **arguments: Any) -> str:
        """A command to an agent; its id, by which the reply is known."""
        number = uuid.uuid4().hex
        expires = utc_text(time.time_ns() + round(COMMAND_VALID_S * 1e9))
        self._publish(
            f"agents/{agent}/commands", {"id": number, "expires": expires, "command": command, **arguments}, 1
        )
        return number

    def close(self) -> None:
        """Leave. On a broker of the user's nothing of this store is left behind."""
        if not self._broker.own:
            self._tidy()
        self._client.disconnect()
        self._client.loop_stop()

    def _tidy(self) -> None:
        for topic in sorted(self.retained):
            told = self._client.publish(topic, b"", qos=1, retain=True)
            told.wait_for_publish(CONNECT_S)
        resolver = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"shelf-{self._store}-resolver",
            protocol=MQTTProtocolVersion.MQTTv311,
        )  # a clean session in the resolver's place: the broker forgets what it kept for it
        resolver.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        resolver.loop_start()
        end_s = time.monotonic() + CONNECT_S
        while not resolver.is_connected() and time.monotonic() < end_s:
            time.sleep(0.01)
        resolver.disconnect()
        resolver.loop_stop()

    def _event(self, who: str, kind: str, subject: str, t_utc_ns: int, data: dict[str, Any]) -> dict[str, Any]:
        when = utc_text(t_utc_ns)
        return {
            "specversion": "1.0",
            "id": uuid.uuid4().hex,
            "source": f"/stores/{self._store}/{who}",
            "type": kind,
            "time": when,
            "recordedtime": when,
            "subject": subject,
            "datacontenttype": "application/json",
            "data": data,
        }

    def _publish(self, rest: str, body: dict[str, Any], qos: int) -> None:
        self._client.publish(self.topic(rest), json.dumps(body, separators=(",", ":")), qos=qos)

    def _on_connect(
        self, client: mqtt.Client, _user: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)
            return
        rests = ("agents/+/events", "agents/+/watermark", "agents/+/status", "agents/+/replies", "agents/+/plates/+")
        client.subscribe([(self.topic(rest), 1) for rest in (*rests, "baskets/+", "receipts")])

    def _on_message(self, _client: mqtt.Client, _user: object, message: mqtt.MQTTMessage) -> None:
        at_s = time.monotonic()
        if message.topic.split("/")[-2] in ("baskets", "plates") or message.topic.endswith("/status"):
            if message.payload:
                self.retained.add(message.topic)
            else:
                self.retained.discard(message.topic)
        if not message.payload:
            return
        try:
            self.heard.put_nowait(Heard(at_s, message.topic, json.loads(message.payload), bool(message.retain)))
        except (queue.Full, ValueError):
            self.lost += 1


def utc_text(t_utc_ns: int) -> str:
    """RFC 3339 with microseconds."""
    seconds, rest_ns = divmod(t_utc_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // 1000:06d}Z"


def utc_ns(text: str) -> int:
    """The instant of an RFC 3339 text, to the microsecond."""
    when = datetime.fromisoformat(text)
    return int(when.timestamp()) * 1_000_000_000 + when.microsecond * 1000
