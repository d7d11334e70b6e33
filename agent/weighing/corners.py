"""A plate on four corners, one of which does not measure: what the other three say of it.

With signs sx, sy of each corner, a load W at (xi, eta), both from -1 to 1 between the cells, gives the cell at that
corner W/4 (1 + sx xi + sy eta + k sx sy xi eta). The last term is the plate's twist: k is 0 for a plate that is stiff
against its cells, 1 for one that bends like a cloth between its corners (bilinear interpolation). It shows as
T = sum(sx sy f) = k X Y / W, with the moments X = W xi and Y = W eta. So while k is known, three cells tell a single
load, but not how two loads in different places share what was moved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.weighing.scale import PlateScale

CORNERS = 4


@dataclass(frozen=True)
class CornerParameters:
    """What is known of a plate's twist, and how far the model holds."""

    twist: float = 0.4  # before any load has shown it
    twist_sd: float = 0.35
    least_twist_sd: float = 0.03  # however often it was seen: goods are no points
    twist_memory: float = 40.0  # loads; what stood there long ago says less
    least_lever_g: float = 15.0  # a load nearer the middle lines shows no twist
    misfit: float = 0.01  # of what the three cells moved: corner error
    seen_g: float = 1.0  # and two plateaus
    square: float = 0.05  # cells count as corners of a rectangle up to this share of its half sides


@dataclass(frozen=True)
class Told:
    """A change of three cells made whole: modes [3] in grams, the twist in it, and its variance in grams squared."""

    modes_g: NDArray[np.float64]
    twist_g: float
    variance_g2: float


@dataclass(frozen=True, eq=False)
class StandIn:
    """Three corners that stand in for the fourth since an instant: what they say of a change that a plate without twist
    would have shown so ("flat").

    `cell` is the fourth. `share` [3]: of the twist that the change has, so much is missing in W, X and Y. `twist` is k,
    with its standard deviation.
    """

    cell: int
    since_ns: int
    share: tuple[float, float, float]
    twist: float
    twist_sd: float
    parameters: CornerParameters

    def made_whole(self, flat_g: NDArray[np.float64]) -> Told:
        """A flat change [3], taken as that of a single load."""
        centre = self._twist(flat_g, self.twist)
        sd = self.twist_sd
        spread = (self._twist(flat_g, self.twist + sd) - self._twist(flat_g, self.twist - sd)) / 2
        touched = self.parameters.misfit * float(np.abs(flat_g).max())
        slope = 0.0
        for mode in range(3):
            bent = flat_g.copy()
            bent[mode] += touched or 1.0
            slope = max(slope, abs(self._twist(bent, self.twist) - centre))
        variance = spread**2 + slope**2 + touched**2
        return Told(flat_g + centre * np.array(self.share), centre, variance)

    def _twist(self, flat_g: NDArray[np.float64], twist: float) -> float:
        """T of T (W + sxsy T) = k (X + sy T) (Y + sx T), the root that vanishes with k."""
        k = min(max(twist, 0.0), 1.0)
        weight, x, y = flat_g.tolist()
        both, sy, sx = self.share
        square, line, rest = both * (1 - k), weight - k * (sx * x + sy * y), -k * x * y
        if line == 0.0 and square == 0.0:
            return 0.0
        within = max(line * line - 4 * square * rest, 0.0)
        return float(-2 * rest / (line + math.copysign(math.sqrt(within), line or 1.0) or 1.0))


class Corners:
    """The geometry and the learnt twist of a plate of four corners. Make it by `of`."""

    def __init__(self, signs: NDArray[np.float64], parameters: CornerParameters) -> None:
        """`signs` [2, 4]: sx and sy of each cell."""
        self._p = parameters
        self.signs = signs
        self.pattern: NDArray[np.float64] = signs[0] * signs[1]
        self.twist = parameters.twist
        self._precision = 1 / parameters.twist_sd**2

    @classmethod
    def of(cls, scale: PlateScale, parameters: CornerParameters | None = None) -> Corners | None:
        """None where the cells do not stand at the corners of a rectangle."""
        p = parameters or CornerParameters()
        rows = scale.modes_of_cells
        if rows.shape != (3, CORNERS):
            return None
        signs = np.sign(rows[1:])
        apart = len({(x, y) for x, y in signs.T.tolist()}) == CORNERS
        if not apart or (np.abs(rows[1:] - signs) > p.square).any():
            return None
        return cls(signs, p)

    @property
    def twist_sd(self) -> float:
        return max(1 / math.sqrt(self._precision), self._p.least_twist_sd)

    def others(self, cell: int) -> NDArray[np.float64]:
        """Weights [4] by which the other cells make up for one, up to the twist: its own is 0."""
        weights: NDArray[np.float64] = -self.pattern / self.pattern[cell]
        weights[cell] = 0.0
        return weights

    def stand_in(self, cell: int, since_ns: int) -> StandIn:
        """The other three for one cell, by the twist as it is known now."""
        sx, sy = self.signs[:, cell].tolist()
        return StandIn(cell, since_ns, (sx * sy, sy, sx), self.twist, self.twist_sd, self._p)

    def learn(self, change_g: NDArray[np.float64], modes_g: NDArray[np.float64]) -> None:
        """A single load came or went: what each cell [4] and each mode [3] moved."""
        self._take(float(self.pattern @ change_g), modes_g, self._p.seen_g)

    def learn_from(self, stand_in: StandIn, flat_g: NDArray[np.float64], weight_g: float, variance_g2: float) -> None:
        """A single load of known weight came or went while the others stood in for a cell: how their flat change [3]
        differs from it is the twist."""
        share = np.array(stand_in.share)
        twist_g = (weight_g - float(flat_g[0])) * float(share[0])
        self._take(twist_g, flat_g + twist_g * share, math.hypot(self._p.seen_g, math.sqrt(variance_g2)))

    def _take(self, twist_g: float, modes_g: NDArray[np.float64], seen_g: float) -> None:
        """A change of these modes [3] had so much twist, known to `seen_g`."""
        weight = float(modes_g[0])
        lever = float(modes_g[1] * modes_g[2]) / weight if weight else 0.0
        if abs(lever) < self._p.least_lever_g:
            return
        seen = min(max(twist_g / lever, -0.5), 1.5)
        sd_g = math.hypot(self._p.misfit * weight, seen_g)
        precision = (lever / sd_g) ** 2
        kept = self._precision * (1 - 1 / self._p.twist_memory)
        self.twist += (seen - self.twist) * precision / (kept + precision)
        self._precision = kept + precision

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state."""
        return {"twist": self.twist, "precision": self._precision}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a snapshot."""
        self.twist, self._precision = float(state["twist"]), float(state["precision"])
