"""Faults of the uplink: told to the service when they begin, and once when they end."""

from __future__ import annotations

import logging
from typing import Protocol

log = logging.getLogger(__name__)


class FaultHost(Protocol):
    """Who tells them on."""

    def uplink_fault(self, fault: str, remedy: str, *, recovered: bool) -> None: ...


class Troubles:
    """The faults that are open now."""

    def __init__(self, host: FaultHost) -> None:
        self._host = host
        self._open: set[str] = set()

    def __contains__(self, fault: str) -> bool:
        return fault in self._open

    def begin(self, fault: str, remedy: str) -> None:
        """It is there."""
        if fault not in self._open:
            self._open.add(fault)
            log.warning("%s: %s", fault, remedy)
            self._host.uplink_fault(fault, remedy, recovered=False)

    def end(self, fault: str) -> None:
        """It is not there any more, if it was."""
        if fault in self._open:
            self._open.discard(fault)
            log.info("%s is over", fault)
            self._host.uplink_fault(fault, "", recovered=True)
