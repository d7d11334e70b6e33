"""A plate on its cells: counts to weight and moments.

The moments are told in grams: X = sum(g_c (x_c - x0)) / Lx with Lx half the cells' span, so that a load w at x gives
X = w (x - x0) / Lx. Weight and both moments then carry noise of one size and compare directly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.store import Plate

MODES = ("W", "X", "Y")
_MIN_SPAN_MM = 1.0
_SAME_G = 1e-6  # far below any reading: only rounding


@dataclass(frozen=True)
class Calibration:
    """What the tools measured of a channel; overrides the store file."""

    zero_counts: float
    counts_per_gram: float


class PlateScale:
    """Turns the counts of a plate's cells into modes: column 0 weight, then moments where the cells tell them."""

    def __init__(self, plate: Plate, calibration: dict[tuple[str, int], Calibration] | None = None) -> None:
        overrides = calibration or {}
        factors = [
            overrides.get((cell.board, cell.channel), Calibration(cell.zero_counts, cell.counts_per_gram))
            for cell in plate.cells
        ]
        self.plate = plate
        self.zero_counts = np.array([factor.zero_counts for factor in factors])
        self.counts_per_gram = np.array([factor.counts_per_gram for factor in factors])
        x = np.array([cell.x_mm for cell in plate.cells])
        y = np.array([cell.y_mm for cell in plate.cells])
        self.x0_mm, self.y0_mm = float(x.mean()), float(y.mean())
        self.half_x_mm = float(np.ptp(x)) / 2
        self.half_y_mm = float(np.ptp(y)) / 2
        rows = [np.ones(len(x))]
        self.has_x = self.half_x_mm > _MIN_SPAN_MM
        self.has_y = self.half_y_mm > _MIN_SPAN_MM and len(x) > 2  # two cells tell a line, not a place
        if self.has_x:
            rows.append((x - self.x0_mm) / self.half_x_mm)
        if self.has_y:
            rows.append((y - self.y0_mm) / self.half_y_mm)
        self.modes_of_cells: NDArray[np.float64] = np.array(rows)

    @property
    def modes(self) -> int:
        """How many of W, X, Y this plate tells."""
        return len(self.modes_of_cells)

    def grams(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Grams [n, cells] of counts [n, cells]."""
        result: NDArray[np.float64] = (counts - self.zero_counts) / self.counts_per_gram
        return result

    def to_modes(self, grams: NDArray[np.float64]) -> NDArray[np.float64]:
        """Modes [n, modes] in grams, cell by cell in fixed order: the same bits for any number of rows."""
        if self.modes == 1:  # numbers that lie side by side would be added up in another order
            out = grams[:, :1] * self.modes_of_cells[:, 0]
            for cell in range(1, grams.shape[1]):
                out = out + grams[:, cell : cell + 1] * self.modes_of_cells[:, cell]
            return out
        parts = grams.T[:, :, np.newaxis] * self.modes_of_cells.T[:, np.newaxis]
        result: NDArray[np.float64] = np.add.reduce(parts, axis=0)
        return result

    def modes_of_columns(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Modes [n, modes] of counts [cells, n], column by column: the same bits as `to_modes` of `grams`."""
        grams = counts - self.zero_counts[:, np.newaxis]
        grams /= self.counts_per_gram[:, np.newaxis]
        out = np.empty((self.modes, counts.shape[1]))
        for total, shares in zip(out, self.modes_of_cells.tolist(), strict=True):
            np.multiply(grams[0], shares[0], out=total)
            for own, share in zip(grams[1:], shares[1:], strict=True):
                if share == 1.0:  # as nearly always: cells stand in corners
                    np.add(total, own, out=total)
                elif share == -1.0:
                    np.subtract(total, own, out=total)
                else:
                    np.add(total, own * share, out=total)
        return out.T

    def cell_grams(self, modes: NDArray[np.float64], near_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Grams of each cell [cells] that make these modes [modes]; of all such, those nearest `near_g` [cells]."""
        lacking = modes - self.modes_of_cells @ near_g
        if np.abs(lacking).max() < _SAME_G:
            return near_g
        result: NDArray[np.float64] = near_g + np.linalg.pinv(self.modes_of_cells) @ lacking
        return result

    def position_mm(self, modes: NDArray[np.float64]) -> tuple[float, float] | None:
        """Where a change of modes [modes] acts; None where the cells do not tell."""
        if not (self.has_x and self.has_y) or modes[0] == 0:
            return None
        return (
            float(self.x0_mm + self.half_x_mm * modes[1] / modes[0]),
            float(self.y0_mm + self.half_y_mm * modes[2] / modes[0]),
        )
