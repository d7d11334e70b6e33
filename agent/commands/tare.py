"""`shelf-agent tare PLATE...`: what rests on the plate now counts as nothing. Refuses an unquiet one."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from agent.commands.errors import EXIT_DONE, EXIT_FAILED, CommandError, UsageError

if TYPE_CHECKING:
    from agent.operation.live import LivePlates
    from agent.settings import AgentSettings
    from agent.store import Plate, Store

WAIT_S = 10.0
TURN_S = 0.1
LEFT_OUT = ("record", "clock", "log_level", "home_assistant")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `tare`."""
    from agent.commands.flags import add_settings

    parser.add_argument("plates", metavar="PLATE", nargs="*", default=[], help="plates of the store file")
    parser.add_argument("--all", action="store_true", help="every plate of this agent")
    parser.add_argument("--wait", metavar="S", type=float, default=WAIT_S, help="for a plate to be quiet (10)")
    parser.add_argument("--live", action="store_true", help="ask the running agent over MQTT, in place of the ports")
    add_settings(parser, LEFT_OUT)


def run(arguments: argparse.Namespace) -> int:
    """Tare; exit 1 where a plate was refused, the others are tared all the same."""
    from agent.commands.calibrations import require_writable
    from agent.commands.common import agent_of, read_store, store_path
    from agent.commands.flags import settings_of
    from agent.commands.live import live_plates, plate_of

    if bool(arguments.plates) == arguments.all:
        raise UsageError("name plates, or say --all")
    if not arguments.wait > 0:
        raise UsageError("--wait: seconds above 0")
    settings = settings_of(arguments)
    assert settings.state is not None
    store = read_store(store_path(settings.store), settings.state)
    agent = agent_of(store, settings.id)
    names = [plate.id for plate in store.plates_of(agent)] if arguments.all else arguments.plates
    plates = [plate_of(store, agent, name) for name in dict.fromkeys(names)]
    if arguments.live:
        return _ask(settings, store, agent, plates)
    require_writable(settings.state)
    with live_plates(settings, plates) as live:
        refused = _tare(settings, live, plates, arguments.wait)
    return EXIT_FAILED if refused else EXIT_DONE


def _tare(settings: AgentSettings, live: LivePlates, plates: list[Plate], wait_s: float) -> bool:
    import numpy as np

    from agent.calibration import Stillness
    from agent.commands.calibrations import merge
    from agent.commands.progress import Progress
    from agent.operation.errors import OperationError

    assert settings.state is not None
    still = {plate.id: Stillness(np.array([cell.counts_per_gram for cell in plate.cells])) for plate in plates}
    why = dict.fromkeys(still, "too few conversions come")
    progress = Progress("tare", "waiting until the plates are quiet; nobody touches them", wait_s)
    began_s = time.monotonic()
    waiting = list(plates)
    while waiting and (passed_s := time.monotonic() - began_s) < wait_s:
        progress.at(passed_s)
        time.sleep(TURN_S)
        for plate in list(waiting):
            try:
                still[plate.id].feed(*live.rows(plate))
            except OperationError as error:
                raise CommandError(str(error)) from None
            if not still[plate.id].full:
                continue
            reading = still[plate.id].reading()
            why[plate.id] = reading.unquiet
            if reading.unquiet:
                continue
            waiting.remove(plate)
            zeros = reading.counts.tolist()
            merge(settings.state, [(c, z, c.counts_per_gram) for c, z in zip(plate.cells, zeros, strict=True)])
            moved_g = sum((z - c.zero_counts) / c.counts_per_gram for c, z in zip(plate.cells, zeros, strict=True))
            print(f"plate {plate.id}: tared, its zero moved by {moved_g:+.1f} g", flush=True)
    progress.end()
    for plate in waiting:
        print(f"shelf-agent tare: plate {plate.id} refused: {why[plate.id]}", file=sys.stderr)
    return bool(waiting)


def _ask(settings: AgentSettings, store: Store, agent: str, plates: list[Plate]) -> int:
    from agent.commands.brokers import opened_desk
    from agent.messages import Topics
    from agent.operation.errors import OperationError

    desk = opened_desk(settings, store.id, [Topics(store.id).replies(agent)])
    refused = False
    try:
        for plate in plates:
            reply = desk.order(agent, "tare", plate=plate.id)
            if reply.result == "done":
                print(f"plate {plate.id}: tared", flush=True)
            else:
                refused = True
                print(f"shelf-agent tare: plate {plate.id} {reply.result}: {reply.reason}", file=sys.stderr)
    except OperationError as error:
        raise CommandError(str(error)) from None
    finally:
        desk.close()
    return EXIT_FAILED if refused else EXIT_DONE
