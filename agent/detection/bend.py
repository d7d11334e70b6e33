"""How straight a load moved: at one place it draws a line through weight and moments, at two it does not.

A press, a lift and a landing at one place change the moments in step with the weight. Two things that leave together
are never lifted quite alike, and a hand presses one of them: the way between the plateaus bends, towards where one of
them stands from the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.detection.parameters import DetectionParameters

_MODES = 3  # a plate of fewer does not tell places


@dataclass(frozen=True, slots=True)
class Bend:
    """Of the way from a plateau, which ended at `since_ns`, to the next.

    `seen_x` and `seen_y` are how far either moment departed (rms) from the line that one place draws, over what noise
    and the cells' own conversion times explain; `reach` what that would be for the whole change, a half-span off.
    """

    since_ns: int
    seen_x: float
    seen_y: float
    reach: float

    @property
    def seen(self) -> float:
        """Both together."""
        return math.hypot(self.seen_x, self.seen_y)


def bend(
    since_ns: int,
    t_ns: NDArray[np.int64],
    way_g: NDArray[np.float64],
    change_g: NDArray[np.float64],
    sigma_g: NDArray[np.float64],
    p: DetectionParameters,
) -> Bend | None:
    """The bend of a way, rows [n] at `t_ns`, `way_g` [n, modes] from the first plateau; the whole `change_g` and the
    noise of a conversion are [modes]. None where too little was seen of it."""
    if len(change_g) < _MODES or len(t_ns) < p.bend_least_rows:
        return None
    if abs(change_g[0]) < p.bend_least_sigmas * sigma_g[0]:
        return None
    if len(t_ns) - 1 < p.ring_least_rate_hz * int(t_ns[-1] - t_ns[0]) * 1e-9:
        return None
    weight = way_g[:, 0]
    done = weight / change_g[0]
    moving = ((done > p.bend_still) & (done < 1 - p.bend_still)) | (done < -p.bend_still) | (done > 1 + p.bend_still)
    count = int(np.count_nonzero(moving))
    if count < p.bend_least_rows:
        return None
    off = _smooth(way_g[:, 1:] - weight[:, None] * (change_g[1:] / change_g[0]))
    noise2 = float((sigma_g[1:] ** 2).sum()) * count / _SMOOTHED
    explained2 = noise2 + p.bend_skew * float((np.gradient(weight)[moving] ** 2).sum())
    seen_x, seen_y = np.sqrt((off[moving] ** 2).sum(axis=0) / explained2).tolist()
    return Bend(since_ns, seen_x, seen_y, abs(float(change_g[0])) * math.sqrt(count / explained2))


def _smooth(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each row and its neighbours: cells that convert at times of their own err one way, then the other."""
    padded = np.concatenate((rows[:1], rows, rows[-1:]))
    result: NDArray[np.float64] = (padded[:-2] + padded[1:-1] + padded[2:]) / _SMOOTHED
    return result


_SMOOTHED = 3
