"""The resolver's connection to the broker: MQTT 5, or 3.1.1 by itself where the broker refuses that.

A thread connects and reads; what arrives goes to one bounded queue. Nothing of QoS 1 is acknowledged before `ack`, so
what was not made durable is delivered again.
"""

from __future__ import annotations

import queue
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

SESSION_EXPIRY_S = 7 * 24 * 3600
"""The broker keeps what we miss for at least this long (contract)."""
KEEPALIVE_S = 15
RECEIVE_MAXIMUM = 4000
"""QoS 1 messages that the broker may send before the first is acknowledged (MQTT 5): two of the worker's batches, one
that is made durable while the other is heard."""
QUEUE_LIMIT = 10_000
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits between tries to connect, each times 0.5 to 1.5 so that a shop's clients do not come all at once."""
RETAINED_AGAIN_S = (2.0, 10.0)
"""So long after a connection the retained topics are subscribed to again, which makes the broker send what it holds.
nats-server 2.15 loses a retained message that is published in the instant of a subscription, for this subscriber: one
in fifteen of a first status. It is there at the next subscription."""
SUBACK_FAILED = 0x80
REFUSED_VERSION = frozenset({"Unsupported protocol version"})
TAKEN_OVER = 0x8E
SHORT_S = 5.0
"""A connection that the broker ends sooner than this was likely taken by another client of our id."""
SHORT_IN_TURN = (3, 8)
"""So many in turn mean that it is so: for a resolver that started within `NEWCOMER_S`, and for one that was there
before. The newcomer gives up first. Brokers of 3.1.1, and mosquitto 2.0.11, end a taken connection without a word."""
NEWCOMER_S = 60.0


@dataclass(frozen=True)
class Address:
    """Where the broker is and how one signs in."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = ""
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def _at_once(_client: mqtt.Client, _data: Any, connection: Any) -> None:
    """Else a receipt that follows acknowledgements within 40 ms waits until the broker's system has confirmed those."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came; `mid` is given back to `ack`. `link` counts connections: an old one's mid means nothing."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    mid: int
    link: int


class Link:
    """One MQTT client with a persistent session."""

    def __init__(
        self,
        address: Address,
        client_id: str,
        subscriptions: list[tuple[str, int]],
        say: Callable[[str], None],
        retained: Sequence[tuple[str, int]] = (),
        again_s: tuple[float, ...] = RETAINED_AGAIN_S,
    ) -> None:
        """`retained`: those of the subscriptions whose topics hold a last message."""
        self.incoming: queue.Queue[Incoming] = queue.Queue(QUEUE_LIMIT)
        self.connected = threading.Event()
        self.taken_over = threading.Event()
        self.failure: Exception | None = None
        self.acknowledged: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
        self._address, self._client_id, self._subscriptions, self._say = address, client_id, subscriptions, say
        self._retained, self._again_s = list(retained), again_s
        self._first_subscription: int | None = None
        self._due_s: list[float] = []
        self._stop = threading.Event()
        self._version = MQTTProtocolVersion.MQTTv5
        self._number = 0
        self._said_down = False
        self._refused = False
        self._client = self._make()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._short = 0
        self._first_greeted_s: float | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye; what is not acknowledged stays at the broker."""
        self._stop.set()  # first: a message that waits for room in the queue would keep the goodbye waiting
        self._client.disconnect()
        self._thread.join(1.0)

    def ack(self, message: Incoming) -> None:
        """The message is durable here."""
        if message.qos > 0 and message.link == self._number:
            self._client.ack(message.mid, message.qos)

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> int | None:
        """Send; gives the number that `acknowledged` will name, or None where there is no connection."""
        if not self.connected.is_set():
            return None
        told = self._client.publish(topic, payload, qos=qos, retain=retain)
        return told.mid if told.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def _make(self) -> mqtt.Client:
        five = self._version == MQTTProtocolVersion.MQTTv5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=self._version,
            manual_ack=True,
            clean_session=None if five else False,
        )
        client.max_queued_messages_set(QUEUE_LIMIT)
        client.max_inflight_messages_set(200)
        address = self._address
        if address.user:
            client.username_pw_set(address.user, address.password)
        if address.tls:
            context = ssl.create_default_context(cafile=str(address.ca_file) if address.ca_file else None)
            if address.cert_file:
                context.load_cert_chain(address.cert_file, address.key_file)
            client.tls_set_context(context)
        client.on_socket_open = _at_once
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        return client

    def _run(self) -> None:
        try:
            self._stay()
        except Exception as error:  # noqa: BLE001 # told to the service, which ends with it: deaf is worse than ended
            self.failure = error

    def _stay(self) -> None:
        """Connect again and again."""
        tries = 0
        while not self._stop.is_set():
            if self._session():
                tries = 0
            if self._stop.is_set():
                return
            if self._refused:
                five, self._refused = self._version == MQTTProtocolVersion.MQTTv5, False
                self._version = MQTTProtocolVersion.MQTTv311 if five else MQTTProtocolVersion.MQTTv5
                self._client = self._make()
                if five:
                    continue
            wait_s = BACKOFF_S[min(tries, len(BACKOFF_S) - 1)] * random.uniform(0.5, 1.5)
            tries += 1
            self._stop.wait(wait_s)

    def _session(self) -> bool:
        """Connect and serve until the connection ends; whether there was one."""
        self._number += 1
        self._greeted = self._answered = False
        self._due_s.clear()
        try:
            self._client.connect(self._address.host, self._address.port, KEEPALIVE_S, **self._options())
        except (OSError, ValueError) as error:
            self._down(str(error))
            return False
        began_s = time.monotonic()
        while not self._stop.is_set():
            if self._client.loop(timeout=0.5) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
            if self._due_s and time.monotonic() >= self._due_s[0]:
                self._due_s.pop(0)
                self._client.subscribe(self._retained)
        was = self.connected.is_set() or self._greeted
        self._note_length(time.monotonic() - began_s)
        if not self._answered and not self._stop.is_set():
            self._refused = True  # closed without a word: how brokers of 3.1.1 may answer version 5
            if self._version != MQTTProtocolVersion.MQTTv5:
                self._down("the broker closes the connection")
        self.connected.clear()
        return was

    def _note_length(self, lasted_s: float) -> None:
        if not self._greeted or self._stop.is_set():
            return
        now_s = time.monotonic()
        if self._first_greeted_s is None:
            self._first_greeted_s = now_s - lasted_s
        self._short = self._short + 1 if lasted_s < SHORT_S else 0
        newcomer = now_s - self._first_greeted_s < NEWCOMER_S
        if self._short >= SHORT_IN_TURN[0 if newcomer else 1]:
            self.taken_over.set()

    def _options(self) -> dict[str, Any]:
        if self._version != MQTTProtocolVersion.MQTTv5:
            return {}
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves it untyped
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        return {"clean_start": False, "properties": properties}

    def _down(self, why: str) -> None:
        if not self._said_down:
            self._said_down = True
            self._say(f"broker {self._address} is not there ({why}); trying again until it is")

    def _on_connect(self, client: mqtt.Client, _user: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._answered = True
        if reason.is_failure:
            if str(reason) in REFUSED_VERSION and self._version == MQTTProtocolVersion.MQTTv5:
                self._refused = True
            else:
                self._down(f"refused: {reason}")
            client.disconnect()
            return
        self._greeted = True
        version = "5" if self._version == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self._say(f"connected to {self._address} (MQTT {version})")
        self._said_down = False
        _, self._first_subscription = client.subscribe(self._subscriptions)
        now_s = time.monotonic()
        self._due_s = [now_s + wait_s for wait_s in self._again_s] if self._retained else []
        self.connected.set()

    def _on_disconnect(self, _client: Any, _user: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.connected.clear()
        if reason.value == TAKEN_OVER:
            self.taken_over.set()
        elif reason.is_failure and self._greeted:
            self._down(str(reason))

    def _on_subscribe(self, _client: Any, _user: Any, mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        if mid != self._first_subscription:
            return  # what is refused was said at the first
        self._say(f"subscribed at {self._address}")  # from now on nothing is missed
        for (topic, _), reason in zip(self._subscriptions, reasons, strict=False):
            if reason.value >= SUBACK_FAILED:
                self._say(f"the broker refuses to let us read {topic}: {reason}")

    def _on_message(self, _client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        entry = Incoming(message.topic, bytes(message.payload), message.qos, message.retain, message.mid, self._number)
        while not self._stop.is_set():
            try:
                self.incoming.put(entry, timeout=0.5)  # a full queue holds the broker back; nothing is dropped
                return
            except queue.Full:
                continue

    def _on_publish(self, _client: Any, _user: Any, mid: int, reason: ReasonCode, _properties: Any) -> None:
        self.acknowledged.put((mid, not reason.is_failure))
