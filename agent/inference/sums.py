"""Sums of weights that are known by their logarithms, and normal distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence

TINY = 1e-300  # of a density, whose logarithm is taken
_LOG_2PI = math.log(2 * math.pi)
_SQRT2 = math.sqrt(2.0)


def log_sum(values: Sequence[float]) -> float:
    """The logarithm of the sum of exp(value); minus infinity for none."""
    top = max(values, default=-math.inf)
    if top == -math.inf:
        return -math.inf
    return top + math.log(sum(math.exp(value - top) for value in values))


def log_add(a: float, b: float) -> float:
    """The logarithm of exp(a) + exp(b)."""
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def log_normal(value: float, mean: float, variance: float) -> float:
    """The logarithm of a normal density."""
    return -0.5 * ((value - mean) ** 2 / variance + math.log(variance) + _LOG_2PI)


def log_t(value: float, mean: float, variance: float, units: float, most: float) -> float:
    """The logarithm of Student's density: normal, its variance estimated from so many `units` (degrees of freedom), but
    its standard deviation no more than `most` times the one estimated, so that far out it falls as a normal one.

    Its constant is a normal density's, which for ten units and more is the same within 3 %.
    """
    far = (value - mean) ** 2 / variance
    bend = (units + 1) * most**2 - units  # the likeliest spread grows with how far out, and here it is `most`
    near, beyond = (far, 0.0) if far <= bend else (bend, (far - bend) / most**2)
    return -0.5 * ((units + 1) * math.log1p(near / units) + beyond + math.log(variance) + _LOG_2PI)


def phi(value: float) -> float:
    """The normal distribution up to a value."""
    return 0.5 * (1 + math.erf(value / _SQRT2))


def log_chance(chance: float) -> float:
    """The logarithm of a probability; of one that is not above 0, that of nothing."""
    return math.log(chance) if chance > 0 else -math.inf
