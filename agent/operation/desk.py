"""The operator's connection to the broker: what agents tell is heard, orders are given and their replies waited for.

Every wait is bounded. MQTT 5 first, 3.1.1 where that is refused.
"""

from __future__ import annotations

import queue
import secrets
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.messages import Command, MessageError, Reply, Topics, parse_payload
from agent.operation.errors import BrokerError, OperationError
from agent.settings import BrokerAddress
from agent.uplink.link import Credentials, tls_context

CONNECT_S = 5.0
REPLY_S = 5.0
EXPIRES_S = 10  # messages.md allows 30
KEEPALIVE_S = 15
WAITING_MESSAGES = 10_000
_UNSUPPORTED_PROTOCOL = 0x84
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """A message."""

    topic: str
    payload: bytes
    retained: bool


class Desk:
    """One connection of an operator. `open` first; `close` always."""

    def __init__(self, address: BrokerAddress, credentials: Credentials, store: str, user: str = "operator") -> None:
        """Raises BrokerFilesError."""
        self.topics = Topics(store)
        self._address, self._credentials = address, credentials
        self._client_id = f"shelf-{store}-{user}-{secrets.token_hex(3)}"
        self._context = tls_context(credentials) if address.tls else None
        self._heard: queue.Queue[Heard] = queue.Queue(WAITING_MESSAGES)
        self.dropped = 0
        self._client: mqtt.Client | None = None
        self._answered, self._granted = threading.Event(), threading.Event()
        self._lost = threading.Event()
        self._refusal: ReasonCode | None = None
        self._denied = ""

    @property
    def lost(self) -> bool:
        """The connection has broken."""
        return self._lost.is_set()

    def open(self, topics: list[str]) -> None:
        """Connect, and hear these topics.

        Raises:
            BrokerError
        """
        for version in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
            if self._connect(version):
                break
        else:
            raise BrokerError(f"{self._address} speaks neither MQTT 5 nor 3.1.1", "name another port or broker")
        if not topics:
            return
        assert self._client is not None
        self._client.subscribe([(topic, 1) for topic in topics])
        if not self._granted.wait(CONNECT_S):
            raise BrokerError(f"{self._address} does not answer a subscription", "look into the broker's log")
        if self._denied:
            user = self._credentials.user or "without a user"
            raise BrokerError(
                f"{self._address} lets {user} hear none of these ({self._denied})", "use the operator's credentials"
            )

    def next(self, timeout_s: float) -> Heard | None:
        """The next message; None where none comes in time."""
        try:
            return self._heard.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def order(self, agent: str, command: str, **arguments: Any) -> Reply:
        """Give an order to an agent and wait for its reply (`open` with the topic of its replies first).

        Raises:
            OperationError: no reply in time.
        """
        now_ns = time.time_ns()
        order = Command(id=secrets.token_hex(8), expires=now_ns + EXPIRES_S * _SECOND_NS, command=command, **arguments)
        assert self._client is not None
        self._client.publish(self.topics.commands(agent), order.model_dump_json().encode(), qos=1)
        end_s = time.monotonic() + REPLY_S
        while (left_s := end_s - time.monotonic()) > 0:
            heard = self.next(left_s)
            if heard is None or heard.topic != self.topics.replies(agent):
                continue
            try:
                reply = parse_payload(Reply, heard.payload)
            except MessageError:
                continue
            if reply.id == order.id:
                return reply
        raise OperationError(
            f"agent {agent} does not answer within {REPLY_S:.0f} s: is it running (systemctl status shelf-agent), "
            "and may this user write its commands and read its replies?"
        )

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def _connect(self, version: MQTTProtocolVersion) -> bool:
        """False: the broker does not speak this protocol."""
        self._answered.clear()
        self._refusal = None
        five = version == MQTTProtocolVersion.MQTTv5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=version,
            clean_session=None if five else True,
            reconnect_on_failure=False,
        )
        if self._credentials.user is not None:
            client.username_pw_set(self._credentials.user, self._credentials.password)
        if self._context is not None:
            client.tls_set_context(self._context)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        try:
            client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        except ssl.SSLCertVerificationError as error:
            raise BrokerError(
                f"{self._address} shows a certificate that is not trusted ({error.verify_message})",
                "name the store's own authority with broker_ca, and the host as it stands in the certificate",
            ) from None
        except (OSError, ValueError) as error:
            raise BrokerError(
                f"no connection to {self._address}: {error}", "start the broker, or correct `broker`"
            ) from None
        self._lost.clear()
        client.loop_start()
        self._answered.wait(CONNECT_S)
        if self._refusal is not None and not self._refusal.is_failure:
            self._client = client
            return True
        client.loop_stop()
        if self._refusal is None:
            if not self._lost.is_set():
                raise BrokerError(
                    f"{self._address} does not answer MQTT within {CONNECT_S:.0f} s", "is it a broker's port?"
                )
            if five or not self._address.tls:
                return False
            raise BrokerError(f"{self._address} hangs up", "is a client certificate missing (broker_cert, broker_key)?")
        if self._refusal.value == _UNSUPPORTED_PROTOCOL:
            return False
        raise BrokerError(
            f"{self._address} refuses the connection: {self._refusal}", "correct user, password or certificate"
        )

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._refusal = reason
        self._answered.set()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, _reason: ReasonCode, _properties: Any) -> None:
        self._lost.set()
        self._answered.set()

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        failures = [str(reason) for reason in reasons if reason.is_failure]
        self._denied = failures[0] if len(failures) == len(reasons) else ""
        self._granted.set()

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            self._heard.put_nowait(Heard(message.topic, bytes(message.payload), message.retain))
        except queue.Full:
            self.dropped += 1
