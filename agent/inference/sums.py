"""Sums of weights that are known by their logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence


def log_sum(values: Sequence[float]) -> float:
    """The logarithm of the sum of exp(value); minus infinity for none."""
    top = max(values, default=-math.inf)
    if top == -math.inf:
        return -math.inf
    return top + math.log(sum(math.exp(value - top) for value in values))
