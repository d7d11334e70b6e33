"""Each cell's grams for a count, so that one weight reads the same wherever it stands.

With d[p, c] the counts that cell c gained at place p, the weight w reads sum_c a_c d[p, c] = w at every place: linear
in a_c, the grams for a count, and solved by least squares. No place has to be exact for it; the places only test
whether the cells are where the store file has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.calibration.placing import Placement
from agent.store import Plate

MAX_CONDITION = 60.0  # beyond it the weight was set down at much the same place each time
MAX_PLACE_ERROR = 0.2  # of the cells' span
MAX_FACTOR_CHANGE = 0.3  # against the factor before; cells of one batch differ by 10 %
LEAST_SIGNAL = 2000.0  # the weight over the error of its reading; below it noise alone spoils 0.05 %


class CalibrationRefusedError(ValueError):
    """A calibration that would make the plate worse; the text says why and what to do."""


@dataclass(frozen=True, eq=False)
class Solution:
    """`counts_per_gram` [cells]. Errors are shares of the weight: `fit_error` the largest where it was fitted,
    `corner_error` the largest between places after (`before` with the factors before), `verified` at the place that
    only tested (None without)."""

    counts_per_gram: NDArray[np.float64]
    fit_error: float
    corner_error: float
    before: float
    verified: float | None
    readings_g: tuple[float, ...]


def solve(
    plate: Plate, weight_g: float, placements: list[Placement], *, verify: bool, limit: float, replace: bool = False
) -> Solution:
    """Factors from placements; the last one only tests where `verify`. `limit`: the largest error as a share.
    `replace`: the cells are others than before, their factors may be anything.

    Raises:
        CalibrationRefusedError: the readings do not agree with one weight, or with the store file.
    """
    gains = np.array([placement.gain_counts for placement in placements])
    sigmas = np.array([placement.sigma_counts for placement in placements])
    fitted = gains[:-1] if verify else gains
    before = np.array([cell.counts_per_gram for cell in plate.cells])
    _refuse_weak(sigmas, before, weight_g)
    dead = np.flatnonzero(np.abs(fitted).max(axis=0) < 0.02 * np.abs(fitted).max())
    if dead.size and len(plate.cells) > 1:
        channel = plate.cells[int(dead[0])].channel
        raise CalibrationRefusedError(f"channel {channel} feels no weight anywhere: run shelf-agent check")
    scaled = fitted / np.abs(fitted).max(axis=0)
    condition = float(np.linalg.cond(scaled))
    if condition > MAX_CONDITION:
        raise CalibrationRefusedError("the places were too close to each other: set the weight down where it is said")
    answer, *_ = np.linalg.lstsq(fitted, np.full(len(fitted), weight_g), rcond=None)
    if (answer == 0).any():
        raise CalibrationRefusedError("a cell gave nothing: run shelf-agent check")
    factors = 1.0 / answer
    readings = gains @ answer
    errors = (readings - weight_g) / weight_g
    fit = float(np.abs(errors[: len(fitted)]).max())
    verified = float(abs(errors[-1])) if verify else None
    _refuse_misplaced(plate, placements, gains * answer)
    _refuse_leap(plate, before, factors, replace)
    worst = max(fit, verified or 0.0)
    if worst > limit:
        raise CalibrationRefusedError(
            f"the weight reads from {readings.min():.1f} to {readings.max():.1f} g, {worst:.2%} off, at most "
            f"{limit:.2%} is allowed: does the plate touch something, did the weight stand still, is a cell loose?"
        )
    return Solution(
        factors,
        fit,
        _spread(readings, weight_g),
        _spread(gains @ (1.0 / before), None),
        verified,
        tuple(readings.tolist()),
    )


def _spread(readings: NDArray[np.float64], weight_g: float | None) -> float:
    """The largest departure from the weight (from the mean where it is not told), as a share."""
    middle = float(readings.mean()) if weight_g is None else weight_g
    return float(np.abs(readings - middle).max() / abs(middle))


def _refuse_weak(sigmas: NDArray[np.float64], before: NDArray[np.float64], weight_g: float) -> None:
    error_g = float(np.sqrt(((sigmas / before) ** 2).sum(axis=1)).max())
    if weight_g < LEAST_SIGNAL * error_g:
        raise CalibrationRefusedError(
            f"the readings are uncertain by {error_g:.2f} g: for {1 / LEAST_SIGNAL:.2%} take a weight of at least "
            f"{LEAST_SIGNAL * error_g / 1000:.1f} kg, or find out what makes noise (shelf-agent check)"
        )


def _refuse_misplaced(plate: Plate, placements: list[Placement], grams: NDArray[np.float64]) -> None:
    """Where the cells saw the weight, beside where it was to stand."""
    if len(plate.cells) < 2:
        return
    xs = np.array([cell.x_mm for cell in plate.cells])
    ys = np.array([cell.y_mm for cell in plate.cells])
    total = grams.sum(axis=1)
    for axis, at, index in (("x", xs, 0), ("y", ys, 1)):
        span = float(np.ptp(at))
        if span < 1.0:
            continue
        seen = (grams @ at) / total
        asked = np.array([placement.place_mm[index] for placement in placements])
        worst = int(np.abs(seen - asked).argmax())
        if abs(float(seen[worst] - asked[worst])) > MAX_PLACE_ERROR * span:
            raise CalibrationRefusedError(
                f"at place {worst + 1} the weight was asked for at {axis} {asked[worst]:.0f} mm and was felt at "
                f"{seen[worst]:.0f} mm: it stood elsewhere, or cells are exchanged (shelf-agent check --corners)"
            )


def _refuse_leap(plate: Plate, before: NDArray[np.float64], factors: NDArray[np.float64], replace: bool) -> None:
    if replace:
        return
    change = factors / before - 1.0
    worst = int(np.abs(change).argmax())
    if abs(float(change[worst])) > MAX_FACTOR_CHANGE:
        raise CalibrationRefusedError(
            f"channel {plate.cells[worst].channel}: {factors[worst]:.1f} counts a gram, {before[worst]:.1f} before: is "
            "the weight as heavy as you said? Where the cell is another one, say --replace"
        )
