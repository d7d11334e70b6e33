"""A receipt against what its shopper had at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

WEIGHT_SHARE, WEIGHT_G = 0.01, 3.0
"""Produce is right within 1 % or 3 g, whichever is more."""


@dataclass(frozen=True)
class Judged:
    """One receipt: what it says is right or not, final or in review, and how long it took (s)."""

    case: str
    session: str
    right: bool
    review: bool
    delay_s: float
    reasons: tuple[str, ...] = ()

    @property
    def silently_wrong(self) -> bool:
        return not self.right and not self.review


def is_right(lines: list[dict[str, Any]], basket: dict[str, int], weights: dict[str, float]) -> bool:
    """Whether the lines say the basket: units exactly, produce by its weight."""
    units: Counter[str] = Counter()
    grams: Counter[str] = Counter()
    for line in lines:
        if line["weight_g"] is None:
            units[line["sku"]] += line["qty"]
        else:
            grams[line["sku"]] += line["weight_g"]
    for sku, weight_g in grams.items():
        truth_g = weights.get(sku, 0.0) if basket.get(sku) else 0.0
        if abs(weight_g - truth_g) > max(WEIGHT_G, WEIGHT_SHARE * truth_g):
            return False
    wanted = {sku: n for sku, n in basket.items() if n > 0 and sku not in grams}
    return +units == Counter(wanted)


def table(name: str, judged: list[Judged]) -> str:
    """One line of figures."""
    n = len(judged)
    if not n:
        return f"{name:24} no receipts"
    delays = sorted(entry.delay_s for entry in judged)
    right = sum(entry.right for entry in judged) / n
    review = sum(entry.review for entry in judged) / n
    silent = sum(entry.silently_wrong for entry in judged) / n
    p50, p99 = delays[n // 2], delays[min(n - 1, int(0.99 * n))]
    return f"{name:24} {n:6d} {right:7.3f} {review:7.3f} {silent:8.4f} {p50:7.2f} {p99:7.2f}"


HEADER = f"{'':24} {'n':>6} {'right':>7} {'review':>7} {'silently':>8} {'p50 s':>7} {'p99 s':>7}"
