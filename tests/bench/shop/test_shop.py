"""Random stores and their files."""

import itertools
import tomllib

import numpy as np
import pytest

from bench.shop.layout import GOODS_SHARE, draw_shop
from bench.shop.model import Shop
from bench.shop.storefile import store_toml

KINDS = [
    ("four", "mixed"),
    ("four", "twins"),
    ("four", "produce"),
    ("four", "sparse"),
    ("one", "mixed"),
    ("one", "pairs"),
]


def shops(plates: str, flavour: str) -> list[Shop]:
    return [draw_shop(plates, 80, flavour, np.random.default_rng(seed)) for seed in range(25)]


@pytest.mark.parametrize(("plates", "flavour"), KINDS)
def test_lanes_lie_on_their_plates_side_by_side_and_carry_what_they_may(plates: str, flavour: str) -> None:
    for shop in shops(plates, flavour):
        for plate in shop.plates:
            assert plate.lanes
            for lane in plate.lanes:
                assert 0 <= lane.x_mm[0] < lane.x_mm[1] <= plate.size_mm[0]
                assert lane.x_mm[1] - lane.x_mm[0] > 15
                low, high = plate.span_y(lane)
                assert 0 <= low < high <= plate.size_mm[1]
                assert lane.stock >= 1
            spans = sorted({lane.x_mm for lane in plate.lanes})
            assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
            assert len({lane.sku for lane in plate.lanes}) == len(plate.lanes)
            load = sum(shop.item(lane.sku).true_weight_g * lane.stock for lane in plate.lanes)
            assert load <= max(GOODS_SHARE * plate.max_g, 2 * len(plate.lanes) * 2000.0)


@pytest.mark.parametrize(("plates", "flavour"), KINDS)
def test_the_store_file_says_what_the_shop_is(plates: str, flavour: str) -> None:
    for shop in shops(plates, flavour)[:8]:
        store = tomllib.loads(store_toml(shop))
        assert store["schema"] == "store/1"
        assert {i["sku"] for i in store["item"]} >= {la["sku"] for p in store["plate"] for la in p["lane"]}
        sites = [(c["board"], c["channel"]) for p in store["plate"] for c in p["cell"]]
        assert len(set(sites)) == len(sites)
        assert all(c["counts_per_gram"] != 0 for p in store["plate"] for c in p["cell"])
        assert [p["id"] for p in store["plate"]] == [p.id for p in shop.plates]


def test_stores_vary() -> None:
    many = shops("four", "mixed")
    lanes = {len(plate.lanes) for shop in many for plate in shop.plates}
    weights = [item.true_weight_g for shop in many for item in shop.items]
    assert len(lanes) >= 4
    assert min(weights) < 25
    assert max(weights) > 1500
    assert any(lane.y_mm for shop in many for plate in shop.plates for lane in plate.lanes)


def test_twins_weigh_almost_the_same_and_stand_close() -> None:
    for shop in shops("four", "twins"):
        named = {item.sku: item for item in shop.items}
        twins = [sku for sku in named if sku.endswith("-b")]
        assert twins
        for sku in twins:
            one = named.get(sku.removesuffix("-b"))
            if one:
                assert abs(named[sku].true_weight_g / one.true_weight_g - 1) <= 0.03


def test_the_file_knows_weights_as_well_as_weighing_twenty_units_tells() -> None:
    off = [
        (item.unit_weight_g - item.true_weight_g) / item.true_sd_g
        for shop in shops("four", "mixed")
        for item in shop.items
    ]
    assert 0.15 < np.std(off) < 0.3
