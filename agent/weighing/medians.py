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
    """All [cells, n - width + 1, width] of `width` in a row of columns [cells, n], without a copy."""
    cells, n = columns.shape
    apart, step = columns.strides
    return np.lib.stride_tricks.as_strided(columns, (cells, n - width + 1, width), (apart, step, step), writeable=False)


def medians_between(
    columns: NDArray[np.int32], begin: NDArray[np.int64], width: NDArray[np.int64], count: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Medians [k, cells] of the `count` [k] least, at least one, of `width` [k] in a row of `columns` [cells, n] from
    `begin` [k] on."""
    columns = np.ascontiguousarray(columns)
    out = np.empty((len(columns), len(begin)))
    for wide in np.flatnonzero(np.bincount(width)).tolist():
        which = np.flatnonzero(width == wide)
        ordered = _pieces(columns, wide)[:, begin[which], np.newaxis].view(columns.dtype)
        ordered.sort(axis=-1)
        middle = ordered[:, :, (wide - 1) // 2].astype(np.float64)
        middle += ordered[:, :, wide // 2]
        middle /= 2
        number = count[which]
        fewer = np.flatnonzero(number < wide)
        if len(fewer):
            number = number[fewer]
            lower, upper = ordered[:, fewer, (number - 1) // 2], ordered[:, fewer, number // 2]
            middle[:, fewer] = (lower.astype(np.float64) + upper) / 2
        for column, own in zip(out, middle, strict=True):
            column[which] = own
    return out.T


def _pieces(columns: NDArray[np.int32], width: int) -> NDArray[np.void]:
    """All [cells, n - width + 1] of `width` in a row of columns [cells, n] in one piece, each as one value, which is
    quicker to copy."""
    cells, n = columns.shape
    return np.ndarray((cells, n - width + 1), f"V{width * columns.itemsize}", columns, strides=columns.strides)
