"""A plateau as measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Level:
    """A stretch in which the plate stood still.

    `mean` and `variance` [modes] in grams and grams², of the level itself, not of a conversion. `deviation_g` is how
    much the weight still moved, `ring_g` the weight's ring at the beginning, or
    that of the moments where larger, `ring_hz` its frequency. `soft`: a hand was near, so the level is only
    about right.
    """

    begin_ns: int
    end_ns: int
    samples: int
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    deviation_g: float = 0.0
    ring_g: float = 0.0
    ring_hz: float = 0.0
    soft: bool = False

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.begin_ns) * 1e-9

    def apart(self, other: Level) -> float:
        """How many standard deviations this level is from another, in the mode that tells most."""
        gap = np.abs(self.mean - other.mean) / np.sqrt(self.variance + other.variance)
        return float(gap.max())
