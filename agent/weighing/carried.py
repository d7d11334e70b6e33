"""What each cell carried by the calibration of its time: read again by a later one, the same load is the same load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.weighing.scale import PlateScale

MAX_FACTOR_CHANGE = 0.3  # beyond it the cell is another one, and its counts of then say nothing of now


@dataclass(frozen=True, eq=False)
class Carried:
    """A plate's load as its cells had it: `grams` [cells], and zero [cells] and counts a gram [cells] of then."""

    cells: tuple[tuple[str, int], ...]
    grams: NDArray[np.float64]
    zero_counts: NDArray[np.float64]
    counts_per_gram: NDArray[np.float64]

    @classmethod
    def by(cls, scale: PlateScale, modes: NDArray[np.float64], near_g: NDArray[np.float64]) -> Carried:
        """The load `modes` [modes] by the scale as it is; `near_g` [cells] is about what each cell carried."""
        grams = scale.cell_grams(modes, near_g)
        return cls(_cells(scale), grams, scale.zero_counts.copy(), scale.counts_per_gram)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Carried:
        """What `document` gave."""
        cells = tuple((str(board), int(channel)) for board, channel in document["cells"])
        columns = (np.array(document[name], float) for name in ("grams", "zero_counts", "counts_per_gram"))
        return cls(cells, *columns)

    def document(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "cells": [list(cell) for cell in self.cells],
            "grams": self.grams.tolist(),
            "zero_counts": self.zero_counts.tolist(),
            "counts_per_gram": self.counts_per_gram.tolist(),
        }

    def read_by(self, scale: PlateScale) -> NDArray[np.float64] | None:
        """Grams of each cell [cells] that `scale` reads of the same load; None where these are not the same cells."""
        if self.cells != _cells(scale):
            return None
        change = scale.counts_per_gram / self.counts_per_gram - 1.0
        if np.abs(change).max() > MAX_FACTOR_CHANGE:
            return None
        if (scale.zero_counts == self.zero_counts).all() and (change == 0.0).all():
            return self.grams
        result: NDArray[np.float64] = scale.grams(self.zero_counts + self.counts_per_gram * self.grams)
        return result


def _cells(scale: PlateScale) -> tuple[tuple[str, int], ...]:
    return tuple((cell.board, cell.channel) for cell in scale.plate.cells)
