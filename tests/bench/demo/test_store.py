"""The demo's shop is planned so that what a hand takes can be told."""

from __future__ import annotations

import dataclasses

import pytest

from bench.demo.store import PLATES, demo_shop, fresh, taken_for_each_other


@pytest.mark.parametrize("seed", range(1, 9))
def test_goods_of_a_plate_can_be_told_apart(seed: int) -> None:
    shop = demo_shop("demo", fresh(seed))
    assert [plate.id for plate in shop.plates] == list(PLATES)
    for plate in shop.plates:
        goods = [shop.item(lane.sku) for lane in plate.lanes]
        assert taken_for_each_other(goods, plate.lanes) == []
        assert all(lane.stock >= 2 for lane in plate.lanes)
        assert sum(shop.item(lane.sku).true_weight_g * lane.stock for lane in plate.lanes) < plate.max_g


def test_two_that_together_weigh_what_one_between_them_does_are_found() -> None:
    shop = demo_shop("demo", fresh(1))
    plate = shop.plates[3]
    goods = [shop.item(lane.sku) for lane in plate.lanes]
    goods[1] = dataclasses.replace(goods[1], unit_weight_g=goods[0].unit_weight_g + goods[3].unit_weight_g)
    assert ((1,), (0, 3)) in taken_for_each_other(goods, plate.lanes)
