"""`shelf-agent monitor`: a live view of the plates over MQTT: weight, stable, contents, faults, last events."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from agent.commands.errors import EXIT_DONE, CommandError, UsageError

if TYPE_CHECKING:
    from agent.operation.desk import Desk
    from agent.operation.screen import Screen

ONCE_S = 1.5
REDRAW_S = 0.5
PLAIN_COLUMNS = 200
USUAL_SIZE = (80, 24)
LEFT_OUT = ("record", "clock", "ports", "state", "log_level", "home_assistant")
_HOME_AND_CLEAR, _CLEAR_LINE = "\x1b[H\x1b[J", "\x1b[K"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `monitor`."""
    from agent.commands.flags import add_settings

    parser.add_argument("--for", metavar="S", dest="seconds", type=float, help="end by itself after so many seconds")
    parser.add_argument("--once", action="store_true", help="show the plates once and end")
    parser.add_argument("--lines", action="store_true", help="a line for each message (so too where no terminal is)")
    parser.add_argument("--json", action="store_true", help="a JSON object for each message: topic, payload")
    add_settings(parser, LEFT_OUT)


def run(arguments: argparse.Namespace) -> int:
    """Show until Ctrl-C, the end of --for, or the broker is gone."""
    from agent.commands.brokers import opened_desk
    from agent.commands.common import agent_of, read_store, store_path
    from agent.commands.flags import settings_of
    from agent.operation.screen import Screen

    if arguments.seconds is not None and not arguments.seconds > 0:
        raise UsageError("--for: seconds above 0")
    settings = settings_of(arguments)
    store = read_store(store_path(settings.store))
    agent = agent_of(store, settings.id) if settings.id is not None else "+"
    base = f"shelf/v1/{store.id}/agents/{agent}"
    desk = opened_desk(settings, store.id, [f"{base}/plates/+", f"{base}/status", f"{base}/events"])
    screen = Screen(store.id, store.items)
    seconds = ONCE_S if arguments.once and arguments.seconds is None else arguments.seconds
    end_s = float("inf") if seconds is None else time.monotonic() + seconds
    try:
        if arguments.once:
            _gather(desk, screen, end_s)
            width = _size()[0] if sys.stdout.isatty() else PLAIN_COLUMNS
            print("\n".join(screen.lines(width)))
        elif arguments.json or arguments.lines or not sys.stdout.isatty():
            _tell(desk, screen, end_s, as_json=arguments.json)
        else:
            _draw(desk, screen, end_s, str(settings.broker_address))
    finally:
        desk.close()
    return EXIT_DONE


def _gather(desk: Desk, screen: Screen, end_s: float) -> None:
    while (left_s := end_s - time.monotonic()) > 0:
        heard = desk.next(min(left_s, REDRAW_S))
        if heard is not None:
            screen.heard(heard.topic, heard.payload)


def _tell(desk: Desk, screen: Screen, end_s: float, *, as_json: bool) -> None:
    while time.monotonic() < end_s:
        _check(desk)
        heard = desk.next(min(REDRAW_S, max(end_s - time.monotonic(), 0.0)))
        if heard is None:
            continue
        if as_json:
            try:
                line = json.dumps({"topic": heard.topic, "payload": json.loads(heard.payload)})
            except ValueError:
                continue
            print(line, flush=True)
        elif (text := screen.heard(heard.topic, heard.payload)) is not None:
            print(text, flush=True)


def _draw(desk: Desk, screen: Screen, end_s: float, broker: str) -> None:
    drawn_s = float("-inf")
    while time.monotonic() < end_s:
        _check(desk)
        heard = desk.next(REDRAW_S / 4)
        if heard is not None:
            screen.heard(heard.topic, heard.payload)
        if time.monotonic() - drawn_s >= REDRAW_S:
            drawn_s = time.monotonic()
            columns, rows = _size()
            lines = [f"{broker}  (Ctrl-C ends)"[:columns], *screen.lines(columns)][: rows - 1]
            print(_HOME_AND_CLEAR + f"{_CLEAR_LINE}\n".join(lines), flush=True)


def _size() -> tuple[int, int]:
    """Columns and rows as they are now: $COLUMNS may be another terminal's, a serial console says 0."""
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    return columns or USUAL_SIZE[0], rows or USUAL_SIZE[1]


def _check(desk: Desk) -> None:
    if desk.lost:
        raise CommandError("the broker has hung up")
