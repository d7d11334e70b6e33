"""Rows of a plate that are held until they last for long enough to be judged together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NS = 1e-9

Rows = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]
"""`t_ns` [n], counts and present [n, cells]."""


def all_present(present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """In which rows of [n, cells] every cell is present; column by column, for a row is short."""
    out = present[:, 0].copy()
    for cell in range(1, present.shape[1]):
        out &= present[:, cell]
    return out


class HeldRows:
    """Blocks of rows from the first that was not judged yet."""

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._least_ns = _first_ns(least_s)
        self._blocks: list[Rows] = []

    def __len__(self) -> int:
        """Rows held."""
        return sum(len(block[0]) for block in self._blocks)

    @property
    def blocks(self) -> Sequence[Rows]:
        """As they came."""
        return self._blocks

    def append(self, rows: Rows) -> None:
        """Rows that follow."""
        self._blocks.append(rows)

    def take_back(self) -> None:
        """What was appended last is to come again."""
        del self._blocks[-1]

    def clear(self) -> None:
        self._blocks.clear()

    def full(self, now_ns: int) -> bool:
        """What is held lasts for long enough."""
        return bool(self._blocks) and (now_ns - int(self._blocks[0][0][0])) * _NS >= self._least_s

    def together(self) -> Rows:
        """All that is held, in one piece."""
        if len(self._blocks) == 1:
            return self._blocks[0]
        t_ns, counts, present = zip(*self._blocks, strict=True)
        return np.concatenate(t_ns), np.concatenate(counts), np.concatenate(present)

    def fills(self, first_ns: NDArray[np.int64], last_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of blocks that follow would fill it, each from the one after the last that did."""
        number = len(last_ns)
        ends = last_ns.searchsorted(first_ns + self._least_ns)  # of one that begins with each block
        if self._blocks and number:
            ends[0] = last_ns.searchsorted(int(self._blocks[0][0][0]) + self._least_ns)
        if not number or ends[0] >= number:
            return _NONE
        second = int(ends[0]) + 1
        late = int(ends.searchsorted(number))  # of one that begins there, or later, no block is the end
        span = ends[second:late] - np.arange(second, late)
        if not len(span):
            return ends[:1]
        if (span == span[0]).all():  # blocks are as long as each other, but where rows are missing
            return np.concatenate((ends[:1], np.arange(second, late, span[0] + 1) + span[0]))
        return np.array(_chain(ends.tolist()))

    def held_with(self, rows: Rows) -> Rows:
        """What is held and `rows` behind it, in one piece; nothing is kept."""
        if not self._blocks:
            return rows
        t_ns, counts, present = zip(*self._blocks, rows, strict=True)
        return np.concatenate(t_ns), np.concatenate(counts), np.concatenate(present)


def _chain(ends: list[int]) -> list[int]:
    """Where one ends that begins with the first, where the next does, and so on."""
    out: list[int] = []
    begin = 0
    while begin < len(ends) and (end := ends[begin]) < len(ends):
        out.append(end)
        begin = end + 1
    return out


_NONE: NDArray[np.int64] = np.empty(0, np.int64)


def _first_ns(least_s: float) -> int:
    """The shortest span that lasts for `least_s`, as `HeldRows.full` tells it."""
    span_ns = round(least_s / _NS) - 2
    while span_ns * _NS < least_s:
        span_ns += 1
    return span_ns
