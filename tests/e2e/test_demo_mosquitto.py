"""The whole chain on a real mosquitto: pty, agent, broker, resolver, right receipts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

BENCH = Path(sys.executable).parent / "shelf-bench"
RUN_BOUND_S = 150.0
LISTEN_S = 0.5


class Broker(Protocol):
    url: str
    port: int


def run(folder: Path, broker: Broker, *arguments: str) -> str:
    done = subprocess.run(
        [BENCH, "demo", "--for", "22s", "--broker", broker.url, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
        timeout=RUN_BOUND_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 wrong" in done.stdout
    assert "(yours)" in done.stdout
    return done.stdout


def retained(broker: Broker) -> list[str]:
    """Topics on which something is retained."""
    topics: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _user, message: topics.append(message.topic)
    client.connect("127.0.0.1", broker.port)
    client.subscribe("#", 1)
    end_s = time.monotonic() + LISTEN_S
    while time.monotonic() < end_s:
        client.loop(0.1)
    client.disconnect()
    return topics


def test_a_right_receipt_by_mosquitto_and_nothing_retained(tmp_path: Path, mosquitto: Broker) -> None:
    (tmp_path / "tmp").mkdir()
    assert "virtual, on ptys" in run(tmp_path / "tmp", mosquitto)
    assert retained(mosquitto) == []
    assert list((tmp_path / "tmp").iterdir()) == []
