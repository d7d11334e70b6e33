"""The walk over a plate: somebody presses on each cell in turn, and each must answer for itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.findings import Finding
from agent.diagnosis.parameters import DiagnosisParameters
from agent.store import Plate

_MAX_ROWS = 4000
_SILENT = 0.1  # of the press: a cell that answers less to its own press is dead
_REST_S = 1.0


@dataclass(frozen=True, eq=False)
class Press:
    """What each cell gained while one was pressed: grams [cells] by the present calibration."""

    grams: NDArray[np.float64]


class PressWatch:
    """Finds presses in the cells' grams. A press is what lasts for `press_steady_s` and goes away again."""

    def __init__(self, cells: int, parameters: DiagnosisParameters) -> None:
        self._p = parameters
        self._t = np.empty(0)
        self._rows = np.empty((0, cells))
        self._rest: NDArray[np.float64] | None = None
        self._peak: NDArray[np.float64] | None = None

    @property
    def ready(self) -> bool:
        """What the plate reads at rest is known: a press may come."""
        return self._rest is not None

    def feed(self, t_s: NDArray[np.float64], grams: NDArray[np.float64]) -> list[Press]:
        """Rows [n, cells]; presses that ended within them."""
        self._t = np.concatenate((self._t, t_s))[-_MAX_ROWS:]
        self._rows = np.concatenate((self._rows, grams))[-_MAX_ROWS:]
        if not len(self._t):
            return []
        if self._rest is None:
            if self._t[-1] - self._t[0] >= _REST_S:
                self._rest = np.median(self._rows, axis=0)
            return []
        recent = self._rows[self._t >= self._t[-1] - self._p.press_steady_s]
        now = np.median(recent, axis=0) - self._rest
        strength = float(np.abs(now).sum())
        if strength >= self._p.press_g:
            if self._peak is None or strength > np.abs(self._peak).sum():
                self._peak = now
            return []
        if self._peak is not None and strength < self._p.press_g / 2:
            peak, self._peak = self._peak, None
            self._t, self._rows = self._t[-1:], self._rows[-1:]
            self._rest = None
            return [Press(peak)]
        return []


def diagnose_walk(plate: Plate, presses: list[Press]) -> list[Finding]:
    """Presses on the plate's cells, in their order in the store file."""
    gains = np.array([press.grams for press in presses])
    found: list[Finding] = []
    answered = [int(np.abs(row).argmax()) for row in gains]
    for i, row in enumerate(gains):
        cell = plate.cells[i]
        name = f"channel {cell.channel} (x {cell.x_mm:.0f}, y {cell.y_mm:.0f} mm)"
        strength = float(np.abs(row).sum())
        answers = answered[i]
        if answers != i and abs(row[i]) < _SILENT * strength and i not in answered:
            told = f"{name} gave {row[i]:.0f} g while it was pressed with some {strength:.0f} g"
            found.append(Finding("dead-cell", f"plate {plate.id}", told))
        elif answers != i:
            other = plate.cells[answers]
            told = f"{name} was pressed and channel {other.channel} answered"
            found.append(Finding("swapped", f"plate {plate.id}", told))
        elif row[i] < 0:
            found.append(Finding("reversed", f"plate {plate.id}", f"{name} reads less when it is pressed"))
    return found
