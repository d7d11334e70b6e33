"""The open shop: people come and go, door and sensors tell it, and what is heard goes into the book."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import numpy as np

from bench.board.running import Running
from bench.board.shelf import Shelf
from bench.demo import telling
from bench.demo.agenda import Agenda
from bench.demo.book import Book
from bench.demo.crowd import STAFF, Crowd, Visit
from bench.demo.line import Heard, Line, utc_ns
from bench.families.world import World

TURN_S = 0.1
PRESENCE_EVERY_S = 0.5
PRESENCE_VALID_S = 2.0
NEAR_SHARE, FAR_SHARE = 0.97, 0.01  # a ceiling sensor is sure who stands before a plate, not quite
BEFORE_RESTOCK_S, AFTER_RESTOCK_S = 1.5, 2.0  # the agent knows of it before the first unit, and has told the last
RESTOCK_TAKES_S = 60.0  # not begun so shortly before the end
SECOND_NS = 1_000_000_000


class ShopFloor:
    """Runs the shop until it closes. All times are of the store."""

    def __init__(
        self, world: World, shelf: Shelf, running: Running, line: Line, agent: str, seconds: float | None, seed: int
    ) -> None:
        """`seconds` from now the shop is closed and empty; None: never."""
        self._world, self._shelf, self._running, self._line, self._agent = world, shelf, running, line, agent
        self._opened_s = running.now_s()
        self._closing_s = float("inf") if seconds is None else self._opened_s + seconds
        self._crowd = Crowd(world, np.random.default_rng([seed, 1]), self._closing_s)
        self._agenda = Agenda()
        self._names = {item.sku: item.name for item in world.shop.items}
        self._origin_utc_ns = time.time_ns() - round(running.now_s() * SECOND_NS)
        self._restocking = False
        self.book = Book(world.shop)

    def run(self, check: Callable[[], None]) -> None:
        """Until the shop is closed and all receipts are there, or given up. `check` raises where it must end."""
        self._agenda.at(self._opened_s, self._presence)
        while self._running.now_s() < self._closing_s or self.book.unsettled:
            check()
            now_s = self._running.now_s()
            self._visits(now_s)
            self._agenda.run(now_s)
            try:
                self._hear(self._line.heard.get(timeout=self._agenda.wait_s(self._running.now_s(), TURN_S)))
            except queue.Empty:
                self._overdue()

    def _visits(self, now_s: float) -> None:
        if self._restocking:
            return
        empty = self._crowd.run_out() if now_s + RESTOCK_TAKES_S < self._closing_s else []
        if not empty:
            visit = self._crowd.turn(now_s)
            if visit is not None:
                self._enter(visit)
        elif not self._crowd.inside:  # nobody more was let in, and all have left
            self._restock(empty)

    def _enter(self, visit: Visit) -> None:
        forces, visit.movements, presence = self._world.drain()
        visit.stands = [(t, plate) for t, _, plate in presence]
        self._shelf.add(forces)
        self.book.begin(visit)
        self._line.session("entered", visit.session, time.time_ns())
        telling.say(f"{telling.clock()}  {visit.session} has come in")
        for t, _ in visit.stands:
            self._agenda.at(t, self._tell_presence)
        self._agenda.at(visit.exits_s, lambda: self._exit(visit))

    def _exit(self, visit: Visit) -> None:
        self._crowd.inside = [other for other in self._crowd.inside if other is not visit]
        self.book.exited(visit.session, self._running.now_s())
        self._line.session("exited", visit.session, time.time_ns())

    # --- sensors ---------------------------------------------------------------------------------------------------

    def _presence(self) -> None:
        self._tell_presence()
        self._agenda.at(self._running.now_s() + PRESENCE_EVERY_S, self._presence)

    def _tell_presence(self) -> None:
        """Each plate's zone sensor tells who stands there."""
        inside = self._crowd.inside
        if not inside:
            return
        now_s = self._running.now_s()
        where = {visit.session: visit.stands_at(now_s) for visit in inside}
        for plate in self._world.shop.plates:
            near = [session for session, stands in where.items() if stands == plate.id]
            shares = {session: NEAR_SHARE / len(near) if session in near else FAR_SHARE for session in where}
            self._line.presence(plate.id, shares, PRESENCE_VALID_S, time.time_ns())

    # --- staff -----------------------------------------------------------------------------------------------------

    def _restock(self, plates: list[str]) -> None:
        self._restocking = True
        telling.say(f"{telling.clock()}  staff fill up {', '.join(plates)}")
        for plate in plates:
            self._line.command(self._agent, "restock-begin", plate=plate)
        done_s = self._crowd.restock(plates, self._running.now_s() + BEFORE_RESTOCK_S)
        forces, movements, _ = self._world.drain()
        assert all(movement.who == STAFF for movement in movements)
        self._shelf.add(forces)
        self.book.move(movements)
        self._agenda.at(done_s + AFTER_RESTOCK_S, lambda: self._restocked(plates))

    def _restocked(self, plates: list[str]) -> None:
        for plate in plates:
            self._line.command(self._agent, "restock-end", plate=plate)
        self._restocking = False

    # --- what is heard ---------------------------------------------------------------------------------------------

    def _hear(self, heard: Heard) -> None:
        if heard.retained:
            return
        at_s = heard.at_s - self._running.origin_s
        if heard.topic == self._line.topic(f"agents/{self._agent}/events"):
            self._event(heard, at_s)
        elif heard.topic == self._line.topic("receipts") and heard.body["type"] == "shelf.v1.receipt":
            account = self.book.receipt(heard.body["data"], at_s)
            if account is not None:
                telling.say("\n".join(telling.settled(account, self._names)))

    def _event(self, heard: Heard, at_s: float) -> None:
        kind, data = str(heard.body["type"]).removeprefix("shelf.v1."), heard.body["data"]
        if kind not in ("pick", "put"):
            telling.say(f"{telling.clock()}  the agent tells: {kind} {data.get('fault', data.get('reason', ''))}")
            return
        t = (utc_ns(heard.body["time"]) - self._origin_utc_ns) / SECOND_NS
        move = self.book.event(kind, data["plate"], t, data, at_s)
        telling.say(telling.moved(move, self._names) if move else telling.surplus(kind, data["plate"]))

    def _overdue(self) -> None:
        for account in self.book.overdue(self._running.now_s()):
            telling.say("\n".join(telling.settled(account, self._names)))
