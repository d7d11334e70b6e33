"""The connection to the broker, as far as a socket that only listens can tell."""

from __future__ import annotations

import socket
import time

from agent.settings import BrokerAddress
from agent.uplink.link import Credentials, MqttLink, Will

BOUND_S = 5.0


def test_what_is_published_does_not_wait_for_what_the_broker_has_not_acknowledged() -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        broker.settimeout(BOUND_S)
        address = BrokerAddress.parse(f"mqtt://127.0.0.1:{broker.getsockname()[1]}")
        link = MqttLink(address, "a", Will("t", "gone"), Credentials())
        link.start(lambda _event: None)
        connection, _ = broker.accept()
        try:
            connection.settimeout(BOUND_S)
            assert connection.recv(1) == b"\x10"  # CONNECT: the socket has been made ready by now
            own = link._client.socket()
            assert own is not None
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        finally:
            connection.close()
            began_s = time.monotonic()
            link.stop()
            assert time.monotonic() - began_s < BOUND_S
