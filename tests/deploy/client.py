"""A client with a certificate that tells what the broker said to it."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

BOUND_S = 10.0


class CertClient:
    """Connects with MQTT 5 over TLS. `reason` is the broker's answer."""

    def __init__(
        self,
        port: int,
        ca: Path,
        files: tuple[Path, Path] | None,
        host: str = "localhost",
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answer: queue.Queue[Any] = queue.Queue()
        self._done: dict[int, Any] = {}
        self._changed = threading.Condition()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=will is None
        )
        context = ssl.create_default_context(cafile=str(ca))
        if files is not None:
            context.load_cert_chain(*files)
        self._client.tls_set_context(context)
        self._client.reconnect_delay_set(0.02, 0.1)  # mosquitto hangs up after a refusal
        self._client.on_connect = lambda _c, _d, _f, reason, _p: self._answer.put(reason)
        self._client.on_disconnect = lambda _c, _d, _f, reason, _p: self._answer.put(reason)
        self._client.on_publish = self._told
        self._client.on_subscribe = lambda c, d, mid, reasons, p: self._told(c, d, mid, reasons[0], p)
        self._client.on_message = lambda _c, _d, message: self.heard.put((message.topic, bytes(message.payload)))
        if will is not None:
            self._client.will_set(*will, qos=1)
        self._client.connect(host, port, keepalive=30)
        self._client.loop_start()

    def signed_in(self) -> bool:
        """Whether the broker let it in; False too where it hung up without a word."""
        try:
            return not self._answer.get(timeout=BOUND_S).is_failure
        except queue.Empty:
            return False

    def publish(self, *topics: str, payload: bytes) -> dict[str, bool]:
        """Which of the topics the broker took it on."""
        mids = {topic: self._client.publish(topic, payload, qos=1).mid for topic in topics}
        return {topic: not self._wait(mid).is_failure for topic, mid in mids.items()}

    def subscribe(self, *topics: str) -> dict[str, bool]:
        """Which of the topics the broker granted."""
        mids = {topic: self._client.subscribe(topic, qos=1)[1] for topic in topics}
        return {topic: not self._wait(mid).is_failure for topic, mid in mids.items() if mid is not None}

    def vanish(self) -> None:
        """Hang up without a word: the broker publishes the will."""
        connection = self._client.socket()
        assert connection is not None
        connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _told(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._done[mid] = reason
            self._changed.notify_all()

    def _wait(self, mid: int) -> Any:
        end_s = time.monotonic() + BOUND_S
        with self._changed:
            while mid not in self._done:
                left_s = end_s - time.monotonic()
                assert left_s > 0, "the broker does not answer"
                self._changed.wait(left_s)
            return self._done[mid]
