"""The connection to the broker: paho-mqtt behind a small interface. MQTT 5 first, 3.1.1 where that is refused.

paho resends what is unacknowledged when the same client connects again; only a change of the protocol makes a new
client, and that is told as `Connected(fresh=True)`.
"""

from __future__ import annotations

import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.settings import BrokerAddress

log = logging.getLogger(__name__)

KEEPALIVE_S = 15  # a broker that stands still is noticed within twice this
CONNACK_WAIT_S = 10.0
FIRST_WAIT_S, MAX_WAIT_S = 0.5, 10.0
LASTING_S = 10.0  # a connection that held so long was a good one: the next is taken up quickly
_UNSUPPORTED_PROTOCOL = 0x84


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has accepted. `fresh`: the client is another one, which holds none of the messages sent before."""

    protocol: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """No connection, and why; also told for every attempt that failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A PUBACK; `failure` is "" where it was a good one."""

    mid: int
    failure: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A SUBACK; `failure` is "" where all was granted."""

    failure: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message."""

    topic: str
    payload: bytes
    retained: bool


LinkEvent = Connected | Disconnected | Acknowledged | Subscribed | Received


class Link(Protocol):
    """What the uplink needs of a connection. Events come to the callable given to `start`, from another thread."""

    def start(self, tell: Callable[[LinkEvent], None]) -> None: ...
    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> int: ...
    def subscribe(self, topics: list[str]) -> None: ...
    def reconnect(self, *, fresh: bool) -> None: ...
    def stop(self) -> None: ...


class BrokerFilesError(ValueError):
    """A file of certificates or keys that cannot be used; the text is one line."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the agent shows who it is, and whom it trusts. Nothing: the system's own authorities, no user."""

    user: str | None = None
    password: str | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says when the connection breaks."""

    topic: str
    payload: str


def tls_context(credentials: Credentials) -> ssl.SSLContext:
    """A verifying context of these files.

    Raises:
        BrokerFilesError: one of them cannot be read or is none.
    """
    context = ssl.create_default_context()
    if credentials.ca is not None:
        context = _loaded("broker_ca", credentials.ca, lambda: ssl.create_default_context(cafile=str(credentials.ca)))
    if credentials.cert is not None:
        cert, key = credentials.cert, credentials.key
        _loaded("broker_cert and broker_key", cert, lambda: context.load_cert_chain(cert, key, password=""))
    return context


def _loaded(setting: str, path: Path, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise BrokerFilesError(f"{setting} {path}: {error}; name PEM files that can be read") from None


def _number(client: int, mid: int) -> int:
    """A message's number, of all that this process sends."""
    return client << 16 | mid


def _at_once(_client: mqtt.Client, _data: Any, connection: Any) -> None:
    """Else what is published within 40 ms of a watermark waits until the broker's system has acknowledged that."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _no_chatter(record: logging.LogRecord) -> bool:
    """paho calls the end of a connection an error; we tell it once ourselves."""
    return not record.getMessage().startswith(("Client is not connected", "failed to receive on socket"))


class MqttLink:
    """The real connection, in its own thread. It is taken up again with growing, jittered waits for ever."""

    def __init__(self, address: BrokerAddress, client_id: str, will: Will, credentials: Credentials) -> None:
        """Raises BrokerFilesError."""
        self._address = address
        self._client_id = client_id
        self._credentials = credentials
        self._context = tls_context(credentials) if address.tls else None
        self._will = will
        self._tell: Callable[[LinkEvent], None] = lambda _: None
        self._version = MQTTProtocolVersion.MQTTv5
        self._clients = 0  # made so far: each counts its messages anew
        self._client = self._made()
        self._fresh = self._renew = False
        self._down = threading.Event()
        self._up = False
        self._refused = self._refused_protocol = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt-link", daemon=True)

    def start(self, tell: Callable[[LinkEvent], None]) -> None:
        self._tell = tell
        self._thread.start()

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> int:
        client = self._client
        mid = client.publish(topic, payload.encode(), qos=qos, retain=retain).mid
        return _number(client.user_data_get(), mid)

    def subscribe(self, topics: list[str]) -> None:
        self._client.subscribe([(topic, 1) for topic in topics])

    def reconnect(self, *, fresh: bool) -> None:
        """Break the connection, so that it is taken up anew; `fresh`: by a client that holds no messages."""
        self._renew = fresh
        self._client.disconnect()

    def stop(self) -> None:
        """End it; what was published is sent first where there is a connection."""
        self._stop.set()
        if self._client.is_connected():
            self._client.disconnect()
        self._down.set()
        self._thread.join(timeout=2.0)

    def _made(self) -> mqtt.Client:
        five = self._version == MQTTProtocolVersion.MQTTv5
        self._clients += 1
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            userdata=self._clients,
            protocol=self._version,
            clean_session=None if five else True,
            reconnect_on_failure=False,
        )
        client.suppress_exceptions = True  # whatever a callback does, paho's thread lives on; paho logs it
        chatty = logging.getLogger("paho")
        chatty.addFilter(_no_chatter)
        client.enable_logger(chatty)
        if self._credentials.user is not None:
            client.username_pw_set(self._credentials.user, self._credentials.password)
        if self._context is not None:
            client.tls_set_context(self._context)
        client.will_set(self._will.topic, self._will.payload.encode(), qos=1, retain=True)
        client.max_inflight_messages_set(65_535)  # our own window bounds it
        client.on_socket_open = _at_once
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        changed = False  # since the last success: where both protocols are refused, there is nothing to hurry for
        while not self._stop.is_set():
            began_s = time.monotonic()
            self._attempt()
            if self._stop.is_set():
                return
            if self._up:
                changed = False
                if time.monotonic() - began_s > LASTING_S:
                    wait_s = FIRST_WAIT_S
            if self._renew:
                self._renew, self._fresh = False, True
                self._client = self._made()
            if self._refused_protocol:
                self._change_protocol()
                if not changed:
                    changed = True
                    continue
            self._stop.wait(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(MAX_WAIT_S, wait_s * 2)

    def _attempt(self) -> None:
        """One connection, from its beginning to its end."""
        self._down.clear()
        self._up = self._refused = self._refused_protocol = False
        try:
            self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            self._tell(Disconnected(f"{self._address}: {error}"))
            return
        self._client.loop_start()
        try:
            answered = self._down.wait(CONNACK_WAIT_S) or self._up
            if not answered:
                self._tell(Disconnected(f"{self._address}: no answer to CONNECT within {CONNACK_WAIT_S:.0f} s"))
                return
            self._down.wait()
            if not self._up and not self._refused:
                # Some brokers hang up on a protocol that they do not know, without a word.
                self._refused_protocol = True
                self._tell(Disconnected(f"{self._address} closes the connection without an answer"))
        finally:
            if self._client.is_connected():
                self._client.disconnect()
            self._client.loop_stop()

    def _change_protocol(self) -> None:
        five = self._version == MQTTProtocolVersion.MQTTv5
        self._version = MQTTProtocolVersion.MQTTv311 if five else MQTTProtocolVersion.MQTTv5
        self._client = self._made()
        self._fresh = True

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = True
            self._refused_protocol = reason.value == _UNSUPPORTED_PROTOCOL
            if not self._refused_protocol:
                self._tell(Disconnected(f"{self._address} refuses the connection: {reason}"))
            return
        self._up = True
        name = "5" if self._version == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self._tell(Connected(name, fresh=self._fresh))
        self._fresh = False

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if self._up:
            self._tell(Disconnected(f"{self._address}: {reason}"))
        self._down.set()

    def _on_publish(self, _client: Any, data: int, mid: int, reason: ReasonCode, _properties: Any) -> None:
        self._tell(Acknowledged(_number(data, mid), str(reason) if reason.is_failure else ""))

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        self._tell(Subscribed(", ".join(str(reason) for reason in reasons if reason.is_failure)))

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._tell(Received(message.topic, bytes(message.payload), message.retain))
