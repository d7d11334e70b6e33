"""Random stores: two boards of two four-cell plates each, or one board of eight one-cell bins."""

from __future__ import annotations

import itertools

import numpy as np

from bench.physics.parameters import nominal_counts_per_gram
from bench.shop.catalogue import draw_catalogue, draw_twin
from bench.shop.model import CellSite, Item, Lane, Plate, Shop

FOUR_CELL_SIZE_MM = (450.0, 300.0)
ONE_CELL_SIZE_MM = (220.0, 300.0)
CELL_INSET_MM = 20.0
FOUR_CELL_MAX_G = 20000.0
ONE_CELL_MAX_G = 5000.0
GAIN_SPREAD = 0.06  # makers: cells of one batch differ by several per cent in mV/V
LARGEST_ZERO_COUNTS = 200_000
GOODS_SHARE = 0.7  # goods stay below this share of the rated load
PRODUCE = ("tomato", "apple", "banana", "potato", "pepper")


def draw_shop(plates: str, rate_hz: int, flavour: str, rng: np.random.Generator) -> Shop:
    """A store of a flavour: "mixed", "twins" (near-equal weights side by side), "produce", "sparse" (lanes half full).

    `plates` is "four" or "one" (cells a plate).
    """
    catalogue = draw_catalogue(rng)
    boards = ("b000000000000001", "b100000000000002") if plates == "four" else ("b000000000000001",)
    queue = _queue(catalogue, flavour, rng)
    made: list[Plate] = []
    if plates == "four":
        for index in range(4):
            board = boards[index // 2]
            cells = corner_cells(board, 4 * (index % 2), rng)
            made.append(_plate(f"P{index + 1}", FOUR_CELL_SIZE_MM, FOUR_CELL_MAX_G, cells, queue, flavour, rng))
    else:
        for index in range(8):
            cells = (_cell(boards[0], index, ONE_CELL_SIZE_MM[0] / 2, ONE_CELL_SIZE_MM[1] / 2, rng),)
            made.append(_plate(f"B{index + 1}", ONE_CELL_SIZE_MM, ONE_CELL_MAX_G, cells, queue, flavour, rng))
    used = {lane.sku for plate in made for lane in plate.lanes}
    spare = [item for item in _all_items(catalogue, queue) if item.sku not in used][:3]  # sold here, on no shelf now
    items = tuple(item for item in _all_items(catalogue, queue) if item.sku in used) + tuple(spare)
    return Shop("bench", items, tuple(made), rate_hz, boards)


def _all_items(catalogue: dict[str, Item], queue: list[Item]) -> list[Item]:
    seen = dict(catalogue)
    seen.update({item.sku: item for item in queue})
    return list(seen.values())


def _queue(catalogue: dict[str, Item], flavour: str, rng: np.random.Generator) -> list[Item]:
    """Products in the order in which plates are filled; emptied from the front and used again from the start."""
    if flavour == "produce":
        skus = list(PRODUCE) + [str(s) for s in rng.permutation([s for s in catalogue if s not in PRODUCE])[:4]]
        return [catalogue[s] for s in skus]
    loose = {str(s) for s in rng.permutation(PRODUCE)[: 0 if flavour == "twins" else int(rng.integers(0, 3))]}
    packaged = [i for s, i in catalogue.items() if s not in PRODUCE or s in loose]
    order = [packaged[int(i)] for i in rng.permutation(len(packaged))]
    if flavour != "twins":
        return order
    out: list[Item] = []
    for item in order[:6]:
        out += [item, draw_twin(item, f"{item.sku}-b", float(rng.choice([-1, 1]) * rng.uniform(0.002, 0.03)), rng)]
    return out


def corner_cells(board: str, first_channel: int, rng: np.random.Generator) -> tuple[CellSite, ...]:
    """Four cells in the corners of a plate, front left first, on four channels in a row."""
    width, depth = FOUR_CELL_SIZE_MM
    places = [(x, y) for y in (CELL_INSET_MM, depth - CELL_INSET_MM) for x in (CELL_INSET_MM, width - CELL_INSET_MM)]
    return tuple(_cell(board, first_channel + k, x, y, rng) for k, (x, y) in enumerate(places))


def _cell(board: str, channel: int, x_mm: float, y_mm: float, rng: np.random.Generator) -> CellSite:
    gain = nominal_counts_per_gram() * (1.0 + float(rng.uniform(-GAIN_SPREAD, GAIN_SPREAD)))
    gain *= -1.0 if rng.random() < 0.08 else 1.0  # now and then one is mounted the other way up
    zero = int(rng.integers(-LARGEST_ZERO_COUNTS, LARGEST_ZERO_COUNTS))
    return CellSite(board, channel, x_mm, y_mm, zero, round(gain, 4))


def _plate(
    name: str,
    size_mm: tuple[float, float],
    max_g: float,
    cells: tuple[CellSite, ...],
    queue: list[Item],
    flavour: str,
    rng: np.random.Generator,
) -> Plate:
    many = len(cells) > 1
    wanted = int(rng.integers(2, 6)) if many else (2 if flavour in ("twins", "pairs") else 1)
    chosen: list[Item] = []
    width = 0.0
    while queue and len(chosen) < wanted:
        item = queue.pop(0)
        queue.append(item)
        if item in chosen:
            break
        if width + item.width_mm > size_mm[0]:
            continue
        chosen.append(item)
        width += item.width_mm
    deep = many and len(chosen) >= 3 and flavour != "twins" and rng.random() < 0.3
    return Plate(name, size_mm, max_g, cells, _lanes(chosen, size_mm, GOODS_SHARE * max_g, deep, flavour, rng))


def _lanes(
    chosen: list[Item],
    size_mm: tuple[float, float],
    budget_g: float,
    deep: bool,
    flavour: str,
    rng: np.random.Generator,
) -> tuple[Lane, ...]:
    """Lanes side by side that share the plate's width; with `deep` the last two stand one behind the other."""
    columns: list[list[Item]] = [[item] for item in chosen]
    if deep:
        columns[-2:] = [[chosen[-2], chosen[-1]]]
    need = [max(item.width_mm for item in column) for column in columns]
    spare = size_mm[0] - sum(need)
    share = rng.dirichlet(np.full(len(columns), 3.0)) * spare
    edges = np.concatenate([[0.0], np.round(np.cumsum(np.array(need) + share), 0)])
    edges[-1] = size_mm[0]
    out: list[Lane] = []
    for column, (left, right) in zip(columns, itertools.pairwise(edges), strict=True):
        middle = round(size_mm[1] / 2)
        spans = [None] if len(column) == 1 else [(0.0, float(middle)), (float(middle), size_mm[1])]
        for item, span in zip(column, spans, strict=True):
            depth = size_mm[1] if span is None else span[1] - span[0]
            fits = max(1, int(depth // item.depth_mm)) * max(1, int((right - left) // item.width_mm))
            fits *= 3 if item.true_weight_g < 130 else 1  # light goods are stacked
            affordable = int(budget_g / len(chosen) // item.true_weight_g)
            stock = int(np.clip(min(fits, affordable), 2, 24))
            if flavour == "sparse":
                stock = max(1, stock // 4)
            out.append(Lane(item.sku, (float(left), float(right)), span, stock))
    return tuple(out)
