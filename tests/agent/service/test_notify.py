"""systemd is told over its socket; nobody there is no error."""

from __future__ import annotations

import socket
from pathlib import Path

from agent.service.notify import Notifier


def test_what_is_said_arrives_and_a_status_once(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(1.0)
        notifier = Notifier({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "30000000"})
        notifier.ready()
        notifier.status("all well")
        notifier.status("all well")
        notifier.alive()
        assert [listener.recv(100) for _ in range(3)] == [b"READY=1", b"STATUS=all well", b"WATCHDOG=1"]
        assert notifier.watchdog_s == 30.0


def test_without_systemd_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog_s == 0.0
    Notifier({"NOTIFY_SOCKET": "/nonexistent/socket"}).ready()
    assert Notifier({"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"}).watchdog_s == 0.0
