"""A change between two plateaus: how much in each mode, and how straight the weight moved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.detection import Bend, Level
from agent.inference.parameters import InferenceParameters
from agent.inference.sums import TINY, log_add, log_normal
from agent.weighing import StandIn


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
class Flat:
    """A change as three corners show it, with the fourth made up for as if the plate did not twist; `stand_in` says
    what that leaves out."""

    delta_g: tuple[float, ...]
    variance_g2: tuple[float, ...]
    stand_in: StandIn


@dataclass(frozen=True)
class Change:
    """A change between two plateaus: `delta_g` and `variance_g2` by mode (W, X, Y, or W alone).

    Where it is known by three corners (`flat`), they are those of a single load that shows so.
    """

    delta_g: tuple[float, ...]
    variance_g2: tuple[float, ...]
    way: Straightness | None = None  # from one to the other, where that is known
    flat: Flat | None = None  # None, too, where the fourth corner measured before: what it carried then is in doubt
    twist_g2: float = 0.0  # part of the variances for what three corners do not tell

    @staticmethod
    def between(
        before: Level, after: Level, parameters: InferenceParameters, stand_in: StandIn | None = None
    ) -> Change:
        """The change from one plateau to a later one, which three corners measured if they `stand_in` by then."""
        change = after.mean - before.mean
        if stand_in is not None and after.end_ns > stand_in.since_ns:
            measured = before.begin_ns <= stand_in.since_ns
            return Change._of_three(change, after.variance + before.variance, parameters, stand_in, measured=measured)
        delta = tuple(change.tolist())
        slack = (parameters.change_sd * delta[0]) ** 2
        left_ns = before.end_ns + round(before.rested_s * 1e9)
        known = after.bend is not None and before.begin_ns < after.bend.since_ns <= left_ns
        way = Straightness.of(after.bend, parameters) if after.bend is not None and known else None
        return Change(delta, tuple(v + slack for v in (after.variance + before.variance).tolist()), way)

    @staticmethod
    def _of_three(
        flat_g: NDArray[np.float64],
        variance_g2: NDArray[np.float64],
        parameters: InferenceParameters,
        stand_in: StandIn,
        *,
        measured: bool,
    ) -> Change:
        """`measured`: before it, the fourth corner measured, too."""
        whole = stand_in.made_whole(flat_g)
        noise_g2 = variance_g2 + (parameters.change_sd * float(whole.modes_g[0])) ** 2
        flat = None if measured else Flat(tuple(flat_g.tolist()), tuple(noise_g2.tolist()), stand_in)
        variances = tuple((noise_g2 + whole.variance_g2).tolist())
        return Change(tuple(whole.modes_g.tolist()), variances, flat=flat, twist_g2=whole.variance_g2)
