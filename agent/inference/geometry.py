"""Where a change acted on a plate."""

from __future__ import annotations

from dataclasses import dataclass

from agent.inference.change import Change
from agent.store import Plate

LEAST_G = 0.5  # of less no place is told
_ALL_MODES = 3


@dataclass(frozen=True)
class Geometry:
    """How moments in grams become places in mm on one plate."""

    x0_mm: float
    y0_mm: float
    half_x_mm: float
    half_y_mm: float
    width_mm: float
    depth_mm: float
    modes: int

    @staticmethod
    def of(plate: Plate, x0: float, y0: float, half_x: float, half_y: float, modes: int) -> Geometry:
        return Geometry(x0, y0, half_x, half_y, plate.size_mm[0], plate.size_mm[1], modes)

    def place_mm(self, change: Change) -> tuple[float, float] | None:
        """Where a change acted, on the plate; None where the cells do not tell or it was no one place."""
        if self.modes < _ALL_MODES or abs(change.delta_g[0]) < LEAST_G:
            return None
        x = self.x0_mm + self.half_x_mm * change.delta_g[1] / change.delta_g[0]
        y = self.y0_mm + self.half_y_mm * change.delta_g[2] / change.delta_g[0]
        if not (-self.width_mm <= x <= 2 * self.width_mm and -self.depth_mm <= y <= 2 * self.depth_mm):
            return None
        return min(max(x, 0.0), self.width_mm), min(max(y, 0.0), self.depth_mm)

    def axes(self) -> tuple[tuple[float, float, float], ...]:
        """(origin, half span, plate's extent) of X and Y, those that the plate tells."""
        both = ((self.x0_mm, self.half_x_mm, self.width_mm), (self.y0_mm, self.half_y_mm, self.depth_mm))
        return both[: self.modes - 1]
