"""The rule of the winners of the 2020 competition (CPS-IoT Week), as their description has it.

An event lasts while the deviation over a rolling second exceeds a gate for at least half a second and the mean moved;
the product is found from where it is planned and from its weight, the count by rounding. "Where" is a plate, as
it was with them: taking each cell of a plate for a place of its own serves the rule worse (34 % of items, not 65 %).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.rules.reading import EVEN_HZ, Product, Reading
from bench.scoring import Told

Signal = npt.NDArray[np.float64]
WINDOW = round(EVEN_HZ)  # one second
SHORTEST = WINDOW // 2
ARRANGEMENT_SHARE = 0.8
WEIGHT_SHARE = 0.2
OVERLAP_SD_G = 10.0
LEAST_PICK_UNITS = 0.4
LEAST_PUT_UNITS = 0.75


@dataclass(frozen=True)
class Gate:
    """When something is an event (g)."""

    deviation_g: float
    moved_g: float


PUBLISHED = Gate(20.0, 10.0)
TUNED = Gate(4.0, 8.0)


@dataclass(frozen=True)
class _Change:
    plate: str
    begin: int
    end: int
    peak: int
    delta_g: float


def winners(reading: Reading, gate: Gate) -> list[Told]:
    """What the rule tells of a recording; it has no doubts, so its confidence is 1."""
    changes = sorted(
        (change for plate, weight in reading.weight_g.items() for change in _changes(plate, weight, gate)),
        key=lambda change: change.peak,
    )
    planned = {product.sku: set(product.plates) for product in reading.products}
    weights = {product.sku: product for product in reading.products}
    baskets: dict[str, Counter[str]] = defaultdict(Counter)
    out: list[Told] = []
    for change in changes:
        basket = baskets[reading.shopper_at(change.plate, float(reading.t_s[change.peak]))]
        if change.delta_g < 0:
            found = _picked(change, changes, reading.products, planned)
            if found:
                basket[found[0]] += found[1]
        else:
            found = _put(change, basket, weights)
            if found:
                basket[found[0]] -= found[1]
                planned[found[0]].add(change.plate)
        if found:
            out.append(_told(reading, change, {found[0]: found[1]}, len(out)))
    return out


def _changes(plate: str, weight: Signal, gate: Gate) -> list[_Change]:
    """Stretches whose rolling deviation exceeds the gate for half a second, and whose mean moved."""
    windows = np.lib.stride_tricks.sliding_window_view(weight, WINDOW)
    deviation = np.concatenate([np.zeros(WINDOW - 1), windows.std(axis=1)])
    mean = np.concatenate([np.full(WINDOW - 1, weight[:WINDOW].mean()), windows.mean(axis=1)])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (deviation > gate.deviation_g).astype(np.int8), [0]])))
    out = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin < SHORTEST:
            continue
        last = min(int(end), len(weight) - 1)
        delta_g = float(mean[last] - mean[max(int(begin) - 1, 0)])
        if abs(delta_g) > gate.moved_g:
            peak = int(begin) + int(np.argmax(deviation[begin:end])) - WINDOW // 2  # the middle of that second
            out.append(_Change(plate, int(begin), last, max(peak, 0), delta_g))
    return out


def _picked(
    change: _Change, changes: list[_Change], products: tuple[Product, ...], planned: dict[str, set[str]]
) -> tuple[str, int] | None:
    together = [c for c in changes if c.begin < change.end and change.begin < c.end]
    whole_g = sum(abs(c.delta_g) for c in together)
    weight_g = -change.delta_g

    def score(product: Product) -> float:
        arrangement = sum(abs(c.delta_g) for c in together if c.plate in planned[product.sku]) / whole_g
        return ARRANGEMENT_SHARE * arrangement + WEIGHT_SHARE * _overlap(weight_g, product.unit_weight_g)

    best = max(products, key=score)
    if weight_g < LEAST_PICK_UNITS * best.unit_weight_g:
        return None
    return best.sku, max(1, round(weight_g / best.unit_weight_g))


def _put(change: _Change, basket: Counter[str], weights: dict[str, Product]) -> tuple[str, int] | None:
    candidates = [
        (abs(change.delta_g - count * weights[sku].unit_weight_g), sku, count)
        for sku, had in basket.items()
        for count in range(1, had + 1)
    ]
    if not candidates:
        return None
    _, sku, count = min(candidates)
    return None if change.delta_g < LEAST_PUT_UNITS * weights[sku].unit_weight_g else (sku, count)


def _overlap(a_g: float, b_g: float) -> float:
    """Common area of two normals of 10 g around two weights."""
    return math.erfc(abs(a_g - b_g) / (2.0 * math.sqrt(2.0) * OVERLAP_SD_G))


def _told(reading: Reading, change: _Change, items: dict[str, int], number: int) -> Told:
    return Told(
        id=f"winners-{number}",
        t=float(reading.t_s[change.peak]),
        plate=change.plate,
        kind="pick" if change.delta_g < 0 else "put",
        items=items,
        first_items=dict(items),
        confidence=1.0,
        delta_g=change.delta_g,
        settled=float(reading.t_s[change.end]),
        blind=False,
    )
