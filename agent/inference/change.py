"""A change between two plateaus: how much in each mode, and how straight the weight moved."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agent.detection import Bend, Level
from agent.inference.parameters import InferenceParameters
from agent.inference.sums import TINY, log_add, log_normal


@dataclass(frozen=True)
class Straightness:
    """How far a way bends, how likely that is by any measure (`odd`) and of one thing at one place: as logarithms."""

    bend: Bend
    seen: float
    odd: float
    one: float

    @staticmethod
    def of(bend: Bend, p: InferenceParameters) -> Straightness:
        """What a bend says of one thing."""
        seen = math.log(max(bend.seen, TINY))
        odd = math.log(p.bend_odd) + log_normal(seen, math.log(p.bend_odd_at), p.bend_odd_sd**2)
        usual = math.log(1 - p.bend_odd) + log_normal(seen, math.log(p.bend_one), p.bend_one_sd**2)
        return Straightness(bend, seen, odd, log_add(usual, odd))


@dataclass(frozen=True)
class Change:
    """A change between two plateaus: `delta_g` and `variance_g2` by mode (W, X, Y, or W alone)."""

    delta_g: tuple[float, ...]
    variance_g2: tuple[float, ...]
    way: Straightness | None = None  # from one to the other, where that is known

    @staticmethod
    def between(before: Level, after: Level, parameters: InferenceParameters) -> Change:
        """The change from one plateau to a later one."""
        delta = tuple((after.mean - before.mean).tolist())
        slack = (parameters.change_sd * delta[0]) ** 2
        left_ns = before.end_ns + round(before.rested_s * 1e9)
        known = after.bend is not None and before.begin_ns < after.bend.since_ns <= left_ns
        way = Straightness.of(after.bend, parameters) if after.bend is not None and known else None
        return Change(delta, tuple(v + slack for v in (after.variance + before.variance).tolist()), way)
