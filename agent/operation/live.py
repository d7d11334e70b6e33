"""A plate read straight from its board's port: conversions as they come, in the order of the plate's cells."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agent.operation.errors import OperationError
from agent.sources.capture import Capture, Listener
from agent.store import Plate

FIND_S = 8.0  # a HELLO comes every 5 s
SILENT_S = 2.0
TURN_S = 0.1


class LivePlates:
    """The boards behind some ports. `rows` gives what is new on a plate."""

    def __init__(self, listener: Listener, now_s: Callable[[], float] = time.monotonic) -> None:
        self._listener, self._now_s = listener, now_s
        self._taken: dict[str, float] = {}
        self._heard_s: dict[str, float] = {}

    def wait(self, plates: list[Plate]) -> None:
        """Until the boards of these plates deliver.

        Raises:
            OperationError: one of them does not in time; the line says which and why.
        """
        end_s = self._now_s() + FIND_S
        while True:
            missing = [plate for plate in plates if not self._delivers(plate)]
            if not missing:
                return
            if self._now_s() > end_s or self._hopeless():
                raise OperationError(self._why(missing[0]))
            time.sleep(TURN_S)

    def rows(self, plate: Plate) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times [n] (s, board clock) and counts [n, cells] that came since the last call, whole rows only.

        Raises:
            OperationError: the board has fallen silent.
        """
        with self._listener.lock:
            capture = self._capture(plate.cells[0].board)
            rows = capture.conversions() if capture is not None else None
        now_s = self._now_s()
        if capture is None or rows is None:
            raise OperationError(self._why(plate))
        rows = rows.since(np.nextafter(self._taken.get(plate.id, -1.0), np.inf))
        if not len(rows.t_s):
            if capture.error is not None or now_s - self._heard_s.setdefault(plate.id, now_s) > SILENT_S:
                raise OperationError(f"board {plate.cells[0].board} has fallen silent: check its cable")
        else:
            self._heard_s[plate.id] = now_s
            self._taken[plate.id] = float(rows.t_s[-1])
        channels = [cell.channel for cell in plate.cells]
        whole = rows.present[:, channels].all(axis=1)
        return rows.t_s[whole], rows.counts[whole][:, channels].astype(np.float64)

    def _capture(self, board: str) -> Capture | None:
        found = [capture for capture in self._listener.captures if capture.hello and capture.hello.board_id == board]
        if len(found) > 1:
            raise OperationError(
                f"{found[0].source} and {found[1].source} both say that they are board {board}: unplug one"
            )
        return found[0] if found else None

    def _delivers(self, plate: Plate) -> bool:
        with self._listener.lock:
            capture = self._capture(plate.cells[0].board)
            rows = capture.conversions() if capture is not None else None
        if rows is None or not len(rows.t_s):
            return False
        channels = [cell.channel for cell in plate.cells]
        return max(channels) < rows.counts.shape[1] and bool(rows.present[:, channels].any(axis=0).all())

    def _hopeless(self) -> bool:
        return all(capture.error is not None for capture in self._listener.captures)

    def _why(self, plate: Plate) -> str:
        board = plate.cells[0].board
        errors = [f"{capture.error}: {capture.error.remedy}" for capture in self._listener.captures if capture.error]
        capture = self._capture(board)
        if capture is not None:
            return f"plate {plate.id}: not all of its channels on board {board} deliver; shelf-agent check tells which"
        said = f" ({'; '.join(errors)})" if errors else ""
        if not self._listener.captures:
            return "no USB serial port is there: plug the board in, or name the port with --ports"
        return f"plate {plate.id}: its board {board} does not answer on any port{said}"
