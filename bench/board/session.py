"""Boards run by hand: acts come as lines, the truth goes out as lines."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TextIO

import numpy as np

from bench.board.chips import Trouble
from bench.board.port import PortPathError, PtyPort
from bench.board.running import Running, virtual_boards
from bench.board.shelf import Shelf
from bench.families.shopper import Shopper
from bench.families.world import Unit, World
from bench.physics import hands
from bench.physics.parameters import ROOMS
from bench.shop.model import Shop

LEAD_S = 0.6  # an act begins so long after it was asked for: presses come before the weight moves
PLANNED_AHEAD_S = 4.0
CLEARING_S = 2.0  # within which a plate is cleared
MOST_UNITS = 20
MOST_GRAMS, MOST_SECONDS = 50_000.0, 120.0
WAITING_LINES = 100
TURN_S = 0.1
INTERRUPTED = 130


class ActError(ValueError):
    """A line that is no act; the text says what is wrong."""


class BoardSession:
    """The boards of a store on ptys, and hands that do what they are told."""

    def __init__(self, shop: Shop, room: str, seed: int, links: Path | None) -> None:
        """`room` names the conditions; `links` is a folder for links to the ports.

        Raises:
            PortPathError: a link cannot be made.
        """
        rng = np.random.default_rng(seed)
        self.shop = shop
        self.world = World(shop, ROOMS[room], rng)
        self.shelf = Shelf(shop, self.world.past, ROOMS[room], rng)
        self.ports: dict[str, PtyPort] = {}
        if links is not None:
            try:
                links.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PortPathError(f"{links}: {(error.strerror or str(error)).lower()}; name a folder") from None
        try:
            for board in shop.boards:
                self.ports[board] = PtyPort(links / board if links is not None else None)
        except PortPathError:
            for port in self.ports.values():
                port.close()
            raise
        self.running = Running(self.shelf, virtual_boards(self.shelf, ROOMS[room], self.ports, rng))
        self._weights: dict[str, Unit] = {}  # what `weight` set down, by plate
        self.shopper = Shopper(self.world, "shopper", 0.0)

    def act(self, line: str) -> None:
        """Carry out a line.

        Raises:
            ActError
        """
        words = line.split()
        acts = {
            "pick": self._pick,
            "put": self._put,
            "clear": self._clear,
            "weight": self._weight,
            "lift": self._lift,
            "press": self._press,
            "trouble": self._trouble,
        }
        if words[0] not in acts:
            raise ActError(f"{words[0]!r} is no act; there are {', '.join(acts)}")
        acts[words[0]](words[1:])
        self.flush()

    def shop_on(self) -> None:
        """The shopper plans what comes next."""
        self.shopper.clock_s = max(self.shopper.clock_s, self.running.now_s() + LEAD_S)
        while self.shopper.clock_s < self.running.now_s() + PLANNED_AHEAD_S:
            before_s = self.shopper.clock_s
            if self.world.rng.random() < 0.5:
                self.shopper.single()
            else:
                self._give_back()
            if self.shopper.clock_s == before_s:
                self.shopper.walk()
        self.flush()

    def flush(self) -> None:
        """Hand the hands' forces to the shelves, and the truth to standard output."""
        forces, events, _ = self.world.drain()
        self.shelf.add(forces)
        origin_s = time.time() - self.running.now_s()
        for event in events:
            when = datetime.fromtimestamp(origin_s + event.t, UTC).isoformat(timespec="milliseconds")
            told = {"time": when, "plate": event.plate, "kind": event.kind, "items": event.items}
            print(json.dumps({**told, "weight_g": round(event.weight, 1)}), flush=True)  # noqa: T201 # a result

    def _give_back(self) -> None:
        """Set the oldest thing in the basket back, so that the shelves never run empty."""
        if not self.shopper.basket:
            return
        unit = self.shopper.basket[0]
        home = self.shopper.home(unit)
        if home is not None:
            self.shopper.give(home[0], [unit], self.shopper.walk(), home[1])

    def _pick(self, words: list[str]) -> None:
        plate, sku, count = self._goods(words, "pick")
        at_s = self.running.now_s() + LEAD_S
        units = self.world.reachable(plate, sku, at_s, count)
        if len(units) < count:
            raise ActError(f"{plate} holds {len(units)} of {sku}")
        self.world.pick("you", plate, units, at_s, before_s=LEAD_S)

    def _put(self, words: list[str]) -> None:
        plate_id, sku, count = self._goods(words, "put")
        plate = self.shop.plate(plate_id)
        lane = next((lane for lane in plate.lanes if lane.sku == sku), None)
        units = [self.world.new_unit(sku) for _ in range(count)]
        spots = [self.world.spot_in(plate, lane) if lane else self.world.spot_anywhere(plate) for _ in units]
        self.world.put("you", plate_id, units, self.running.now_s() + LEAD_S, spots)

    def _clear(self, words: list[str]) -> None:
        if len(words) != 1:
            raise ActError("write: clear PLATE")
        at_s = self.running.now_s() + LEAD_S
        units = [unit for unit in self.world.contents[self._plate(words[0])] if unit.since_s <= at_s]
        if not units:
            raise ActError(f"nothing stands on {words[0]}")
        self.world.pick("you", words[0], units, at_s, before_s=0.0, spread_s=CLEARING_S)

    def _weight(self, words: list[str]) -> None:
        if len(words) != 4:
            raise ActError("write: weight PLATE GRAMS X Y")
        plate = self._plate(words[0])
        if plate in self._weights:
            raise ActError(f"a weight stands on {plate} already: lift {plate}")
        unit = self._weights[plate] = Unit(None, _number(words[1], MOST_GRAMS))
        self.world.put("you", plate, [unit], self.running.now_s() + LEAD_S, [self._spot(plate, words[2:])])

    def _lift(self, words: list[str]) -> None:
        if len(words) != 1 or self._plate(words[0]) not in self._weights:
            raise ActError("write: lift PLATE, on which a weight was set down")
        unit = self._weights.pop(words[0])
        self.world.pick("you", words[0], [unit], self.running.now_s() + LEAD_S, before_s=0.0)

    def _press(self, words: list[str]) -> None:
        if len(words) not in (3, 5):
            raise ActError("write: press PLATE GRAMS SECONDS [X Y]")
        plate = self._plate(words[0])
        grams, seconds = _number(words[1], MOST_GRAMS), _number(words[2], MOST_SECONDS)
        history = hands.held(hands.samples(seconds), grams, 0.1, 0.1, self.world.room.hand, self.world.rng)
        spot = self._spot(plate, words[3:]) if words[3:] else self.world.spot_anywhere(self.shop.plate(plate))
        self.world.touch("you", plate, self.running.now_s() + LEAD_S, history, *spot, "press")

    def _trouble(self, words: list[str]) -> None:
        kinds = [kind.value for kind in Trouble]
        if len(words) != 3 or not words[1].isdigit() or words[2] not in kinds:
            raise ActError(f"write: trouble BOARD CHANNEL {'|'.join(kinds)}")
        try:
            self.running.trouble(words[0].lower(), int(words[1]), Trouble(words[2]))
        except KeyError:
            raise ActError(f"no cell is on board {words[0]} channel {words[1]}") from None

    def _goods(self, words: list[str], act: str) -> tuple[str, str, int]:
        if len(words) not in (2, 3) or (len(words) == 3 and not words[2].isdigit()):
            raise ActError(f"write: {act} PLATE SKU [COUNT]")
        count = int(words[2]) if len(words) == 3 else 1
        if words[1] not in {item.sku for item in self.shop.items}:
            raise ActError(f"{words[1]!r} is not sold here")
        if not 1 <= count <= MOST_UNITS:
            raise ActError(f"COUNT is from 1 to {MOST_UNITS}")
        return self._plate(words[0]), words[1], count

    def _spot(self, plate: str, words: list[str]) -> tuple[float, float]:
        width, depth = self.shop.plate(plate).size_mm
        return _number(words[0], width), _number(words[1], depth)

    def _plate(self, name: str) -> str:
        known = [plate.id for plate in self.shop.plates]
        if name not in known:
            raise ActError(f"{name!r} is no plate; there are {', '.join(known)}")
        return name


def _number(text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= most:
        raise ActError(f"{text!r} is no number above 0, up to {most:g}")
    return value


def serve(session: BoardSession, store: Path, seconds: float | None, shoppers: bool) -> int:
    """Run until the time is up or a signal comes; the exit code."""
    stopped: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    lines: queue.Queue[str] = queue.Queue(WAITING_LINES)
    threading.Thread(target=_read, args=(sys.stdin, lines), name="acts", daemon=True).start()
    for board, port in session.ports.items():
        print(f"port {board} {port.path}", flush=True)  # noqa: T201 # a result
    ports = json.dumps([port.path for port in session.ports.values()])
    _say(f"try: shelf-agent run --store {store} --ports '{ports}'")
    session.running.start()
    end_s = float("inf") if seconds is None else seconds
    try:
        while not stopped and session.running.failure is None and session.running.now_s() < end_s:
            with contextlib.suppress(queue.Empty):
                _try_act(session, lines.get(timeout=TURN_S))
            if shoppers:
                session.shop_on()
    finally:
        session.running.stop()
    if session.running.failure is not None:
        raise session.running.failure
    return INTERRUPTED if signal.SIGINT in stopped else 0


def _try_act(session: BoardSession, line: str) -> None:
    try:
        session.act(line)
    except ActError as error:
        _say(str(error))


def _read(stream: TextIO, lines: queue.Queue[str]) -> None:
    for line in stream:
        if line.strip():
            lines.put(line)


def _say(text: str) -> None:
    print(f"shelf-bench board: {text}", file=sys.stderr, flush=True)  # noqa: T201 # to whoever runs it
