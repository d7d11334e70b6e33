"""Real parts for the end-to-end tests."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_BOUND_S = 10.0
STOP_BOUND_S = 20.0  # it writes what it keeps


class Mosquitto:
    """A mosquitto of one's own on a free port; keeps its persistent sessions over stop and start."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\nmax_queued_messages 0\n"
            f"persistence_location {folder}/\nuser root\nlog_dest none\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        self._process = subprocess.Popen(["mosquitto", "-c", str(self._config)])
        end = time.monotonic() + START_BOUND_S
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                assert self._process.poll() is None, "mosquitto ended at its start"
                time.sleep(0.02)
        raise AssertionError(f"mosquitto takes no connections within {START_BOUND_S} s")

    def stop(self) -> None:
        """End it; sessions and retained messages are kept for the next start."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STOP_BOUND_S)
            self._process = None


def free_port() -> int:
    """A TCP port on the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker, running."""
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    yield broker
    broker.stop()
