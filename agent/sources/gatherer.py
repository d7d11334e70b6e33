"""One thread that reads all ports that work: waking up costs more than reading, so that it is done once for all, and
when who works on the bytes is about to do so."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from agent.sources.port import Port

LOOK_S = 5.0  # how often who waits for the thread looks whether it lives
EARLY_S, LATE_S = 0.003, 0.0003  # a reading that is planned so near to what is asked for serves as well


@runtime_checkable
class PromptPort(Port, Protocol):
    """A port that can be asked without waiting."""

    def read_now(self) -> bytes:
        """What is there; PortError where the port is gone."""


class Served(Protocol):
    """Who has a port served."""

    def take_in(self, port: Port, data: bytes) -> bool:
        """Bytes, or none; False: it is enough. PortError where the port is gone."""


@dataclass(eq=False)
class _Service:
    who: Served
    port: PromptPort
    over: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class Gatherer:
    """Serves ports from its own thread: when it is asked to, and else every `gather_s`. Times are `time.monotonic`'s.

    Who asks for each reading at that pace wakes nobody: the thread has planned it already.
    """

    def __init__(self, gather_s: float) -> None:
        self._gather_s = gather_s
        self._lock = threading.Lock()
        self._turn = threading.Condition()
        self._planned_s = 0.0  # the next reading
        self._read_s = float("-inf")  # readings that were planned up to here are done
        self._services: list[_Service] = []
        self._thread: threading.Thread | None = None
        self.took_s = 0.0  # how long reading took of late

    def serve(self, who: Served, port: PromptPort) -> None:
        """Until `who` has enough; what `who` or the port raises is raised here."""
        service = _Service(who, port)
        with self._lock:
            self._services.append(service)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="ports", daemon=True)
                self._thread.start()
            thread = self._thread
        while not service.over.wait(LOOK_S):
            if not thread.is_alive():
                raise RuntimeError("the thread that reads the ports has ended")
        if service.error is not None:
            raise service.error

    def gather_at(self, t_s: float) -> float:
        """Have every port read at this instant; what `gathered` is to be asked for."""
        with self._turn:
            if not -EARLY_S <= self._planned_s - t_s <= LATE_S:
                self._planned_s = t_s
                self._turn.notify_all()
            return self._planned_s

    def gathered(self, planned_s: float, within_s: float) -> bool:
        """Wait for a reading; False: it takes longer than this, as where a driver hangs."""
        with self._turn:
            return self._turn.wait_for(lambda: self._read_s >= planned_s or self._thread is None, within_s)

    def gather(self, within_s: float) -> bool:
        """Have every port read now, and wait for it."""
        return self.gathered(self.gather_at(time.monotonic()), within_s)

    def _run(self) -> None:
        while True:
            began_s = time.monotonic()
            with self._turn:
                planned_s = self._planned_s
            with self._lock:
                services = list(self._services)
                if not services:
                    self._thread = None
                    return
            for service in services:
                try:
                    if service.who.take_in(service.port, service.port.read_now()):
                        continue
                except BaseException as error:  # noqa: BLE001 # raised again where the port is served
                    service.error = error
                with self._lock:
                    self._services.remove(service)
                service.over.set()
            took_s = time.monotonic() - began_s
            self.took_s = max(took_s, (self.took_s + took_s) / 2)
            with self._turn:
                self._read_s = planned_s
                if self._planned_s <= planned_s:
                    following_s = planned_s + self._gather_s
                    self._planned_s = following_s if following_s > began_s else began_s + self._gather_s
                self._turn.notify_all()
                while (left_s := self._planned_s - time.monotonic()) > 0:
                    self._turn.wait(left_s)
