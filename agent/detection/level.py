"""A plateau as measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.detection.bend import Bend


@dataclass(frozen=True, eq=False)
class Level:
    """A stretch in which the plate stood still.

    `mean` and `variance` [modes] in grams and grams², of the level itself, not of a conversion. `tremor_g` is how much
    the weight moved beyond its noise and its ring (None: it may be either, not told), `stillness_g` the least that
    could have been seen. `ring_g` is the ring's amplitude at the beginning, `ring_hz` its frequency. `soft`: a hand was
    near, so the level is only about right. `rested_s`: how long the plate then rested on it undisturbed. `bend`: how
    straight the way to it was, where that is known.
    """

    begin_ns: int
    end_ns: int
    samples: int
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    tremor_g: float | None = None
    stillness_g: float = 0.0
    ring_g: float = 0.0
    ring_hz: float = 0.0
    soft: bool = False
    rested_s: float = 0.0
    bend: Bend | None = None

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.begin_ns) * 1e-9

    def apart(self, other: Level) -> float:
        """How many standard deviations this level is from another, in the mode that tells most."""
        gap = np.abs(self.mean - other.mean) / np.sqrt(self.variance + other.variance)
        return float(gap.max())

    def apart_in_weight(self, other: Level) -> float:
        """Likewise in the weight alone, which a push along the plate leaves as it was."""
        return float(abs(self.mean[0] - other.mean[0]) / np.sqrt(self.variance[0] + other.variance[0]))

    def joined(self, later: Level) -> Level:
        """One plateau of this and a later stretch of the same level; each counts by its certainty."""
        share = later.variance.sum() / (self.variance.sum() + later.variance.sum())
        longer = self if self.samples >= later.samples else later
        told = [level for level in (self, later) if level.tremor_g is not None and level.stillness_g]
        clearest = min(told, key=lambda level: level.stillness_g, default=longer)
        return replace(
            longer,
            tremor_g=clearest.tremor_g,
            stillness_g=clearest.stillness_g,
            begin_ns=min(self.begin_ns, later.begin_ns),
            end_ns=max(self.end_ns, later.end_ns),
            samples=self.samples + later.samples,
            mean=share * self.mean + (1 - share) * later.mean,
            variance=np.minimum(self.variance, later.variance),
            ring_g=self.ring_g,
            rested_s=self.rested_s + later.rested_s,
        )
