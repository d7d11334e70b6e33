"""Plates read straight from their ports, for the commands that work on the hardware."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.commands.errors import CommandError, UsageError

if TYPE_CHECKING:
    from agent.operation.live import LivePlates
    from agent.settings import AgentSettings
    from agent.store import Plate, Store


def plate_of(store: Store, agent: str, name: str) -> Plate:
    """A plate of this agent.

    Raises:
        UsageError: it has none of this name.
    """
    plates = {plate.id: plate for plate in store.plates_of(agent)}
    if name not in plates:
        raise UsageError(f"no plate {name!r} of agent {agent}; it has: {', '.join(plates)}")
    return plates[name]


@contextmanager
def live_plates(settings: AgentSettings, plates: list[Plate]) -> Iterator[LivePlates]:
    """The plates, delivering.

    Raises:
        CommandError: a board does not answer, or another program holds the port.
    """
    from agent.operation.errors import OperationError
    from agent.operation.live import LivePlates
    from agent.sources.capture import Listener
    from agent.sources.finder import usb_ports
    from agent.sources.opener import open_port

    listener = Listener(settings.ports if settings.ports is not None else usb_ports(), open_port)
    listener.start()
    try:
        live = LivePlates(listener)
        try:
            live.wait(plates)
        except OperationError as error:
            raise CommandError(str(error)) from None
        yield live
    finally:
        listener.stop()
