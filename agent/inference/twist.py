"""Goods on a plate of which three corners measure: how the plate twists under several loads at once.

A load w at (xi, eta), both from -1 to 1 between the cells, twists a plate by k w xi eta (`agent.weighing.corners`); of
several, the twists add up. What three corners show of a change is its W, X and Y less a known share each of the twist:
they are jointly normal, with the moments of independent places and weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agent.inference.change import Change, Flat
from agent.inference.geometry import Geometry
from agent.inference.parameters import InferenceParameters
from agent.inference.parts import Part, stands_mm
from agent.inference.sums import log_normal

Signal = NDArray[np.float64]
_W, _MODES = 0, 3
_FAR_SDS = 8.0
_WEIGHTS = 15  # that are tried of one load,
_REACH_SDS = 4.0  # so far about the likeliest


def log_moments(
    flat: Flat, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters
) -> tuple[float, float, float]:
    """What parts at once say of a flat change: the logarithm of the density of its moments, and mean and variance of
    its weight by them."""
    mean, covariance = _shown(flat, parts, geometry, p)
    seen = np.array(flat.delta_g)
    total, off = 0.0, seen - mean
    for mode in (2, 1):  # one after the other: each tells something of those that are left
        total += log_normal(float(seen[mode]), float(mean[mode]), float(covariance[mode, mode]))
        gain = covariance[:, mode] / covariance[mode, mode]
        mean = mean + gain * off[mode]
        covariance = covariance - np.outer(gain, covariance[mode])
        off = seen - mean
    return total, float(mean[_W]), float(covariance[_W, _W])


def as_parts(change: Change, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> Change:
    """The change if these parts made it; itself where all four corners measure, or it was one load."""
    flat = change.flat
    if flat is None or len(parts) == 1:
        return change
    mean, covariance = _of(parts, geometry, p, flat)
    shows = _shows(flat)
    gain = covariance @ shows.T @ np.linalg.inv(shows @ covariance @ shows.T + _noise(flat))
    moved = mean + gain @ (np.array(flat.delta_g) - shows @ mean)
    left = covariance - gain @ shows @ covariance
    if moved[_W] * change.delta_g[_W] <= 0:
        return change
    variance = np.diag(left)[:_MODES]
    twist_g2 = max(float(variance[_W]) - flat.variance_g2[_W], 0.0)
    return Change(tuple(moved[:_MODES].tolist()), tuple(variance.tolist()), change.way, flat, twist_g2)


def pushed_g2(flat: Flat, p: InferenceParameters) -> float:
    """Variance of the weight that three corners show where something was only pushed along the plate."""
    lever = p.push_lever * math.hypot(*flat.delta_g[1:])
    return (flat.stand_in.twist**2 + flat.stand_in.twist_sd**2) * lever**2


def twists(
    change: Change, flat: Flat, part: Part, geometry: Geometry, p: InferenceParameters
) -> Iterator[tuple[tuple[float, ...], float, float]]:
    """What a part may weigh by what is known of it and of the twist: for each such weight the modes [3] that a flat
    change then has, the grams that it stands for, and the logarithm of how likely so much twist is."""
    variance = part.variance_g2 + change.variance_g2[_W]
    both = part.variance_g2 * change.variance_g2[_W] / variance
    mean = part.sign * part.mean_g
    middle = mean + (change.delta_g[_W] - mean) * part.variance_g2 / variance
    if (change.delta_g[_W] - mean) ** 2 > _FAR_SDS**2 * variance:
        return
    stand_in, noise_g2 = flat.stand_in, flat.variance_g2[_W] + _misfit_g(flat) ** 2
    noise_g2 += _counted_g2(flat, part, geometry, p)
    step_g = 2 * _REACH_SDS * math.sqrt(both) / (_WEIGHTS - 1)
    for number in range(_WEIGHTS):
        weight = middle + (number - _WEIGHTS // 2) * step_g
        twist_g = (weight - flat.delta_g[_W]) * stand_in.share[_W]
        modes = (weight, *(flat.delta_g[k] + stand_in.share[k] * twist_g for k in (1, 2)))
        lever = modes[1] * modes[2] / weight if weight else 0.0
        of_twist = (stand_in.twist_sd * lever) ** 2 + noise_g2
        yield modes, step_g, log_normal(twist_g, stand_in.twist * lever, of_twist)


def _counted_g2(flat: Flat, part: Part, geometry: Geometry, p: InferenceParameters) -> float:
    """Variance of the twist of several units of a lane, over that of one load in their middle."""
    if part.count < 2:
        return 0.0
    spread = p.neighbour_mm**2 / (geometry.half_x_mm * geometry.half_y_mm)
    return (flat.stand_in.twist * part.mean_g * spread) ** 2


def _shown(flat: Flat, parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters) -> tuple[Signal, Signal]:
    mean, covariance = _of(parts, geometry, p, flat)
    shows = _shows(flat)
    return shows @ mean, shows @ covariance @ shows.T + _noise(flat)


def _shows(flat: Flat) -> Signal:
    """[3, 4]: of W, X, Y and twist, what three corners show."""
    return np.column_stack((np.eye(_MODES), -np.array(flat.stand_in.share)))


def _noise(flat: Flat) -> Signal:
    return np.diag(np.array(flat.variance_g2) + _misfit_g(flat) ** 2)


def _misfit_g(flat: Flat) -> float:
    return flat.stand_in.parameters.misfit * max(abs(value) for value in flat.delta_g)


def _of(parts: tuple[Part, ...], geometry: Geometry, p: InferenceParameters, flat: Flat) -> tuple[Signal, Signal]:
    """Mean [4] and covariance [4, 4] of W, X, Y and twist of parts; S is their sum of w xi eta."""
    mean, covariance = np.zeros(4), np.zeros((4, 4))
    (origin_x, half_x, wide), (origin_y, half_y, deep) = geometry.axes()
    for part in parts:
        w, v = part.sign * part.mean_g, part.variance_g2
        (at_x, of_x), (at_y, of_y) = stands_mm(part, 0, wide, p), stands_mm(part, 1, deep, p)
        x, vx = (at_x - origin_x) / half_x, of_x / half_x**2
        y, vy = (at_y - origin_y) / half_y, of_y / half_y**2
        square, x2, y2 = w * w + v, vx + x * x, vy + y * y
        own = np.array([w, w * x, w * y, w * x * y])
        second = np.array(
            [
                [1.0, x, y, x * y],
                [x, x2, x * y, x2 * y],
                [y, x * y, y2, x * y2],
                [x * y, x2 * y, x * y2, x2 * y2],
            ]
        )
        mean += own
        covariance += square * second - np.outer(own, own)
    k, k2 = flat.stand_in.twist, flat.stand_in.twist**2 + flat.stand_in.twist_sd**2
    covariance[3, 3] = k2 * (covariance[3, 3] + mean[3] ** 2) - (k * mean[3]) ** 2
    covariance[3, :3] *= k
    covariance[:3, 3] *= k
    mean[3] *= k
    return mean, covariance
