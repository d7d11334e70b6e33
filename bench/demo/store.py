"""The demo's shop: four plates on two boards, goods of a corner shop."""

from __future__ import annotations

import numpy as np

from bench.shop.catalogue import KINDS, draw_item
from bench.shop.layout import FOUR_CELL_MAX_G, FOUR_CELL_SIZE_MM, GOODS_SHARE, corner_cells
from bench.shop.model import Item, Lane, Plate, Shop

BOARDS = ("b000000000000001", "b100000000000002")
PLATES = {
    "P1": ("cola", "icedtea", "water15", "energy"),
    "P2": ("choc", "crisps", "nuts", "cookies"),
    "P3": ("milk", "yoghurt", "butter", "cheese"),
    "P4": ("pasta", "rice", "jam", "coffee"),
}
RATE_HZ = 80
LARGEST_STOCK, STACKED = 12, 3


def demo_shop(store_id: str, rng: np.random.Generator) -> Shop:
    """The shop; goods' weights, cells' gains and zeros are drawn."""
    kinds = {kind.sku: kind for kind in KINDS}
    items = {sku: draw_item(kinds[sku], rng) for skus in PLATES.values() for sku in skus}
    plates = []
    for index, (name, skus) in enumerate(PLATES.items()):
        cells = corner_cells(BOARDS[index // 2], 4 * (index % 2), rng)
        lanes = _lanes([items[sku] for sku in skus])
        plates.append(Plate(name, FOUR_CELL_SIZE_MM, FOUR_CELL_MAX_G, cells, lanes))
    return Shop(store_id, tuple(items.values()), tuple(plates), RATE_HZ, BOARDS)


def _lanes(items: list[Item]) -> tuple[Lane, ...]:
    """Lanes side by side, each as wide as its goods and an equal part of what is left; as many of each as the plate
    carries, stacked where they do not fit behind each other."""
    width, depth = FOUR_CELL_SIZE_MM
    spare = (width - sum(item.width_mm for item in items)) / len(items)
    affordable = int(GOODS_SHARE * FOUR_CELL_MAX_G / sum(item.true_weight_g for item in items))
    lanes, left = [], 0.0
    for item in items:
        right = min(left + item.width_mm + spare, width)
        fits = max(1, int(depth // item.depth_mm)) * max(1, int((right - left) // item.width_mm)) * STACKED
        lanes.append(Lane(item.sku, (round(left, 1), round(right, 1)), None, min(fits, affordable, LARGEST_STOCK)))
        left = right
    return tuple(lanes)


def fresh(seed: int) -> np.random.Generator:
    """The random numbers of a shop's goods and cells."""
    return np.random.default_rng([seed, len(PLATES)])
