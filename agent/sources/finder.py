"""Finds boards where no ports are named: every USB serial port that answers with HELLO."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from agent.sources.gatherer import Gatherer
from agent.sources.port import PortOpener
from agent.sources.reader import PortReader, PortSink

log = logging.getLogger(__name__)

SCAN_PERIOD_S = 2.0
ASK_AGAIN_S = 60.0  # a port that was no board's, while it stays plugged in
FORGET_S = 10.0  # a board's port that is no longer there; the board may come back under another name


def usb_ports() -> list[str]:
    """The USB serial ports of this machine."""
    from serial.tools.list_ports import comports  # noqa: PLC0415 # slow to import, needed only here

    return sorted(port.device for port in comports() if port.vid is not None)


class PortFinder:
    """Keeps a reader for each USB serial port. `turn` is called about every second."""

    def __init__(
        self,
        sink: PortSink,
        opener: PortOpener,
        scan: Callable[[], list[str]] = usb_ports,
        now_s: Callable[[], float] = time.monotonic,
        gatherer: Gatherer | None = None,
    ) -> None:
        self._gatherer = gatherer
        self._sink, self._opener, self._scan, self._now_s = sink, opener, scan, now_s
        self._readers: dict[str, PortReader] = {}
        self._no_board: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._scanned_s = float("-inf")

    @property
    def readers(self) -> list[PortReader]:
        return list(self._readers.values())

    def turn(self) -> None:
        """Look what is plugged in; begin and end readers."""
        now_s = self._now_s()
        if now_s - self._scanned_s < SCAN_PERIOD_S:
            return
        self._scanned_s = now_s
        there = self._scan()
        for path in there:
            self._seen[path] = now_s
        self._no_board = {path: at_s for path, at_s in self._no_board.items() if path in there}
        for path, reader in list(self._readers.items()):
            if reader.finished:
                del self._readers[path]
                self._no_board[path] = now_s
            elif now_s - self._seen.get(path, now_s) > FORGET_S:
                log.info("%s is no longer there", path)
                reader.forget()
                del self._readers[path]
        for path in there:
            if path not in self._readers and now_s - self._no_board.get(path, float("-inf")) > ASK_AGAIN_S:
                self._readers[path] = PortReader(path, self._sink, self._opener, probing=True, gatherer=self._gatherer)
                self._readers[path].start()
