"""The resolver's connection against a broker of a few lines, which does what real ones do only now and then."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from resolver.link import Address, Link

BOUND_S = 10.0
STATUS, EVENTS = "shelf/v1/s/agents/+/status", "shelf/v1/s/agents/+/events"
TOPIC, HELD = b"shelf/v1/s/agents/a1/status", b"held"
CONNECT, SUBSCRIBE = 1, 8
CONNACK = bytes([0x20, 3, 0, 0, 0])


class Forgetful:
    """MQTT 5. The first subscription of a connection is answered without the message that is retained."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.subscribed: queue.Queue[list[str]] = queue.Queue()
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _run(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as stream:
            first = True
            while head := stream.read(1):
                length = ord(stream.read(1) or b"\0")  # what a link says is shorter than 128 bytes
                body = stream.read(length) or b""
                if head[0] >> 4 == CONNECT:
                    stream.write(CONNACK)
                elif head[0] >> 4 == SUBSCRIBE:
                    topics = _topics(body)
                    stream.write(bytes([0x90, 3 + len(topics), *body[:2], 0, *(1 for _ in topics)]))
                    if not first:
                        stream.write(bytes([0x31, 3 + len(TOPIC) + len(HELD), 0, len(TOPIC)]) + TOPIC + b"\0" + HELD)
                    first = False
                    self.subscribed.put(topics)


def _topics(subscribe: bytes) -> list[str]:
    """The filters of a SUBSCRIBE: number, properties (none), then each with its length and options."""
    found, at = [], 3
    while at < len(subscribe):
        length = int.from_bytes(subscribe[at : at + 2])
        found.append(subscribe[at + 2 : at + 2 + length].decode())
        at += 3 + length
    return found


def wait_for(ready: Callable[[], bool]) -> None:
    end_s = time.monotonic() + BOUND_S
    while not ready():
        assert time.monotonic() < end_s
        time.sleep(0.01)


@pytest.fixture
def broker() -> Iterator[Forgetful]:
    made = Forgetful()
    yield made
    made.close()


def test_a_retained_message_that_the_broker_lost_for_us_is_asked_for_again(broker: Forgetful) -> None:
    said: list[str] = []
    subscriptions, retained = [(STATUS, 1), (EVENTS, 1)], [(STATUS, 1)]
    link = Link(Address("127.0.0.1", broker.port), "shelf-s-resolver", subscriptions, said.append, retained, (0.1,))
    link.start()
    try:
        assert broker.subscribed.get(timeout=BOUND_S) == [STATUS, EVENTS]
        assert broker.subscribed.get(timeout=BOUND_S) == [STATUS]
        own = link._client.socket()
        assert own is not None
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)  # small messages are not held back
        incoming = link.incoming.get(timeout=BOUND_S)
        assert (incoming.topic.encode(), incoming.payload, incoming.retain) == (TOPIC, HELD, True)
    finally:
        link.stop()
    assert [text for text in said if "refuses" in text] == []


def test_an_error_of_its_own_is_kept_for_the_service_to_end_with(broker: Forgetful) -> None:
    def say(text: str) -> None:
        raise BrokenPipeError(text)

    link = Link(Address("127.0.0.1", broker.port), "shelf-s-resolver", [(STATUS, 1)], say)
    link.start()
    try:
        wait_for(lambda: link.failure is not None)
        assert isinstance(link.failure, BrokenPipeError)
    finally:
        link.stop()


def test_a_broker_of_3_1_1_that_hangs_up_on_version_5_is_spoken_to_though_it_came_late() -> None:
    said: list[str] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        link = Link(Address(*listener.getsockname()), "shelf-s-resolver", [(STATUS, 1)], said.append)
        link.start()
        try:
            wait_for(lambda: any("is not there" in text for text in said))
            listener.listen()
            listener.settimeout(BOUND_S)
            while not link.connected.is_set():
                connection, _ = listener.accept()
                with connection:
                    if connection.recv(1000)[8] == 4:  # the version in CONNECT
                        connection.sendall(bytes([0x20, 2, 0, 0]))
                        wait_for(link.connected.is_set)
        finally:
            link.stop()
    assert "(MQTT 3.1.1)" in said[-1]
