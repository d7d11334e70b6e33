"""Conversions of a plate over the last seconds, in one growing pair of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_START_ROWS = 256


class Trace:
    """Rows (t, modes, saturated), appended at the end and forgotten at the beginning."""

    def __init__(self, modes: int) -> None:
        self._t = np.empty(_START_ROWS, np.int64)
        self._z = np.empty((_START_ROWS, modes))
        self._s = np.empty(_START_ROWS, np.bool_)
        self._first = 0
        self._end = 0
        self.opened_ns = 0  # plateaus are looked for from here on

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def end_ns(self) -> int:
        """Time of the last row; the trace must not be empty."""
        return int(self._t[self._end - 1])

    @property
    def t_ns(self) -> NDArray[np.int64]:
        return self._t[self._first : self._end]

    @property
    def z(self) -> NDArray[np.float64]:
        return self._z[self._first : self._end]

    def append(self, t_ns: NDArray[np.int64], z: NDArray[np.float64], saturated: NDArray[np.bool_]) -> None:
        """Rows [n], [n, modes], [n] that follow the last."""
        n = len(t_ns)
        if self._end + n > len(self._t):
            self._make_room(n)
        self._t[self._end : self._end + n] = t_ns
        self._z[self._end : self._end + n] = z
        self._s[self._end : self._end + n] = saturated
        self._end += n

    def since(self, t_ns: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
        """Rows with a time of at least `t_ns`."""
        first = self._first + self._row(t_ns)
        return self._t[first : self._end], self._z[first : self._end], self._s[first : self._end]

    def count(self, t_ns: int) -> int:
        """How many rows have a time of at least `t_ns`."""
        return len(self) - self._row(t_ns)

    def between(self, begin_ns: int, end_ns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rows with begin_ns <= time <= end_ns."""
        a = self._first + self._row(begin_ns)
        b = self._first + self._row(end_ns + 1)
        return self._t[a:b], self._z[a:b]

    def forget_before(self, t_ns: int) -> None:
        """Drop rows before `t_ns`."""
        self._first += self._row(t_ns)

    def _row(self, t_ns: int) -> int:
        """Number of the first row held at or after an instant."""
        return int(self._t[self._first : self._end].searchsorted(t_ns))

    def _make_room(self, n: int) -> None:
        held = len(self)
        capacity = max(_START_ROWS, 2 * (held + n))
        for name in ("_t", "_z", "_s"):
            old = getattr(self, name)
            grown = np.empty((capacity, *old.shape[1:]), old.dtype)
            grown[:held] = old[self._first : self._end]
            setattr(self, name, grown)
        self._first, self._end = 0, held
