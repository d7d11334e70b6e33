"""What an ideal estimator would measure of a step: the true change through the true cells, with the noise that is left
after averaging all the rest there was before and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float64]
LONGEST_WINDOW_S = 2.0  # nobody would wait longer for an answer
SHORTEST_WINDOW_S = 0.05
COLOURED_EXCESS = 2.1  # low frequencies of noise that passed a sinc of order 4, over white noise (B-spline sums)
FLICKER_SHARE = 0.7  # part of a cell's wander (rms) by which two windows some second apart differ
CAPACITY_G = 5000.0


@dataclass(frozen=True)
class Sight:
    """How a plate sees: per cell its share of a load [4] as the store file's calibration reads it, and its noise."""

    shares: Signal  # [cells, 4] reading of cell i per unit of W, Mx, My, Wxy
    sigma_g: Signal  # [cells] noise of one conversion
    flicker_g: Signal
    period_s: Signal
    gain_sd: float  # how wrong the calibration is (share of a load, rms)
    arms: Signal  # [3, cells]: reads W, Mx, My from the cells, as an agent would

    @property
    def components(self) -> int:
        """1 for a single cell, which knows the weight alone; else 3."""
        return 1 if len(self.sigma_g) == 1 else 3


def sight(plate: Mapping[str, Any], truth: Mapping[str, Any], load_g: float) -> Sight:
    """The sight of one plate of a store file, with the cells as they were drawn for the recording."""
    sites = plate["cell"]
    drawn = {(c["board"], c["channel"]): c for c in truth["cells"]}
    cells = [drawn[(s["board"], s["channel"])] for s in sites]
    n = len(sites)
    x = np.array([s["x_mm"] for s in sites]) - np.mean([s["x_mm"] for s in sites])
    y = np.array([s["y_mm"] for s in sites]) - np.mean([s["y_mm"] for s in sites])
    twist = truth["mechanics"][plate["id"]]["twist"]
    if n == 1:
        shares = np.array([[1.0, 0.0, 0.0, 0.0]])
    else:
        shares = np.stack([np.full(n, 1 / n), 1 / (n * x), 1 / (n * y), twist / (n * x * y)], axis=1)
    slope = [
        c["counts_per_gram"] / s["counts_per_gram"] * (1 + 4 * c["nonlinearity"] * (1 - 2 * load_g / n / CAPACITY_G))
        for c, s in zip(cells, sites, strict=True)
    ]
    excess = [1 + (COLOURED_EXCESS - 1) * c["noise_coloured"] for c in cells]
    return Sight(
        shares=shares * np.array(slope)[:, None],
        gain_sd=float(np.sqrt(np.mean((np.array(slope) - 1) ** 2))),
        sigma_g=np.array([c["noise_counts"] / abs(c["counts_per_gram"]) for c in cells]) * np.sqrt(excess),
        flicker_g=np.array([c["flicker_g"] for c in cells]),
        period_s=np.array([c["period_s"] for c in cells]),
        arms=np.stack([np.ones(n), x, y]),
    )


def windows_s(touches: Sequence[Mapping[str, Any]], plate: str, t_s: float, end_s: float) -> tuple[float, float]:
    """Rest on a plate before and after the contact at t_s, bounded to what an estimator may use."""
    here = [t for t in touches if t["plate"] == plate]
    own = [t for t in here if t["start_s"] - 0.3 <= t_s <= t["end_s"] + 0.3]
    begin = min((t["start_s"] for t in own), default=t_s)
    end = max((t["end_s"] for t in own), default=t_s)
    before = begin - max((t["end_s"] for t in here if t["end_s"] < begin), default=0.0)
    after = min((t["start_s"] for t in here if t["start_s"] > end), default=end_s) - end
    low, high = SHORTEST_WINDOW_S, LONGEST_WINDOW_S
    return min(max(before, low), high), min(max(after, low), high)


def measure(
    plate: Sight, change: Signal, windows: tuple[float, float], dead: int | None, rng: np.random.Generator
) -> tuple[Signal, Signal]:
    """Measured change (dW, dMx, dMy; or dW alone) and its covariance. `change` is the true one [4]; `dead` a lost cell.

    The reading of a lost cell is completed from the three others by the statics of a rigid plate, twist corrected.
    """
    lengths = np.array([[max(1.0, w / p) for p in plate.period_s] for w in windows])
    variance = plate.sigma_g**2 * (1 / lengths).sum(axis=0) + FLICKER_SHARE * plate.flicker_g**2
    exact = plate.shares @ change
    noisy = exact + rng.standard_normal(len(variance)) * np.sqrt(variance)
    mix = np.eye(len(variance))
    if dead is not None and len(variance) == 4:
        signs = np.sign(plate.arms[1] * plate.arms[2])
        mix[dead] = -signs * signs[dead]
        mix[dead, dead] = 0.0
        noisy[dead] = mix[dead] @ (noisy - exact) + exact[dead]
    arms = plate.arms[: plate.components]
    through = arms @ mix
    variance = variance + (plate.gain_sd * exact) ** 2
    return arms @ noisy, (through * variance) @ through.T


def with_dead(truth: Mapping[str, Any], plate: Mapping[str, Any], t_s: float) -> int | None:
    """Index of a cell of the plate that is lost at t_s."""
    for fault in truth["faults"]:
        for k, cell in enumerate(plate["cell"]):
            if (fault["board"], fault["channel"]) == (cell["board"], cell["channel"]) and t_s >= fault["at_s"]:
                return k
    return None
