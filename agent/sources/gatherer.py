"""One thread that reads all ports that work: waking up costs more than reading, so that it is done once for all, and
when who works on the bytes is about to do so."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from agent.sources.port import Port

LOOK_S = 5.0  # how often who waits for the thread looks whether it lives


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
    """Serves ports from its own thread: when it is asked to, and at least every `gather_s`."""

    def __init__(self, gather_s: float) -> None:
        self._gather_s = gather_s
        self._lock = threading.Lock()
        self._turn = threading.Condition()
        self._asked = self._done = 0  # readings
        self._services: list[_Service] = []
        self._thread: threading.Thread | None = None

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

    def gather(self, within_s: float) -> bool:
        """Have every port read now; False: it takes longer than this, as where a driver hangs."""
        with self._turn:
            if self._thread is None:
                return True
            self._asked += 1
            number = self._asked
            self._turn.notify_all()
            return self._turn.wait_for(lambda: self._done >= number or self._thread is None, within_s)

    def _run(self) -> None:
        while True:
            with self._turn:
                number = self._asked
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
            with self._turn:
                self._done = number
                self._turn.notify_all()
                if self._asked == number:
                    self._turn.wait(self._gather_s)
