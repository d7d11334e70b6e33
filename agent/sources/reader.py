"""One thread for each port: opens it, asks a silent board who it is, and takes the port up again for ever.

What works is read by one thread for all (`agent.sources.gatherer`); a port that hangs holds up only its own.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from agent.sources.gatherer import Gatherer, PromptPort
from agent.sources.port import Port, PortError, PortOpener
from agent.wire import FrameStream, Hello, OtherProtocol, Samples, identify

log = logging.getLogger(__name__)

READ_TIMEOUT_S = 0.1
IDENTIFY_AFTER_S = 1.0  # serial.md: without a SAMPLE
REOPEN_AFTER_S = 5.0  # serial.md
FIRST_WAIT_S, MAX_WAIT_S = 0.25, 5.0
HELD_BYTES = 512 * 1024  # six seconds of a board at full speed, before it has said who it is
LOOKED_BYTES = 128  # three SAMPLEs of eight channels; what comes byte by byte is looked at as one
PROBE_S = 8.0  # a port that was found is a board's if it says HELLO within this
MAX_WRITES = 64


class PortSink(Protocol):
    """Where bytes and faults of ports go; called from the readers' threads."""

    def bytes_came(self, source: str, data: bytes) -> None: ...
    def port_fault(self, source: str, fault: str, remedy: str) -> None: ...
    def port_recovered(self, source: str, fault: str) -> None: ...


class PortReader:
    """Reads a port until `stop`. `path` is the `source` of its bytes.

    `probing`: the port was found, not named: its bytes count only once a HELLO was among them, it tells no fault
    before that, and gives up where none comes (`finished`).
    """

    def __init__(
        self,
        path: str,
        sink: PortSink,
        opener: PortOpener,
        *,
        probing: bool = False,
        gatherer: Gatherer | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._gatherer = gatherer
        self._sink, self._opener, self._now_s = sink, opener, now_s
        self._probing = probing
        self._held: list[bytes] = []
        self._writes: deque[bytes] = deque(maxlen=MAX_WRITES)
        self._fault = ""
        self._frames = FrameStream()  # while probing
        self._end = b""  # of what came, while no SAMPLE is among it
        self._opened_s = 0.0
        self._heard_s = 0.0  # the last SAMPLE, or the opening
        self._asked_s = 0.0  # when IDENTIFY was sent last
        self._stop = threading.Event()
        self.is_board = not probing
        self.heartbeat_s = time.monotonic()  # the thread's last turn: opening and reading may hang in a driver
        self._thread = threading.Thread(target=self._run, name=f"port {path}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; `join` waits."""
        self._stop.set()

    def forget(self) -> None:
        """Stop for good: nobody waits for this port any more, and its fault is over."""
        self.stop()
        self._recovered()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    @property
    def in_fault(self) -> bool:
        """The port cannot be used at present."""
        return bool(self._fault)

    @property
    def finished(self) -> bool:
        """The thread has ended: stopped, or a found port that is no board's."""
        return not self._thread.is_alive()

    def write(self, data: bytes) -> None:
        """Send to the board with the next turn."""
        self._writes.append(data)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stop.is_set():
            self.heartbeat_s = time.monotonic()
            began_s = self._now_s()
            try:
                port = self._opener(self.path)
            except PortError as error:
                self._trouble(error)
            else:
                try:
                    self._read(port)
                except PortError as error:
                    self._trouble(error)
                finally:
                    port.close()
                if self._now_s() - began_s > REOPEN_AFTER_S + 1.0:
                    wait_s = FIRST_WAIT_S
            if self._probing:
                return
            self._stop.wait(wait_s * random.uniform(0.7, 1.0))
            wait_s = min(MAX_WAIT_S, wait_s * 2)

    def _read(self, port: Port) -> None:
        """Until the port breaks (PortError), is silent for too long, or the reader is stopped."""
        self._opened_s = self._heard_s = self._asked_s = self._now_s()
        self._frames, self._end = FrameStream(), b""
        port.write(identify())  # a board that ran on says HELLO at once, not only within five seconds
        while not self._stop.is_set():
            data = port.read(READ_TIMEOUT_S)
            if not self.take_in(port, data):
                return
            if data and self.is_board and self._gatherer is not None and isinstance(port, PromptPort):
                self._gatherer.serve(self, port)
                return

    def take_in(self, port: Port, data: bytes) -> bool:
        """Bytes of the port, or none for a while; False: the port is to be closed."""
        self.heartbeat_s = time.monotonic()
        now_s = self._now_s()
        if data:
            self._came(data, now_s)
            self._recovered()
        if self._stop.is_set() or (self._probing and now_s - self._opened_s > PROBE_S):
            return False
        self._nudge(port, now_s)
        if now_s - self._heard_s > REOPEN_AFTER_S:
            log.info("%s: no SAMPLE for %.0f s, opening it again", self.path, REOPEN_AFTER_S)
            return False
        return True

    def _came(self, data: bytes, now_s: float) -> None:
        if self._probing:
            for frame in self._frames.feed(data):
                if isinstance(frame, Samples):
                    self._heard_s = now_s
                elif self._probing and isinstance(frame, (Hello, OtherProtocol)):
                    self._probing, self.is_board = False, True
                    log.info("%s: board %s", self.path, frame.board_id)
        elif now_s - self._heard_s > IDENTIFY_AFTER_S / 2:  # one look in half a second tells whether SAMPLEs come
            self._end = (self._end + data)[-LOOKED_BYTES:]
            if any(isinstance(frame, Samples) for frame in FrameStream().feed(self._end)):
                self._heard_s, self._end = now_s, b""
        if self._probing:
            self._held.append(data)
            while sum(map(len, self._held)) > HELD_BYTES:
                self._held.pop(0)
            return
        for held in self._held:
            self._sink.bytes_came(self.path, held)
        self._held.clear()
        self._sink.bytes_came(self.path, data)

    def _nudge(self, port: Port, now_s: float) -> None:
        while self._writes:
            port.write(self._writes.popleft())
        quiet_s = now_s - self._heard_s
        if (self._probing or quiet_s > IDENTIFY_AFTER_S) and now_s - self._asked_s > IDENTIFY_AFTER_S:
            self._asked_s = now_s
            port.write(identify())

    def _trouble(self, error: PortError) -> None:
        if self._fault == error.fault or self._probing:
            return
        self._recovered()
        self._fault = error.fault
        log.warning("%s: %s", error, error.remedy)
        self._sink.port_fault(self.path, error.fault, f"{error}: {error.remedy}")

    def _recovered(self) -> None:
        if self._fault:
            fault, self._fault = self._fault, ""
            log.info("%s: back", self.path)
            self._sink.port_recovered(self.path, fault)
