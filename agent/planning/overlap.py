"""Bayes error between two movements: how often the likelier of the two is the wrong one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.planning.movements import Movement, Shape
from agent.planning.parameters import PlanParameters

_ROOT_2PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Overlap:
    """`error`: were both equally likely, how often one would be told as the other (0.5: no telling them apart).
    `share`: with the chances that the agent gives them, the share of all takes that is told wrongly for it."""

    error: float
    share: float


def bound(one: Movement, other: Movement) -> float:
    """No more than this can the equal-odds error be: half the Bhattacharyya coefficient, cheap to compute."""
    total = 0.0
    for a in one.shapes:
        for b in other.shapes:
            share = math.sqrt(a.share * b.share / (one.share * other.share)) * _alike_in_weight(a, b)
            if share > _NEGLIGIBLE:
                total += share * _alike(a.x, b.x) * _alike(a.y, b.y)
    return min(total, 1.0) / 2


def overlap(one: Movement, other: Movement, p: PlanParameters) -> Overlap:
    """Both integrals over weight and place."""
    weights = _weights(one, other, p)
    if weights is None:
        return Overlap(0.0, 0.0)
    step = float(weights[1] - weights[0])
    axes = [_axis(one, other, "x"), _axis(one, other, "y")]
    if len(one.shapes) == len(other.shapes) == 1:
        a, b = (_normal(weights, movement.shapes[0]) for movement in (one, other))
        places = [_places(movement.shapes[0], axes) for movement in (one, other)]
        error = _common(a, b, places, 1.0) * step / 2
        share = _common(a, b, places, other.share / one.share) * step * one.share
        return Overlap(min(error, 0.5), share)
    first, second = (_density(movement, weights, axes) for movement in (one, other))
    error = float(np.minimum(first / one.share, second / other.share).sum()) * step / 2
    return Overlap(min(error, 0.5), float(np.minimum(first, second).sum()) * step)


def overlap_weighed(one: Movement, other: Movement, difference_sd_g: float, p: PlanParameters) -> float:
    """Equal-odds error of two units that both were weighed before: their weights are known, but may be alike.

    `difference_sd_g` is how much the difference of two such units varies.
    """
    mean = other.shapes[0].mean_g - one.shapes[0].mean_g
    sd = math.sqrt(max(one.shapes[0].variance_g2, other.shapes[0].variance_g2))
    reach = p.apart_sds * sd
    step = reach / p.differences
    differences = np.linspace(-reach, reach, 2 * p.differences + 1)
    # shares of the steps rather than densities at their middles: a difference may vary less than a step
    edges = np.concatenate((differences - step / 2, [reach + step / 2]))
    spread = max(difference_sd_g, sd * _LEAST_SPREAD)
    chances = np.diff([0.5 * (1 + math.erf((edge - mean) / spread / math.sqrt(2))) for edge in edges.tolist()])
    error = 0.0
    for difference, chance in zip(differences.tolist(), chances.tolist(), strict=True):
        if chance > _NEGLIGIBLE:
            still = Movement(one.amounts, tuple(replace(shape, mean_g=0.0) for shape in one.shapes))
            moved = Movement(other.amounts, tuple(replace(shape, mean_g=difference) for shape in other.shapes))
            error += chance * overlap(still, moved, p).error
    return min(error, 0.5)


def may_be_alike(one: Movement, other: Movement, difference_sd_g: float) -> float:
    """A bound on `overlap_weighed` from the weights alone."""
    a, b = one.shapes[0], other.shapes[0]
    spread = a.variance_g2 + b.variance_g2
    # the Bhattacharyya coefficient exp(-d^2 / 4 spread), averaged over the difference d
    wide = 2 * spread + difference_sd_g**2
    return math.sqrt(2 * spread / wide) * math.exp(-((a.mean_g - b.mean_g) ** 2) / (2 * wide)) / 2


def _common(a: NDArray[np.float64], b: NDArray[np.float64], places: list[NDArray[np.float64]], odds: float) -> float:
    """Sum over weights and places of min(a p, odds b q): a concave function of the places' ratio, laid out once."""
    p, q = places
    ratios = np.exp(_LOG_RATIOS)
    table = np.minimum(a, ratios[:, None] * b).sum(axis=1)
    both = (p > 0) & (q > 0)
    at = np.log(odds * q[both] / p[both])
    return float((p[both] * np.interp(at, _LOG_RATIOS, table)).sum())


def _places(shape: Shape, axes: list[str | None]) -> NDArray[np.float64]:
    x, y = (np.ones(1) if axis is None else getattr(shape, axis) for axis in axes)
    result: NDArray[np.float64] = (x[:, None] * y).ravel()
    return result


def _alike_in_weight(a: Shape, b: Shape) -> float:
    spread = a.variance_g2 + b.variance_g2
    return math.sqrt(2 * math.sqrt(a.variance_g2 * b.variance_g2) / spread) * math.exp(
        -((a.mean_g - b.mean_g) ** 2) / (4 * spread)
    )


def _weights(one: Movement, other: Movement, p: PlanParameters) -> NDArray[np.float64] | None:
    """Weights at which both may be, or None."""
    (a_low, a_high), (b_low, b_high) = (_reach(movement, p) for movement in (one, other))
    low, high = max(a_low, b_low), min(a_high, b_high)
    if low >= high:
        return None
    finest = math.sqrt(min(shape.variance_g2 for shape in (*one.shapes, *other.shapes))) / p.steps_a_sd
    return np.linspace(low, high, min(max(math.ceil((high - low) / finest), 2), p.most_weights) + 1)


def _reach(movement: Movement, p: PlanParameters) -> tuple[float, float]:
    sds = [(shape.mean_g, p.reach_sds * math.sqrt(shape.variance_g2)) for shape in movement.shapes]
    return min(mean - reach for mean, reach in sds), max(mean + reach for mean, reach in sds)


def _axis(one: Movement, other: Movement, axis: str) -> str | None:
    """An axis along which all shapes are alike tells nothing, nor one of which a movement knows nothing."""
    shapes = [getattr(shape, axis) for shape in (*one.shapes, *other.shapes)]
    known = all(len(shape) == len(shapes[0]) for shape in shapes)
    return axis if known and any(not np.array_equal(shape, shapes[0]) for shape in shapes[1:]) else None


def _density(movement: Movement, weights: NDArray[np.float64], axes: list[str | None]) -> NDArray[np.float64]:
    """Density per gram in each cell of the plate, [weights, x, y], times the movement's share."""
    total: NDArray[np.float64] | None = None
    for shape in movement.shapes:
        x, y = (np.ones(1) if axis is None else getattr(shape, axis) for axis in axes)
        part = shape.share * _normal(weights, shape)[:, None, None] * (x[:, None] * y)
        total = part if total is None else total + part
    assert total is not None
    return total


def _normal(weights: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    sd = math.sqrt(shape.variance_g2)
    result: NDArray[np.float64] = np.exp(-(((weights - shape.mean_g) / sd) ** 2) / 2) / (sd * _ROOT_2PI)
    return result


def _alike(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.sqrt(a * b).sum()) if len(a) == len(b) else 1.0


_NEGLIGIBLE = 1e-7
_LEAST_SPREAD = 1e-3
_LOG_RATIOS = np.linspace(-25.0, 25.0, 201)
