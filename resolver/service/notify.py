"""Tells systemd that the service is ready, alive and stopping (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Says nothing where nobody listens. `alive` may be called as often as one likes."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        own = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._period_s = int(environ.get("WATCHDOG_USEC", "0")) / 4e6 if own else 0.0
        self._told_s = float("-inf")

    def ready(self) -> None:
        self._send("READY=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self, now_s: float) -> None:
        """The main loop turns; told four times within the watchdog's time."""
        if self._period_s and now_s - self._told_s >= self._period_s:
            self._told_s = now_s
            self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                sender.sendto(text.encode(), self._address)
            except OSError:
                self._address = ""  # nobody listens any more; systemd's own watchdog would notice
