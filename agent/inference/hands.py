"""How well a hand explains a plateau: its force, its place, its tremor, and how it goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agent.detection import Level
from agent.inference.change import Change
from agent.inference.geometry import LEAST_G, Geometry
from agent.inference.likelihood import log_anywhere
from agent.inference.parameters import InferenceParameters
from agent.inference.sums import TINY, log_add, log_normal

_SPREAD = 2.5  # standard deviations: about the width of a normal distribution, as one that is level


@dataclass(frozen=True)
class Onward:
    """How a hand goes on: the `change` since its plateau before, which ended `apart_s` before and on which it trembled
    by a `share` of its force (of what hands usually do; None: that was not seen)."""

    change: Change
    apart_s: float
    share: float | None


def log_hand(
    change: Change, onward: Onward | None, plateau: Level, geometry: Geometry, p: InferenceParameters
) -> float:
    """Of a plateau that is a hand's: any force, trembling by a share of it.

    `change` is from what the plate carried without it; `onward` from the plateau just before this one, on which the
    same hand may have rested already (None: there was none).
    """
    force = max(abs(change.delta_g[0]), LEAST_G)
    # half of a Lomax density of shape 1 on either side: many light touches, some that lean with kilograms
    density = math.log(p.hand_scale_g / 2) - 2 * math.log(force + p.hand_scale_g)
    density += 2 * math.log(force / (force + p.hand_light_g)) + log_anywhere(change, force + 2.0, geometry)
    if onward is not None:
        density = max(density, _log_same_hand(change, onward, force, p)) + math.log(0.5)
    shows_s = p.hand_rest_s * (1 + (p.hand_shows_g / force) ** 2)
    rested = min(plateau.rested_s / shows_s, p.hand_rest_cap)
    return density + _log_tremor(plateau, force, None if onward is None else onward.share, p) - rested


def log_at_goods(change: Change, place_mm: tuple[float, float], geometry: Geometry, p: InferenceParameters) -> float:
    """Of a hand whose force is `change`, where goods moved, over one anywhere on the plate: as a logarithm."""
    force = change.delta_g[0]
    if abs(force) < LEAST_G:
        return 0.0
    near = 1.0
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        at_mm = origin + half * change.delta_g[k] / force
        sd_mm = math.hypot(p.hand_at_goods_mm, half * math.sqrt(change.variance_g2[k]) / abs(force))
        near *= max(math.exp(log_normal(at_mm, place_mm[k - 1], sd_mm**2)) * (extent + _SPREAD * sd_mm), TINY)
    return math.log(1 - p.hand_at_goods + p.hand_at_goods * near)


def _log_same_hand(change: Change, onward: Onward, force: float, p: InferenceParameters) -> float:
    """Of a hand that presses on where it did: its force wanders, and its moments with it, for it stays in its place."""
    share = p.hand_tremor + (p.hand_wander - p.hand_tremor) * min(onward.apart_s / p.hand_wander_s, 1.0)
    moved = onward.change
    total = log_normal(moved.delta_g[0], 0.0, moved.variance_g2[0] + (share * force + p.settle_g) ** 2)
    shift = (p.hand_shift * force + p.settle_g) ** 2
    for k in range(1, len(moved.delta_g)):
        arm = change.delta_g[k] / force * (1 if change.delta_g[0] > 0 else -1)
        arm = min(max(arm, -2.0), 2.0)
        total += log_normal(moved.delta_g[k], arm * moved.delta_g[0], moved.variance_g2[k] + shift)
    return total


def log_still(plateau: Level, p: InferenceParameters) -> float:
    """Of a plateau on which no hand is: it moves by no more than noise explains."""
    if plateau.soft:
        return p.soft_visit
    if plateau.tremor_g is None and plateau.ring_hz:
        return p.slow_ring_visit
    if plateau.tremor_g is None or not plateau.stillness_g:
        return 0.0
    excess = (plateau.tremor_g / plateau.stillness_g) ** 2 - p.still_chance
    return -min(max(excess, 0.0) / 2, p.still_cap)


def hides_hand(plateau: Level, change: Change, p: InferenceParameters, *, goods: bool) -> bool:
    """Whether the tremor of a hand whose force is `change` would not show on a plateau, for it rings as slowly.

    Where the change fits known `goods`, a swing that a ring explains all but a little of is the plate's own.
    """
    usual_g = _usual_tremor_g(change, plateau, p)
    if not plateau.ring_hz or plateau.ring_g * p.hand_hidden < usual_g:
        return False
    if plateau.tremor_g is None:
        return True
    shows_g = max(plateau.tremor_g, plateau.stillness_g) * p.hand_hidden
    return shows_g > (max(usual_g, plateau.ring_g) if goods else usual_g)


def tremor_share(change: Change, plateau: Level, p: InferenceParameters) -> float | None:
    """How much a hand whose force is `change` trembled on a plateau, as a share of what hands usually do.

    What was seen, or the least that would have been; in a short time less shows. None: it was not told.
    """
    if plateau.tremor_g is None:
        return None
    return max(plateau.tremor_g, plateau.stillness_g) / _usual_tremor_g(change, plateau, p)


def _usual_tremor_g(change: Change, plateau: Level, p: InferenceParameters) -> float:
    """How far hands whose force is `change` usually tremble, as far as a plateau is long enough to show it."""
    return max(abs(change.delta_g[0]), LEAST_G) * p.hand_tremor * min(plateau.seconds / p.hand_period_s, 1.0)


def _log_tremor(plateau: Level, force: float, before: float | None, p: InferenceParameters) -> float:
    """How well the motion seen is that of a hand: its share is about log-normal, and a hand keeps the one it had."""
    seen = tremor_share(Change((force,), (0.0,)), plateau, p)
    if seen is None:  # by the hand's own force, or else the plate rings beside it
        return _log_swings(plateau.ring_g / math.sqrt(2), force, p)
    if seen >= 1:
        return _log_swings(plateau.tremor_g or 0.0, force, p)
    anew = max(-(math.log(seen) ** 2) / (2 * p.hand_tremor_spread**2), -p.hand_stillness_cap)
    if before is None:
        return anew
    calmer = min(math.log(seen / before), 0.0)
    kept = -(calmer**2) / (2 * p.hand_tremor_keeps**2)
    return log_add(math.log(p.hand_kept) + kept, math.log(1 - p.hand_kept) + anew)


def _log_swings(moved_g: float, force: float, p: InferenceParameters) -> float:
    """Of a plate that moves by so much (rms) while a hand is on it: one that presses so little does not do that."""
    most_g = p.hand_swings * p.hand_tremor * max(force, p.hand_shows_g)
    over = max(math.log(max(moved_g, TINY) / most_g), 0.0)
    return max(-(over**2) / (2 * p.hand_tremor_spread**2), p.slow_ring_visit)
