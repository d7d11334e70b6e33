"""How well a hypothesis explains a change of (W, X, Y), as the logarithm of a density per gram in each mode.

A single part is exact: weight normal, place uniform over its span with normal edges. Several parts at once are
taken as normal in all modes. All densities are over the same coordinates, so that goods, hands and foreign things
compare.
"""

from __future__ import annotations

import math

from agent.inference.change import Change, Flat
from agent.inference.geometry import LEAST_G, Geometry
from agent.inference.parameters import InferenceParameters
from agent.inference.parts import Hypothesis, Part, stands_mm
from agent.inference.straightness import log_bend
from agent.inference.sums import TINY, log_add, log_normal, log_sum, log_t, phi
from agent.inference.twist import log_moments, pushed_g2, twists

_EDGE_SHARE = 0.1
_HOPELESS = 60.0


def log_goods(change: Change, hypothesis: Hypothesis, geometry: Geometry, p: InferenceParameters) -> float:
    """Of goods that moved."""
    if len(hypothesis.parts) == 1:
        weighed = _one(change, hypothesis.parts[0], geometry, p)
    else:
        weighed = _many(change, hypothesis.parts, geometry, p)
    return weighed if weighed < -_HOPELESS else weighed + log_bend(change, hypothesis.parts, geometry, p)


def log_else(change: Change, geometry: Geometry, p: InferenceParameters) -> float:
    """Of a thing that nobody knows: any weight, anywhere."""
    weight = max(abs(change.delta_g[0]), LEAST_G)
    density = -math.log(weight * math.log(p.else_high_g / p.else_low_g))
    if weight < p.else_low_g:
        density += p.else_fall * math.log(weight / p.else_low_g)
    if weight > p.else_heavy_g:
        density -= p.else_fall * math.log(weight / p.else_heavy_g)
    return density + log_anywhere(change, weight, geometry)


def log_nothing(change: Change, geometry: Geometry, peak_g: float, p: InferenceParameters) -> tuple[float, float]:
    """Of the plate being as before, and of something having been pushed along it."""
    flat = change.flat
    delta, noise = (change.delta_g, change.variance_g2) if flat is None else (flat.delta_g, flat.variance_g2)
    usual = math.log((1 - p.exact - p.unusual) / len(p.creep))
    spreads = (
        (math.log(p.exact), p.settle_g**2),
        *((usual, p.settle_g**2 + (creep * peak_g) ** 2) for creep in p.creep),
        (math.log(p.unusual), (p.unusual_slack * p.settle_g) ** 2 + (p.unusual_creep * p.creep[0] * peak_g) ** 2),
    )

    def back(modes: range, twist_g2: float = 0.0) -> float:
        return log_sum(
            [share + sum(log_normal(delta[k], 0.0, noise[k] + twist_g2 + g2) for k in modes) for share, g2 in spreads]
        )

    still = back(range(geometry.modes))
    if geometry.modes == 1:
        return still, -math.inf
    light, heavy = (
        sum(log_normal(delta[k], 0.0, noise[k] + sd_g**2) for k in range(1, geometry.modes))
        for sd_g in (p.moved_sd_g, p.moved_heavy_sd_g)
    )
    twist_g2 = 0.0 if flat is None else pushed_g2(flat, p)
    pushed = back(range(1), twist_g2) + log_add(light, heavy) - math.log(2)
    return still + math.log(1 - p.moved), pushed + math.log(p.moved)


def log_anywhere(change: Change, weight: float, geometry: Geometry) -> float:
    """Of the moments of a force of `weight` somewhere on the plate; beyond its edges it falls off."""
    total = 0.0
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        spread = max(weight * extent / half, math.sqrt(2 * math.pi * change.variance_g2[k]))
        total -= math.log(spread)
        moment = change.delta_g[k] if change.delta_g[0] >= 0 else -change.delta_g[k]
        low, high = -weight * origin / half, weight * (extent - origin) / half
        outside = max(low - moment, moment - high, 0.0)
        tolerance = change.variance_g2[k] + (_EDGE_SHARE * weight) ** 2 + LEAST_G**2
        total -= min(outside**2 / (2 * tolerance), _HOPELESS)
    return total


def _one(change: Change, part: Part, geometry: Geometry, p: InferenceParameters) -> float:
    if change.flat is not None:
        return _one_flat(change, change.flat, part, geometry, p)
    weight = change.delta_g[0]
    total = _log_weight(weight, part.sign * part.mean_g, part.variance_g2 + change.variance_g2[0], (part,), p)
    if total < -_HOPELESS or abs(weight) < LEAST_G:
        return total if abs(weight) >= LEAST_G else -math.inf
    return total + _log_place(change.delta_g, change.variance_g2, part, geometry, p)


def _one_flat(change: Change, flat: Flat, part: Part, geometry: Geometry, p: InferenceParameters) -> float:
    """Of one load by three corners: each weight that it may have says where it stood, and how far the plate twists."""
    total = []
    for modes_g, step_g, log_twist in twists(change, flat, part, geometry, p):
        if abs(modes_g[0]) >= LEAST_G and modes_g[0] * part.sign > 0:
            weight = _log_weight(modes_g[0], part.sign * part.mean_g, part.variance_g2, (part,), p)
            place = _log_place(modes_g, flat.variance_g2, part, geometry, p)
            total.append(weight + place + log_twist + math.log(step_g))
    return log_sum(total)


def _log_place(
    modes_g: tuple[float, ...], variance_g2: tuple[float, ...], part: Part, geometry: Geometry, p: InferenceParameters
) -> float:
    """Of the moments of one load, by where it may stand."""
    weight, total = modes_g[0], 0.0
    spans = (part.place.x, part.place.y)
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        place = origin + half * modes_g[k] / weight
        unknown_mm = 0.0 if part.place.sharp else p.place_sd_mm
        sd = math.hypot(half * math.sqrt(variance_g2[k]) / abs(weight), unknown_mm)
        a, b = spans[k - 1]
        if part.place.sharp:
            inside = math.exp(log_normal(place, a, sd * sd + b * b))
        else:
            inside = (phi((b - place) / sd) - phi((a - place) / sd)) / (b - a)
        anywhere = (phi((extent - place) / sd) - phi(-place / sd)) / extent
        density = (1 - part.place.loose) * inside + part.place.loose * anywhere
        total += math.log(max(density, TINY)) + math.log(half / abs(weight))
    return total


def _many(change: Change, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> float:
    if change.flat is not None:
        moments, mean, variance = log_moments(change.flat, parts, geometry, p)
        return moments + _log_weight(change.flat.delta_g[0], mean, variance, parts, p)
    mean = spread = 0.0
    for part in parts:
        mean += part.sign * part.mean_g
        spread += part.variance_g2
    total = _log_weight(change.delta_g[0], mean, spread + change.variance_g2[0], parts, p)
    over = (change.delta_g[0] - mean) / (spread or 1.0)
    for part in parts:
        if part.mean_g + part.sign * over * part.variance_g2 < LEAST_G:
            return -math.inf  # what the others weigh leaves nothing of it: a normal spread knows no zero
    if total < -_HOPELESS:
        return total
    for k, (origin, half, extent) in enumerate(geometry.axes(), start=1):
        moment = variance = 0.0
        for part in parts:
            middle, spread = stands_mm(part, k - 1, extent, p)
            moment += part.sign * part.mean_g * (middle - origin) / half
            variance += (part.mean_g / half) ** 2 * spread + part.variance_g2 * ((middle - origin) / half) ** 2
        total += log_normal(change.delta_g[k], moment, variance + change.variance_g2[k])
    return total


def _log_weight(weight: float, mean: float, variance: float, parts: tuple[Part, ...], p: InferenceParameters) -> float:
    """Of the weight of parts: what was weighed itself is known to its variance; how products spread, and how much of a
    unit the side carries, was estimated."""
    for part in parts:
        if part.source is None or part.leans:
            return log_t(weight, mean, variance, p.spread_units, p.spread_most)
    return log_normal(weight, mean, variance)
