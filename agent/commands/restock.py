"""`shelf-agent restock PLATE`: staff refills a plate, over MQTT: what is put there is no return and no purchase."""

from __future__ import annotations

import argparse
import contextlib
import select
import sys
import time
from typing import TYPE_CHECKING

from agent.commands.errors import EXIT_DONE, CommandError, UsageError

if TYPE_CHECKING:
    from agent.operation.desk import Desk
    from agent.operation.screen import Screen
    from agent.store import Store

LIMIT_S = 15 * 60  # messages.md: the agent ends it by itself
TURN_S = 0.2
LEFT_OUT = ("record", "clock", "ports", "state", "log_level", "home_assistant")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `restock`."""
    from agent.commands.flags import add_settings

    parser.add_argument("plate", metavar="PLATE", help="plate of the store file")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--for", metavar="S", dest="seconds", type=float, help="end after so many seconds, at most 900")
    how.add_argument("--begin", action="store_true", help="begin and return; it ends by --end, or after 15 minutes")
    how.add_argument("--end", action="store_true", help="end what --begin began")
    parser.add_argument(
        "--contents", metavar="SKU=N", nargs="+", default=[], help="at the end: all that stands on the plate now"
    )
    add_settings(parser, LEFT_OUT)


def run(arguments: argparse.Namespace) -> int:
    """Begin, show what is put, end at Enter (or Ctrl-C, or the end of --for)."""
    from agent.commands.brokers import opened_desk
    from agent.commands.common import agent_of, read_store, store_path
    from agent.commands.flags import settings_of
    from agent.messages import Topics
    from agent.operation.errors import OperationError
    from agent.operation.screen import Screen

    settings = settings_of(arguments)
    store = read_store(store_path(settings.store))
    agent = _agent(store, arguments.plate)
    if settings.id is not None and agent_of(store, settings.id) != agent:
        raise UsageError(f"plate {arguments.plate} belongs to agent {agent}, not to {settings.id}")
    contents = _contents(store, arguments.contents)
    if contents and arguments.begin:
        raise UsageError("--contents goes with the end, not with --begin")
    if arguments.seconds is not None and not 0 < arguments.seconds <= LIMIT_S:
        raise UsageError(f"--for: above 0, up to {LIMIT_S} s")
    topics = Topics(store.id)
    desk = opened_desk(settings, store.id, [topics.replies(agent), topics.events(agent)])
    try:
        if not arguments.end:
            _order(desk, agent, "restock-begin", arguments.plate)
            if arguments.begin:
                _say(f"plate {arguments.plate} is being restocked, for {LIMIT_S // 60} minutes at most")
                return EXIT_DONE
            try:
                _show(desk, Screen(store.id, store.items), arguments.plate, arguments.seconds)
            finally:
                _order(desk, agent, "restock-end", arguments.plate)
        else:
            _order(desk, agent, "restock-end", arguments.plate)
        if contents:
            _order(desk, agent, "set-contents", arguments.plate, contents=contents)
    except OperationError as error:
        raise CommandError(str(error)) from None
    finally:
        desk.close()
    _say(f"plate {arguments.plate} is open to shoppers again")
    return EXIT_DONE


def _agent(store: Store, plate: str) -> str:
    if plate not in store.plates:
        raise UsageError(f"no plate {plate!r} in the store file; it has: {', '.join(store.plates)}")
    return store.plates[plate].agent


def _contents(store: Store, words: list[str]) -> dict[str, int]:
    contents: dict[str, int] = {}
    for word in words:
        sku, equals, number = word.rpartition("=")
        if not equals or not number.isdigit():
            raise UsageError(f"--contents: {word!r}; write SKU=N, such as 5449000000996=8")
        if sku not in store.items:
            raise UsageError(f"--contents: {sku!r} is not sold here; the store file has: {', '.join(store.items)}")
        contents[sku] = int(number)
    return contents


def _order(desk: Desk, agent: str, command: str, plate: str, **more: object) -> None:
    reply = desk.order(agent, command, plate=plate, **more)
    if reply.result != "done":
        raise CommandError(f"agent {agent} answers {command} with {reply.result}: {reply.reason}")


def _show(desk: Desk, screen: Screen, plate: str, seconds: float | None) -> None:
    """What happens on the plate, until somebody says that it is done."""
    until = "press Enter when it is done" if seconds is None else f"for {seconds:.0f} s"
    _say(f"plate {plate}: staff mode is on, {until}")
    end_s = time.monotonic() + (LIMIT_S if seconds is None else seconds)
    listening = seconds is None
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C says that it is done, too
        while time.monotonic() < end_s:
            if desk.lost:
                raise CommandError("the broker has hung up; the agent ends staff mode by itself after 15 minutes")
            heard = desk.next(TURN_S)
            text = screen.heard(heard.topic, heard.payload) if heard is not None and "/events" in heard.topic else None
            if text is not None and f" {plate} " in text:
                print(text, flush=True)
            if listening and select.select([sys.stdin], [], [], 0)[0]:
                sys.stdin.readline()
                return


def _say(text: str) -> None:
    print(f"shelf-agent restock: {text}", file=sys.stderr, flush=True)
