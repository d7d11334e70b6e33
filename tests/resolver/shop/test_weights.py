"""What a movement weighed, by the movements beside it and by its agent's second look."""

from __future__ import annotations

from typing import Any

import pytest
from shopfloor import Script, entered, only_receipt

from agent.messages import Receipt

LEVEL_G = 7000.0


def moved(shop: Script, t: float, change_g: float, before_g: float, **more: Any) -> str:
    """A loose tomato is taken from a plate that weighed `before_g`, or put there where the change is positive."""
    more = {"sigma_g": 0.3, "delta_g": change_g, "before_g": before_g, "after_g": before_g + change_g, **more}
    kind = "put" if change_g > 0 else "pick"
    return shop.pick(t, {"tomato": 1}, kind=kind, weights={"tomato": abs(change_g)}, **more)


def corrected(shop: Script, t: float, event: str, weight_g: float) -> None:
    items = [{"sku": "tomato", "qty": 1, "weight_g": weight_g}]
    data = {"corrects": event, "items": items, "confidence": 0.99, "withdrawn": False, "reason": "seen better"}
    shop.event("a1", "correction", t, data, t, "P1")


def receipt_of(shop: Script, t: float = 40) -> Receipt:
    shop.exit("s1", t)
    shop.watermark(t + 3)
    return only_receipt(shop).receipt


def loose_g(receipt: Receipt) -> float:
    (line,) = receipt.lines
    assert line.weight_g is not None
    return line.weight_g


@pytest.mark.parametrize(("seen_g", "state"), [(138.0, "final"), (150.6, "review")])
def test_a_correction_that_leaves_a_weight_where_it_was_has_not_weighed_it_again(seen_g: float, state: str) -> None:
    shop = entered()
    event = moved(shop, 5, -150.0, LEVEL_G, sigma_g=20.0)
    corrected(shop, 8, event, seen_g)
    assert receipt_of(shop).state == state


def test_where_the_next_contact_begins_tells_where_the_plate_came_to_rest() -> None:
    shop = entered()
    moved(shop, 5, -150.0, LEVEL_G)
    moved(shop, 15, -100.0, LEVEL_G - 156.0)
    assert loose_g(receipt_of(shop)) == pytest.approx(256.0)


def test_a_contact_that_began_before_the_plate_was_at_rest_tells_nothing() -> None:
    shop = entered()
    moved(shop, 5, -150.0, LEVEL_G)
    moved(shop, 6, -100.0, LEVEL_G - 156.0, started=shop.at(5.2))
    assert loose_g(receipt_of(shop)) == pytest.approx(250.0)


def test_a_contact_that_was_ill_measured_tells_nothing_of_the_one_before() -> None:
    shop = entered()
    moved(shop, 5, -150.0, LEVEL_G)
    moved(shop, 15, -100.0, LEVEL_G - 156.0, sigma_g=4.0)
    assert loose_g(receipt_of(shop)) == pytest.approx(256.0)  # its own change, from where the one before it ended


def test_a_scale_that_was_set_anew_tells_nothing() -> None:
    shop = entered()
    moved(shop, 5, -150.0, LEVEL_G)
    moved(shop, 15, -100.0, LEVEL_G - 1000.0)
    assert loose_g(receipt_of(shop)) == pytest.approx(250.0)


def test_what_was_ill_measured_is_weighed_from_the_movements_beside_it() -> None:
    shop = entered()
    moved(shop, 5, -100.0, LEVEL_G)
    moved(shop, 15, -170.0, LEVEL_G - 80.0, sigma_g=15.0)
    moved(shop, 25, -100.0, LEVEL_G - 250.0)
    receipt = receipt_of(shop)
    assert loose_g(receipt) == pytest.approx(350.0) and receipt.state == "final"


def test_a_correction_of_loose_goods_weighs_them_again() -> None:
    """Which of two tomatoes went back is told by its weight."""
    shop = entered()
    moved(shop, 5, -118.0, LEVEL_G)
    moved(shop, 10, -107.0, LEVEL_G - 118.0)
    event = moved(shop, 20, 117.5, LEVEL_G, plate="P2", sigma_g=2.8)
    corrected(shop, 22, event, 107.2)
    assert loose_g(receipt_of(shop)) == pytest.approx(118.0)


def test_loose_goods_that_nothing_weighed_well_are_for_a_person() -> None:
    shop = entered()
    moved(shop, 5, -150.0, LEVEL_G, sigma_g=6.5)
    receipt = receipt_of(shop)
    assert receipt.state == "review"
    assert any(reason.startswith("weight-uncertain: tomato") for reason in receipt.reasons)


def test_the_order_in_which_movements_arrive_does_not_show() -> None:
    def told(order: tuple[int, ...]) -> float:
        shop = entered()
        for number in (0, 1, 2):
            moved(shop, 5 + 10 * number, -100.0, LEVEL_G - 105.0 * number)
        first = len(shop.messages) - 3
        shop.messages[first:] = [shop.messages[first + number] for number in order]
        return loose_g(receipt_of(shop))

    assert told((0, 1, 2)) == told((2, 0, 1)) == told((1, 2, 0)) == pytest.approx(310.0)
