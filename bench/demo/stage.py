"""Puts the demo together and takes it down again: broker, boards, agent, resolver, shop."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import signal
import socket
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import numpy as np

from bench.board.port import PtyPort
from bench.board.running import Running, virtual_boards
from bench.board.shelf import Shelf
from bench.board.simavr import RECORD_S
from bench.demo import telling
from bench.demo.book import Book
from bench.demo.broker import HOST, Broker, free_ports, named_broker, own_broker
from bench.demo.errors import PartFailedError, SetupError, StoppedError
from bench.demo.line import CONNECT_S, Line
from bench.demo.processes import Children, program, wait_until
from bench.demo.shopfloor import ShopFloor
from bench.demo.simavr import simavr_boards
from bench.demo.store import demo_shop, fresh
from bench.families.world import World
from bench.physics.parameters import ROOMS
from bench.shop.storefile import store_toml

AGENT = "a1"
READY_S = 45.0  # agent and resolver on a slow, busy machine
USUAL_PAGE = f"{HOST}:8080"
PAGE_ANSWERS_S = 1.0
PAGE_TRIES = 3
SETUP_REMEDY = "run `make setup`, or install this project with its extra `demo`"


@dataclass(frozen=True)
class Options:
    """What a user may say. `seconds` of shopping, None: until stopped; `listen` is the page's address:port or None."""

    seconds: float | None = None
    seed: int = 1
    broker: str | None = None
    listen: str | None = None
    room: str = "default"
    board: str = "virtual"
    keep: Path | None = None


class Stage:
    """Everything that runs. `close` leaves no process and no file behind."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._signals: list[int] = []
        self._undo = contextlib.ExitStack()
        self.folder = self._folder()
        self.grounds = Children(self.folder)  # broker and simulated boards
        self._undo.callback(self.grounds.stop)
        self.services = Children(self.folder)  # agent and resolver: ended first, while all they need is still there

    def close(self) -> None:
        """Take all down, what came last first. Signals no longer hurry it."""
        self._undo.close()

    def watch_signals(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal end the demo in order."""

        def stop(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)

    def check(self) -> None:
        """Raises StoppedError after a signal, PartFailedError where a part has ended."""
        if self._signals:
            raise StoppedError(self._signals[0])
        self.grounds.check()
        self.services.check()

    def run(self) -> Book:
        """Set up, shop, and give the figures."""
        options = self.options
        for module in ("starlette", "uvicorn"):
            if find_spec(module) is None:
                raise SetupError(f"no {module} here, which the page needs; {SETUP_REMEDY}")
        agent_program, resolver_program = program("shelf-agent", SETUP_REMEDY), program("shelf-resolver", SETUP_REMEDY)
        page_address(options.listen)  # what is wrong with it is said before anything is started
        broker = named_broker(options.broker) if options.broker else own_broker(self.grounds, self.folder, self._wait)
        rng = fresh(options.seed)
        shop = demo_shop("demo" if broker.own else f"demo-{secrets.token_hex(3)}", rng)
        store = self.folder / "store.toml"
        store.write_text(store_toml(shop), encoding="utf-8")
        world = World(shop, ROOMS[options.room], rng)
        line = Line(broker, shop.id)
        line.open()
        self._undo.callback(line.close)
        self._wait(lambda: line.answered, "the broker does not answer", CONNECT_S)
        if line.refused:
            raise SetupError(
                f"--broker: {broker.url} refuses us: {line.refused}; it must take clients without a password"
            )
        running, shelf = self._boards(world, rng)
        agent = {
            "STORE": str(store),
            "PORTS": json.dumps([board.path for board in running.boards]),
            "BROKER": broker.url,
            "STATE": str(self.folder / "agent"),
            "CLOCK": "host",  # agent, resolver and door share this machine's clock
        }
        if options.keep is not None:
            agent["RECORD"] = str(self.folder / "recording.mcap")
        self._undo.callback(self.services.stop)
        self.services.start("agent", [agent_program, "run"], _settings("SHELF_AGENT_", agent))
        page = self._start_resolver(resolver_program, store, broker)
        self._introduce(page, broker)
        self._await_ready(line, page)
        telling.say(f"{telling.clock()}  the shop is open")
        floor = ShopFloor(world, shelf, running, line, AGENT, options.seconds, options.seed)
        try:
            floor.run(lambda: self._check_all(running))
        finally:
            telling.say()
            telling.say("\n".join(telling.summary(floor.book, running.now_s())))
        return floor.book

    # --- parts -----------------------------------------------------------------------------------------------------

    def _folder(self) -> Path:
        """Where all that is written goes: a temporary folder that we remove, or the one to keep."""
        keep = self.options.keep
        if keep is None:
            folder = Path(tempfile.mkdtemp(prefix="shelf-demo-"))
            self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
            return folder
        try:
            keep.mkdir(parents=True)
        except FileExistsError:
            raise SetupError(f"--keep: {keep} is there already; name a new folder") from None
        except OSError as error:
            raise SetupError(f"--keep: {keep}: {(error.strerror or str(error)).lower()}") from None
        return keep.absolute()

    def _boards(self, world: World, rng: np.random.Generator) -> tuple[Running, Shelf]:
        room = ROOMS[self.options.room]
        simulated = self.options.board == "simavr"
        shelf = Shelf(world.shop, world.past, room, rng, RECORD_S if simulated else None)
        if simulated:
            boards = simavr_boards(self.grounds, world.shop.boards, self._wait)
        else:
            ports = {}
            for board in world.shop.boards:
                ports[board] = PtyPort()
                self._undo.callback(ports[board].close)
            boards = virtual_boards(shelf, room, ports, rng)
        running = Running(shelf, boards)
        self._undo.callback(running.stop)
        running.start()
        return running, shelf

    def _start_resolver(self, command: Path, store: Path, broker: Broker) -> str:
        """Start it; the address of its page. Another program may take a port between our look and its start."""
        for tries_left in reversed(range(PAGE_TRIES)):
            page = page_address(self.options.listen, usual=tries_left == PAGE_TRIES - 1)
            values = {
                "STORE": str(store),
                "BROKER": broker.url,
                "STATE": str(self.folder / "resolver"),
                "LISTEN": page,
            }
            child = self.services.start("resolver", [command, "run"], _settings("SHELF_RESOLVER_", values))
            try:
                self._wait(child.says("page on http"), "the resolver opens no page", READY_S)
                return page
            except PartFailedError:
                if not tries_left or self.options.listen is not None or not child.ended:
                    raise
                self.services.end(child)
        raise AssertionError("the last try returns or raises")

    def _check_all(self, running: Running) -> None:
        self.check()
        if running.failure is not None:
            raise PartFailedError(f"the virtual boards have failed: {running.failure!r}")

    def _wait(self, ready: Callable[[], bool], what: str, bound_s: float) -> None:
        wait_until(ready, what, self.check, bound_s)

    def _await_ready(self, line: Line, page: str) -> None:
        """Until the agent measures every plate and the resolver listens."""
        try:
            self._wait(lambda: _measures(line), "the agent does not measure every plate", READY_S)
            self._wait(lambda: _knows_agent(page), "the resolver does not hear the agent", READY_S)
        except PartFailedError as error:
            if not error.tail:
                error.tail = self.services.tails()
            raise

    def _introduce(self, page: str, broker: Broker) -> None:
        options = self.options
        telling.say(f"page      http://{page}/")
        telling.say(f"broker    {broker.url} ({'nats-server, started here' if broker.own else 'yours'})")
        telling.say(f"boards    2, {options.board}, on ptys; goods, cells and hands of seed {options.seed}")
        telling.say(
            f"ends      {'with Ctrl-C' if options.seconds is None else f'after {options.seconds:g} s of shopping'}"
        )
        telling.say()


def page_address(listen: str | None, usual: bool = True) -> str:
    """Where the page will be: what the user names, else (where `usual`) the usual address, else any that is free.

    Raises:
        SetupError: what the user names is no address, or taken.
    """
    if listen is None and not usual:
        return f"{HOST}:{free_ports(1)[0]}"
    host, _, port = (listen or USUAL_PAGE).rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise SetupError(f"--listen: '{listen}' is no address; write 127.0.0.1:8080")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            if listen is not None:
                reason = (error.strerror or str(error)).lower()
                raise SetupError(f"--listen: {listen}: {reason}; name another address, or leave --listen out") from None
            return f"{HOST}:{free_ports(1)[0]}"
    return f"{host}:{port}"


def _settings(prefix: str, values: dict[str, str]) -> dict[str, str]:
    return {prefix + name: value for name, value in values.items()}


def _measures(line: Line) -> bool:
    """Whether a watermark has come in which no plate is blind."""
    while not line.heard.empty():
        heard = line.heard.get()
        if heard.topic.endswith("/watermark") and not heard.body["data"]["blind"]:
            return True
    return False


def _knows_agent(page: str) -> bool:
    """Whether the page's first picture shows the agent: then the resolver's subscriptions stand."""
    try:
        with urllib.request.urlopen(f"http://{page}/events", timeout=PAGE_ANSWERS_S) as stream:
            for _ in range(10):
                text = stream.readline().decode()
                if text.startswith("data: "):
                    return AGENT in json.loads(text.removeprefix("data: "))["agent"]
    except (OSError, ValueError):
        return False
    return False
