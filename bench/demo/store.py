"""The demo's shop: four plates on two boards, goods of a corner shop."""

from __future__ import annotations

import itertools
import math

import numpy as np

from bench.shop.catalogue import KINDS, draw_item
from bench.shop.layout import FOUR_CELL_MAX_G, FOUR_CELL_SIZE_MM, GOODS_SHARE, corner_cells
from bench.shop.model import Item, Lane, Plate, Shop

BOARDS = ("b000000000000001", "b100000000000002")
PLATES = {
    "P1": ("cola", "icedtea", "water15", "energy"),
    "P2": ("choc", "tablet", "nuts", "cookies"),
    "P3": ("milk", "yoghurt", "butter", "cheese"),
    "P4": ("pasta", "soup", "jam", "tuna"),
}
RATE_HZ = 80
LARGEST_STOCK, STACKED = 12, 3
HANDFUL = 3  # units that a hand takes at once
APART_SD = 3.0  # weights nearer than so many standard deviations are not told apart
DRAWS = 60
Load = tuple[int, ...]


def demo_shop(store_id: str, rng: np.random.Generator) -> Shop:
    """The shop; goods' weights, cells' gains and zeros are drawn."""
    items: list[Item] = []
    plates = []
    for index, (name, skus) in enumerate(PLATES.items()):
        goods, lanes = _planned(skus, rng)
        items += goods
        cells = corner_cells(BOARDS[index // 2], 4 * (index % 2), rng)
        plates.append(Plate(name, FOUR_CELL_SIZE_MM, FOUR_CELL_MAX_G, cells, lanes))
    return Shop(store_id, tuple(items), tuple(plates), RATE_HZ, BOARDS)


def _planned(skus: tuple[str, ...], rng: np.random.Generator) -> tuple[list[Item], tuple[Lane, ...]]:
    """Goods of a plate as somebody would choose who plans a shelf: a hand's load can be told by weight and place. The
    best of many draws, where none is free of doubt."""
    kinds = {kind.sku: kind for kind in KINDS}
    best: tuple[int, list[Item], tuple[Lane, ...]] | None = None
    for _ in range(DRAWS):
        goods = [draw_item(kinds[sku], rng) for sku in skus]
        lanes = _lanes(goods)
        doubts = len(taken_for_each_other(goods, lanes))
        if best is None or doubts < best[0]:
            best = (doubts, goods, lanes)
        if not doubts:
            break
    assert best is not None
    return best[1], best[2]


def taken_for_each_other(goods: list[Item], lanes: tuple[Lane, ...]) -> list[tuple[Load, Load]]:
    """Pairs of a hand's usual loads (up to three of one, or one each of two) that neither their weight tells apart nor
    where their centre lies. A load lists positions in `goods`."""
    loads: list[Load] = [(k,) * count for k in range(len(goods)) for count in range(1, HANDFUL + 1)]
    loads += itertools.combinations(range(len(goods)), 2)
    out = []
    for one, other in itertools.combinations(loads, 2):
        gap_g = abs(sum(goods[k].unit_weight_g for k in one) - sum(goods[k].unit_weight_g for k in other))
        sd_g = math.sqrt(sum(goods[k].unit_sd_g ** 2 for k in (*one, *other)))
        (low, high), (other_low, other_high) = (_centre_mm(load, goods, lanes) for load in (one, other))
        if gap_g < APART_SD * sd_g and low < other_high and other_low < high:
            out.append((one, other))
    return out


def _centre_mm(load: Load, goods: list[Item], lanes: tuple[Lane, ...]) -> tuple[float, float]:
    """Between which x the centre of a load lies that was taken from its lanes."""
    weight_g = sum(goods[k].unit_weight_g for k in load)
    low, high = (sum(goods[k].unit_weight_g * lanes[k].x_mm[side] for k in load) / weight_g for side in (0, 1))
    return low, high


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
