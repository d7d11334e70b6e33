"""Medians and windows, without `numpy`'s overhead for few values."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


def median(values: NDArray[np.int32] | NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """`numpy.median` along an axis of values of which none is NaN."""
    ordered = values.copy()
    ordered.sort(axis=axis)
    n = values.shape[axis]
    upper: NDArray[np.float64] = ordered.take(n // 2, axis=axis).astype(np.float64)
    if n % 2:
        return upper
    result: NDArray[np.float64] = (ordered.take(n // 2 - 1, axis=axis) + upper) / 2
    return result


def windows(columns: NDArray[Number], width: int) -> NDArray[Number]:
    """All [cells, n - width + 1, width] of `width` in a row of contiguous columns [cells, n], without a copy."""
    cells, n = columns.shape
    step = columns.itemsize
    shape, strides = (cells, n - width + 1, width), (n * step, step, step)
    return np.ndarray(shape, columns.dtype, columns, strides=strides)
