"""Shelves in real time: weights that come and go show in the counts of the cells beneath them."""

from __future__ import annotations

import numpy as np
import pytest

from bench.board.chips import Conversion, Trouble
from bench.board.shelf import Shelf
from bench.demo.store import BOARDS, demo_shop, fresh
from bench.families.world import World
from bench.physics.parameters import ADC_FULL_SCALE_COUNTS, DEFAULT
from bench.shop.model import CellSite, Item, Lane, Plate, Shop

STEP_S = 0.017
GRAMS_TOLERANCE = 3.0  # corner error, noise and creep of some 600 g


def opened(every_s: float | None = None) -> tuple[World, Shelf]:
    rng = fresh(4)
    world = World(demo_shop("demo", rng), DEFAULT, rng)
    return world, Shelf(world.shop, world.past, DEFAULT, rng, every_s)


def measured(shelf: Shelf, from_s: float, to_s: float) -> dict[tuple[str, int], list[Conversion]]:
    out: dict[tuple[str, int], list[Conversion]] = {key: [] for key in shelf.by_channel}
    t = from_s
    while t < to_s:
        t += STEP_S
        for board, conversions in shelf.advance(t).items():
            for conversion in conversions:
                out[board, conversion.channel].append(conversion)
    return out


def grams(shop: Shop, plate: str, conversions: dict[tuple[str, int], list[Conversion]]) -> float:
    """The plate's weight as the store file's figures give it (medians: wild conversions do not count)."""
    total = 0.0
    for cell in shop.plate(plate).cells:
        counts = [c.counts for c in conversions[cell.board, cell.channel] if c.counts is not None]
        total += (float(np.median(counts)) - cell.zero_counts) / cell.counts_per_gram
    return total


def test_what_is_taken_is_missing_in_the_counts() -> None:
    world, shelf = opened()
    before = measured(shelf, 0.0, 2.0)
    units = world.reachable("P1", "icedtea", 2.0, 1)
    world.pick("s1", "P1", units, 3.0)
    forces, events, _ = world.drain()
    shelf.add(forces)
    measured(shelf, 2.0, 8.0)
    after = measured(shelf, 8.0, 10.0)
    taken = grams(world.shop, "P1", before) - grams(world.shop, "P1", after)
    assert taken == pytest.approx(units[0].weight_g, abs=GRAMS_TOLERANCE)
    assert events[0].items == {"icedtea": 1}
    unmoved = grams(world.shop, "P4", before) - grams(world.shop, "P4", after)
    assert unmoved == pytest.approx(0.0, abs=GRAMS_TOLERANCE)


def test_each_chip_runs_on_its_own_oscillator() -> None:
    _, shelf = opened()
    counts = {key: len(conversions) for key, conversions in measured(shelf, 0.0, 10.0).items()}
    assert len(counts) == 16
    assert all(740 <= count <= 980 for count in counts.values())
    assert len(set(counts.values())) > 4
    shelf.set_rate(BOARDS[0], 10)
    slow = {key: len(conversions) for key, conversions in measured(shelf, 10.0, 20.0).items()}
    assert all(85 <= slow[key] <= 125 for key in slow if key[0] == BOARDS[0])
    assert all(slow[key] == pytest.approx(counts[key], abs=5) for key in slow if key[0] == BOARDS[1])


def test_conversions_come_in_order_and_never_ahead_of_time() -> None:
    _, shelf = opened()
    last_s, t = 0.0, 0.0
    while t < 3.0:
        t += STEP_S
        times = [conversion.t for conversion in shelf.advance(t)[BOARDS[0]]]
        assert times == sorted(times)
        assert all(last_s - 0.002 <= at <= t + 1e-4 for at in times)
        last_s = t


def test_half_the_gain_gives_half_the_counts() -> None:
    world, shelf = opened()
    full = grams_of_counts(measured(shelf, 0.0, 2.0)[BOARDS[0], 0])
    shelf.set_gain(BOARDS[0], 64)
    half = grams_of_counts(measured(shelf, 2.0, 4.0)[BOARDS[0], 0])
    assert half == pytest.approx(full / 2, rel=0.01)
    assert world.shop.boards == BOARDS


def grams_of_counts(conversions: list[Conversion]) -> float:
    return float(np.median([c.counts for c in conversions if c.counts is not None]))


def test_a_channel_falls_silent_or_sticks_and_is_mended() -> None:
    _, shelf = opened()
    shelf.trouble(BOARDS[0], 2, Trouble.SILENT)
    shelf.trouble(BOARDS[0], 3, Trouble.STUCK)
    broken = measured(shelf, 0.0, 1.0)
    assert not broken[BOARDS[0], 2]
    assert {c.counts for c in broken[BOARDS[0], 3]} <= {ADC_FULL_SCALE_COUNTS - 1, None}
    shelf.trouble(BOARDS[0], 2, Trouble.NONE)
    assert len(measured(shelf, 1.0, 2.0)[BOARDS[0], 2]) > 70
    with pytest.raises(KeyError):
        shelf.trouble(BOARDS[0], 9, Trouble.STUCK)


def test_an_even_grid_for_chips_that_have_their_own_oscillator() -> None:
    _, shelf = opened(every_s=0.004)
    conversions = measured(shelf, 0.0, 1.0)[BOARDS[1], 5]
    assert [round(c.t / 0.004) for c in conversions] == list(range(1, len(conversions) + 1))
    assert len(conversions) >= 249


@pytest.mark.parametrize("places", [[(100.0, 150.0), (350.0, 150.0)], [(50.0, 50.0), (400.0, 50.0), (225.0, 250.0)]])
def test_cells_in_any_places_carry_the_whole_weight(places: list[tuple[float, float]]) -> None:
    cells = tuple(CellSite(BOARDS[0], k, x, y, 0, 400.0) for k, (x, y) in enumerate(places))
    item = Item("cola", "Cola", "1.00", "unit", 350.0, 1.0, 350.0, 1.0, 66.0, 66.0)
    plate = Plate("P1", (450.0, 300.0), 20000.0, cells, (Lane("cola", (0.0, 450.0), None, 6),))
    shop = Shop("small", (item,), (plate,), 80, (BOARDS[0],))
    world = World(shop, DEFAULT, fresh(1))
    shelf = Shelf(shop, world.past, DEFAULT, fresh(1))
    there = sum(unit.weight_g for unit in world.contents["P1"])
    assert grams(shop, "P1", measured(shelf, 0.0, 2.0)) == pytest.approx(there, abs=12.0)  # zero offsets of the cells
