"""Tells systemd how the service is (sd_notify(3)): one datagram on the socket that it names."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Says nothing where nobody listens."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        own = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 if own else 0.0
        self._last = ""

    def ready(self) -> None:
        self._send("READY=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`, sent on change."""
        if text != self._last:
            self._last = text
            self._send(f"STATUS={text}")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                sender.sendto(text.encode(), self._address)
            except OSError:
                self._address = ""  # nobody listens any more; systemd's own watchdog would notice
