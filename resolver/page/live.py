"""What the page shows now, and the way of every change to those who look. Written by the service's thread, read by
the web server's."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from typing import Any

Update = tuple[str, dict[str, Any]]

RECENT_RECEIPTS = 50
MAX_WAITING_UPDATES = 500
"""A viewer who falls this far behind is cut off; his browser comes back and gets the whole picture anew."""
MAX_VIEWERS = 200
MAX_PLATES = 4096


class TooManyViewersError(Exception):
    """No more live connections are taken."""


class Viewer:
    """One live connection, on the web server's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._updates: deque[Update] = deque()
        self._fresh = asyncio.Event()
        self.behind = False

    def push(self, update: Update) -> None:
        """Called from any thread."""
        self._loop.call_soon_threadsafe(self._take, update)

    async def updates(self, wait_s: float) -> list[Update]:
        """What came since the last call; empty after `wait_s` without anything."""
        try:
            await asyncio.wait_for(self._fresh.wait(), wait_s)
        except TimeoutError:
            return []
        self._fresh.clear()
        taken = list(self._updates)
        self._updates.clear()
        return taken

    def _take(self, update: Update) -> None:
        if len(self._updates) >= MAX_WAITING_UPDATES:
            self.behind = True
        else:
            self._updates.append(update)
        self._fresh.set()


class Live:
    """The picture: agents, plates, baskets, receipts, cases, faults, figures."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: dict[str, OrderedDict[str, dict[str, Any]]] = {
            kind: OrderedDict() for kind in ("agent", "plate", "basket", "receipt", "review", "fault")
        }
        self._figures: dict[str, Any] = {}
        self._viewers: set[Viewer] = set()

    def show(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Put or replace an entry."""
        with self._lock:
            entries = self._state[kind]
            entries[key] = document
            limit = RECENT_RECEIPTS if kind == "receipt" else MAX_PLATES
            while len(entries) > limit:
                entries.popitem(last=False)
            viewers = list(self._viewers)
        self._tell(viewers, (kind, {"key": key, "value": document}))

    def remove(self, kind: str, key: str) -> None:
        with self._lock:
            if self._state[kind].pop(key, None) is None:
                return
            viewers = list(self._viewers)
        self._tell(viewers, (kind, {"key": key, "value": None}))

    def figures(self, figures: dict[str, Any]) -> None:
        """The headline figures."""
        with self._lock:
            if figures == self._figures:
                return
            self._figures = figures
            viewers = list(self._viewers)
        self._tell(viewers, ("figures", figures))

    def headline(self) -> dict[str, Any]:
        """The headline figures as they stand."""
        with self._lock:
            return dict(self._figures)

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """All entries of a kind, oldest first."""
        with self._lock:
            return list(self._state[kind].values())

    def entry(self, kind: str, key: str) -> dict[str, Any] | None:
        with self._lock:
            return self._state[kind].get(key)

    def join(self, loop: asyncio.AbstractEventLoop) -> tuple[Viewer, dict[str, Any]]:
        """A viewer and the picture at that instant.

        Raises:
            TooManyViewersError: the bound is reached.
        """
        with self._lock:
            if len(self._viewers) >= MAX_VIEWERS:
                raise TooManyViewersError
            viewer = Viewer(loop)
            self._viewers.add(viewer)
            picture: dict[str, Any] = {kind: dict(entries) for kind, entries in self._state.items()}
            picture["figures"] = dict(self._figures)
        return viewer, picture

    def leave(self, viewer: Viewer) -> None:
        with self._lock:
            self._viewers.discard(viewer)

    @staticmethod
    def _tell(viewers: list[Viewer], update: Update) -> None:
        for viewer in viewers:
            viewer.push(update)
