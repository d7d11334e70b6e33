"""The broker: the demo's own nats-server, which speaks MQTT 3.1.1 over JetStream, or one that is there already."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.demo.errors import SetupError
from bench.demo.processes import Children, program

HOST = "127.0.0.1"
START_S = 15.0
CONNECT_S = 0.3
REMEDY = "install the extra: pip install 'shelf-agent[demo]', or name a broker of yours with --broker mqtt://host:1883"


@dataclass(frozen=True)
class Broker:
    """Where it is."""

    host: str
    port: int
    own: bool  # started here, and gone with us

    @property
    def url(self) -> str:
        """As agent and resolver want it."""
        return f"mqtt://{self.host}:{self.port}"

    def reachable(self) -> bool:
        """Whether it takes connections."""
        try:
            socket.create_connection((self.host, self.port), CONNECT_S).close()
        except OSError:
            return False
        return True


def named_broker(url: str) -> Broker:
    """A broker of the user's.

    Raises:
        SetupError: no such address, or nobody is there.
    """
    found = re.fullmatch(r"mqtt://([A-Za-z0-9._-]+)(?::(\d{1,5}))?/?", url)
    if found is None or not 0 < int(found[2] or 1883) < 65536:
        raise SetupError(f"--broker: '{url}' is no address; write mqtt://host:1883")
    broker = Broker(found[1], int(found[2] or 1883), own=False)
    if not broker.reachable():
        raise SetupError(f"--broker: nobody takes connections at {broker.url}; start the broker, or leave --broker out")
    return broker


def own_broker(children: Children, folder: Path, wait: Callable[[Callable[[], bool], str, float], None]) -> Broker:
    """Start a nats-server that keeps all it has below `folder`; `wait` until it takes connections.

    Raises:
        SetupError: no nats-server is installed.
    """
    server = program("nats-server", REMEDY)
    port, mqtt_port = free_ports(2)
    config = folder / "nats.conf"
    # ack_wait: a message of QoS 1 that is not acknowledged comes again after so long
    config.write_text(
        f'server_name: "shelf-demo"\nlisten: "{HOST}:{port}"\n'
        f"jetstream {{ store_dir: {json.dumps(str(folder / 'jetstream'))}, max_file: 1GB, max_mem: 64MB }}\n"
        f'mqtt {{ listen: "{HOST}:{mqtt_port}", ack_wait: "2s" }}\n',
        encoding="utf-8",
    )
    children.start("broker", [server, "-c", config], {})
    broker = Broker(HOST, mqtt_port, own=True)
    wait(broker.reachable, "the broker takes no connections", START_S)
    return broker


def free_ports(count: int) -> list[int]:
    """TCP ports of the loopback that nobody uses now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
