"""How well a hypothesis explains a change of (W, X, Y), as the logarithm of a density per gram in each mode.

A single part is exact: weight normal, place uniform over its span with normal edges. Several parts at once are
taken as normal in all modes. All densities are over the same coordinates, so that goods, hands and foreign things
compare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from agent.detection import Bend, Level
from agent.inference.hypotheses import Hypothesis, Part
from agent.inference.parameters import InferenceParameters
from agent.inference.sums import log_sum
from agent.store import Plate

_SQRT2 = math.sqrt(2.0)
_LOG_2PI = math.log(2 * math.pi)
_TINY = 1e-300
_LEAST_G = 0.5
_ALL_MODES = 3
_EDGE_SHARE = 0.1
_SPREAD = 2.5  # standard deviations: about the width of a normal distribution, as one that is level
_HOPELESS = 60.0


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
        seen = math.log(max(bend.seen, _TINY))
        odd = math.log(p.bend_odd) + _normal(seen, math.log(p.bend_odd_at), p.bend_odd_sd**2)
        usual = math.log(1 - p.bend_odd) + _normal(seen, math.log(p.bend_one), p.bend_one_sd**2)
        return Straightness(bend, seen, odd, _log_add(usual, odd))


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
        if self.modes < _ALL_MODES or abs(change.delta_g[0]) < _LEAST_G:
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


def log_goods(change: Change, hypothesis: Hypothesis, geometry: Geometry, p: InferenceParameters) -> float:
    """Of goods that moved."""
    if len(hypothesis.parts) == 1:
        weighed = _one(change, hypothesis.parts[0], geometry, p)
    else:
        weighed = _many(change, hypothesis.parts, geometry, p)
    return weighed if weighed < -_HOPELESS else weighed + log_bend(change, hypothesis.parts, geometry, p)


def log_bend(change: Change, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> float:
    """Of how straight the way was, and whereto it bent, if several units moved, over the same if it was one."""
    way = change.way
    if way is None or (len(parts) == 1 and parts[0].count == 1) or len({part.sign for part in parts}) > 1:
        return 0.0
    several = math.hypot(p.bend_one, p.bend_share * way.bend.reach * _apart(parts, geometry, p))
    usual = math.log(1 - p.bend_odd) + _normal(way.seen, math.log(several), p.bend_sd**2)
    whereto = math.log(max(_whereto(way.bend, parts, geometry, p), _TINY))
    return _log_add(usual + whereto, way.odd) - way.one


def _apart(parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> float:
    """How far units are from the centre of all of them (rms by weight), in half-spans of the plate."""
    weight = sum(part.mean_g for part in parts)
    total = 0.0
    for k, (_, half, extent) in enumerate(geometry.axes()):
        places = [(part.mean_g / weight, part.count, *_middle(part, k, extent, p)) for part in parts]
        centre = sum(share * middle for share, _, middle, _ in places)
        for share, count, middle, variance in places:
            own = p.neighbour_mm**2 if count > 1 else 0.0
            if len(parts) > 1:
                own += (middle - centre) ** 2 + p.bend_known * variance
            total += share * own / half**2
    return math.sqrt(total)


def _whereto(bend: Bend, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> float:
    """Density of the direction in which the way bent, over that of any direction: from one unit to the other."""
    if len(parts) > 2:
        return 1.0
    unsure = (p.bend_one / max(bend.seen, p.bend_one)) ** 2
    if len(parts) == 1:  # behind one another, or side by side
        (_, half_x, _), (_, half_y, _) = geometry.axes()
        near, far = p.neighbour_aside_mm, 2 * p.neighbour_mm
        behind = _direction(bend, (0.0, 0.0), ((near / half_x) ** 2, (far / half_y) ** 2), unsure)
        beside = _direction(bend, (0.0, 0.0), ((far / half_x) ** 2, (near / half_y) ** 2), unsure)
        return p.neighbour_behind * behind + (1 - p.neighbour_behind) * beside
    means, variances = [], []
    for k, (_, half, extent) in enumerate(geometry.axes()):
        (a, of_a), (b, of_b) = (_middle(part, k, extent, p) for part in parts)
        means.append((a - b) / half)
        variances.append(p.bend_known * (of_a + of_b) / half**2)
    return _direction(bend, (means[0], means[1]), (variances[0], variances[1]), unsure)


def _direction(bend: Bend, mean: tuple[float, float], variance: tuple[float, float], unsure: float) -> float:
    """Density of a direction of two, either way round, of a normal step: the projected normal distribution."""
    blur = unsure * (mean[0] ** 2 + mean[1] ** 2 + variance[0] + variance[1])
    vx, vy = variance[0] + blur, variance[1] + blur
    length = max(bend.seen, _TINY)
    far = (mean[0] ** 2 / vx + mean[1] ** 2 / vy) / 2
    total = 0.0
    for sx in (1.0, -1.0):
        for sy in (1.0, -1.0):
            x, y = sx * bend.seen_x / length, sy * bend.seen_y / length
            curved = x * x / vx + y * y / vy
            along = (x * mean[0] / vx + y * mean[1] / vy) / math.sqrt(curved)
            beyond = math.sqrt(2 * math.pi) * along * _phi(along) * math.exp(along**2 / 2 - far)
            total += (math.exp(-far) + beyond) / curved
    return total / (4 * math.sqrt(vx * vy))


def log_else(change: Change, geometry: Geometry, p: InferenceParameters) -> float:
    """Of a thing that nobody knows: any weight, anywhere."""
    weight = max(abs(change.delta_g[0]), _LEAST_G)
    density = -math.log(weight * math.log(p.else_high_g / p.else_low_g))
    if weight < p.else_low_g:
        density += p.else_fall * math.log(weight / p.else_low_g)
    return density + _anywhere(change, weight, geometry)


def log_nothing(change: Change, geometry: Geometry, peak_g: float, p: InferenceParameters) -> tuple[float, float]:
    """Of the plate being as before, and of something having been pushed along it."""
    delta, noise = change.delta_g, change.variance_g2
    usual = math.log((1 - p.exact - p.unusual) / len(p.creep))
    spreads = (
        (math.log(p.exact), p.settle_g**2),
        *((usual, p.settle_g**2 + (creep * peak_g) ** 2) for creep in p.creep),
        (math.log(p.unusual), (p.unusual_slack * p.settle_g) ** 2 + (p.unusual_creep * p.creep[0] * peak_g) ** 2),
    )

    def back(modes: range) -> float:
        return log_sum([share + sum(_normal(delta[k], 0.0, noise[k] + g2) for k in modes) for share, g2 in spreads])

    still = back(range(geometry.modes))
    if geometry.modes == 1:
        return still, -math.inf
    light, heavy = (
        sum(_normal(delta[k], 0.0, noise[k] + sd_g**2) for k in range(1, geometry.modes))
        for sd_g in (p.moved_sd_g, p.moved_heavy_sd_g)
    )
    pushed = back(range(1)) + _log_add(light, heavy) - math.log(2)
    return still + math.log(1 - p.moved), pushed + math.log(p.moved)


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
    force = max(abs(change.delta_g[0]), _LEAST_G)
    # half of a Lomax density of shape 1 on either side: many light touches, some that lean with kilograms
    density = math.log(p.hand_scale_g / 2) - 2 * math.log(force + p.hand_scale_g)
    density += 2 * math.log(force / (force + p.hand_light_g)) + _anywhere(change, force + 2.0, geometry)
    if onward is not None:
        density = max(density, _log_same_hand(change, onward, force, p)) + math.log(0.5)
    shows_s = p.hand_rest_s * (1 + (p.hand_shows_g / force) ** 2)
    rested = min(plateau.rested_s / shows_s, p.hand_rest_cap)
    return density + _log_tremor(plateau, force, None if onward is None else onward.share, p) - rested


def log_at_goods(change: Change, place_mm: tuple[float, float], geometry: Geometry, p: InferenceParameters) -> float:
    """Of a hand whose force is `change`, where goods moved, over one anywhere on the plate: as a logarithm."""
    force = change.delta_g[0]
    if abs(force) < _LEAST_G:
        return 0.0
    near = 1.0
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        at_mm = origin + half * change.delta_g[k] / force
        sd_mm = math.hypot(p.hand_at_goods_mm, half * math.sqrt(change.variance_g2[k]) / abs(force))
        near *= max(math.exp(_normal(at_mm, place_mm[k - 1], sd_mm**2)) * (extent + _SPREAD * sd_mm), _TINY)
    return math.log(1 - p.hand_at_goods + p.hand_at_goods * near)


def _log_same_hand(change: Change, onward: Onward, force: float, p: InferenceParameters) -> float:
    """Of a hand that presses on where it did: its force wanders, and its moments with it, for it stays in its place."""
    share = p.hand_tremor + (p.hand_wander - p.hand_tremor) * min(onward.apart_s / p.hand_wander_s, 1.0)
    moved = onward.change
    total = _normal(moved.delta_g[0], 0.0, moved.variance_g2[0] + (share * force + p.settle_g) ** 2)
    shift = (p.hand_shift * force + p.settle_g) ** 2
    for k in range(1, len(moved.delta_g)):
        arm = change.delta_g[k] / force * (1 if change.delta_g[0] > 0 else -1)
        arm = min(max(arm, -2.0), 2.0)
        total += _normal(moved.delta_g[k], arm * moved.delta_g[0], moved.variance_g2[k] + shift)
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


def tremor_share(change: Change, plateau: Level, p: InferenceParameters) -> float | None:
    """How much a hand whose force is `change` trembled on a plateau, as a share of what hands usually do.

    What was seen, or the least that would have been; in a short time less shows. None: it was not told.
    """
    if plateau.tremor_g is None:
        return None
    force = max(abs(change.delta_g[0]), _LEAST_G)
    shown = min(plateau.seconds / p.hand_period_s, 1.0)
    return max(plateau.tremor_g, plateau.stillness_g) / (force * p.hand_tremor * shown)


def _log_tremor(plateau: Level, force: float, before: float | None, p: InferenceParameters) -> float:
    """How well the motion seen is that of a hand: its share is about log-normal, and a hand keeps the one it had."""
    seen = tremor_share(Change((force,), (0.0,)), plateau, p)
    if seen is None or seen >= 1:
        return 0.0
    anew = max(-(math.log(seen) ** 2) / (2 * p.hand_tremor_spread**2), -p.hand_stillness_cap)
    if before is None:
        return anew
    calmer = min(math.log(seen / before), 0.0)
    kept = -(calmer**2) / (2 * p.hand_tremor_keeps**2)
    return _log_add(math.log(p.hand_kept) + kept, math.log(1 - p.hand_kept) + anew)


def _anywhere(change: Change, weight: float, geometry: Geometry) -> float:
    """Of the moments of a force of `weight` somewhere on the plate; beyond its edges it falls off."""
    total = 0.0
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        spread = max(weight * extent / half, math.sqrt(2 * math.pi * change.variance_g2[k]))
        total -= math.log(spread)
        moment = change.delta_g[k] if change.delta_g[0] >= 0 else -change.delta_g[k]
        low, high = -weight * origin / half, weight * (extent - origin) / half
        outside = max(low - moment, moment - high, 0.0)
        tolerance = change.variance_g2[k] + (_EDGE_SHARE * weight) ** 2 + _LEAST_G**2
        total -= min(outside**2 / (2 * tolerance), _HOPELESS)
    return total


def _one(change: Change, part: Part, geometry: Geometry, p: InferenceParameters) -> float:
    total = _normal(change.delta_g[0], part.sign * part.mean_g, part.variance_g2 + change.variance_g2[0])
    weight = change.delta_g[0]
    if total < -_HOPELESS or abs(weight) < _LEAST_G:
        return total if abs(weight) >= _LEAST_G else -math.inf
    spans = (part.place.x, part.place.y)
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        place = origin + half * change.delta_g[k] / weight
        unknown_mm = 0.0 if part.place.sharp else p.place_sd_mm
        sd = math.hypot(half * math.sqrt(change.variance_g2[k]) / abs(weight), unknown_mm)
        a, b = spans[k - 1]
        if part.place.sharp:
            inside = math.exp(_normal(place, a, sd * sd + b * b))
        else:
            inside = (_phi((b - place) / sd) - _phi((a - place) / sd)) / (b - a)
        anywhere = (_phi((extent - place) / sd) - _phi(-place / sd)) / extent
        density = (1 - part.place.loose) * inside + part.place.loose * anywhere
        total += math.log(max(density, _TINY)) + math.log(half / abs(weight))
    return total


def _many(change: Change, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> float:
    mean = sum(part.sign * part.mean_g for part in parts)
    total = _normal(change.delta_g[0], mean, sum(part.variance_g2 for part in parts) + change.variance_g2[0])
    if total < -_HOPELESS:
        return total
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        moment = variance = 0.0
        for part in parts:
            middle, spread = _middle(part, k - 1, extent, p)
            moment += part.sign * part.mean_g * (middle - origin) / half
            variance += (part.mean_g / half) ** 2 * spread + part.variance_g2 * ((middle - origin) / half) ** 2
        total += _normal(change.delta_g[k], moment, variance + change.variance_g2[k])
    return total


def _middle(part: Part, axis: int, extent: float, p: InferenceParameters) -> tuple[float, float]:
    """Mean and variance in mm of where a part stands along an axis."""
    a, b = (part.place.x, part.place.y)[axis]
    if part.place.sharp:
        if part.place.loose >= 1.0:
            return extent / 2, extent**2 / 12
        return a, b * b + p.place_sd_mm**2
    return (a + b) / 2, (b - a) ** 2 / 12 + p.place_sd_mm**2


def _normal(value: float, mean: float, variance: float) -> float:
    return -0.5 * ((value - mean) ** 2 / variance + math.log(variance) + _LOG_2PI)


def _log_add(a: float, b: float) -> float:
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def _phi(value: float) -> float:
    return 0.5 * (1 + math.erf(value / _SQRT2))
