"""How well a hypothesis explains how straight the way was, and whereto it bent."""

from __future__ import annotations

import math

from agent.detection import Bend
from agent.inference.change import Change
from agent.inference.geometry import Geometry
from agent.inference.parameters import InferenceParameters
from agent.inference.parts import Part, stands_mm
from agent.inference.sums import TINY, log_add, log_normal, phi


def log_bend(change: Change, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> float:
    """Of how straight the way was, and whereto it bent, if several units moved, over the same if it was one."""
    way = change.way
    if way is None or (len(parts) == 1 and parts[0].count == 1) or len({part.sign for part in parts}) > 1:
        return 0.0
    several = math.hypot(p.bend_one, p.bend_share * way.bend.reach * _apart(parts, geometry, p))
    usual = math.log(1 - p.bend_odd) + log_normal(way.seen, math.log(several), p.bend_sd**2)
    whereto = math.log(max(_whereto(way.bend, parts, geometry, p), TINY))
    return log_add(usual + whereto, way.odd) - way.one


def _apart(parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> float:
    """How far units are from the centre of all of them (mean by weight), in half-spans of the plate: if one of two that
    weigh shares a and 1 - a goes first, the way departs by a (1 - a) of their distance."""
    weight = sum(part.mean_g for part in parts)
    shares = [part.mean_g / weight for part in parts]
    squares = [0.0] * len(parts)
    for k, (_, half, extent) in enumerate(geometry.axes()):
        places = [stands_mm(part, k, extent, p) for part in parts]
        centre = sum(share * middle for share, (middle, _) in zip(shares, places, strict=True))
        of_centre = sum(share**2 * variance for share, (_, variance) in zip(shares, places, strict=True))
        for number, (part, share, (middle, variance)) in enumerate(zip(parts, shares, places, strict=True)):
            own = (p.bend_alike * p.neighbour_mm) ** 2 if part.count > 1 else 0.0
            if len(parts) > 1:
                own += (middle - centre) ** 2 + p.bend_known * (of_centre + (1 - 2 * share) * variance)
            squares[number] += own / half**2
    return sum(share * math.sqrt(square) for share, square in zip(shares, squares, strict=True))


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
        (a, of_a), (b, of_b) = (stands_mm(part, k, extent, p) for part in parts)
        means.append((a - b) / half)
        variances.append(p.bend_known * (of_a + of_b) / half**2)
    return _direction(bend, (means[0], means[1]), (variances[0], variances[1]), unsure)


def _direction(bend: Bend, mean: tuple[float, float], variance: tuple[float, float], unsure: float) -> float:
    """Density of a direction of two, either way round, of a normal step: the projected normal distribution."""
    blur = unsure * (mean[0] ** 2 + mean[1] ** 2 + variance[0] + variance[1])
    vx, vy = variance[0] + blur, variance[1] + blur
    length = max(bend.seen, TINY)
    far = (mean[0] ** 2 / vx + mean[1] ** 2 / vy) / 2
    total = 0.0
    for sx in (1.0, -1.0):
        for sy in (1.0, -1.0):
            x, y = sx * bend.seen_x / length, sy * bend.seen_y / length
            curved = x * x / vx + y * y / vy
            along = (x * mean[0] / vx + y * mean[1] / vy) / math.sqrt(curved)
            beyond = math.sqrt(2 * math.pi) * along * phi(along) * math.exp(along**2 / 2 - far)
            total += (math.exp(-far) + beyond) / curved
    return total / (4 * math.sqrt(vx * vy))
