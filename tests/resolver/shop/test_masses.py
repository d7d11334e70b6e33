"""What a weight allows: nothing leaves a plate, or comes to it, that it does not weigh."""

from __future__ import annotations

import pytest
from shopfloor import Script, entered, only_receipt

from agent.messages import Receipt

LEVEL_G = 7000.0


def moved(shop: Script, t: float, said: dict[str, float], before_g: float, after_g: float, **more: object) -> str:
    """A movement between two weights of the plate; `said` is "2 cola" and the like with probabilities, likeliest
    first."""
    listed = [({text.split()[1]: int(text.split()[0])}, share) for text, share in said.items()]
    candidates = [
        {"items": [{"sku": sku, "qty": qty} for sku, qty in items.items()], "probability": share}
        for items, share in listed
    ]
    levels = {"delta_g": after_g - before_g, "before_g": before_g, "after_g": after_g, "sigma_g": 0.4}
    kind = "pick" if after_g < before_g else "put"
    told = {"kind": kind, "confidence": listed[0][1], "candidates": candidates, **levels, **more}
    return shop.pick(t, listed[0][0], **told)  # type: ignore[arg-type]


def receipt_of(shop: Script, t: float = 60) -> Receipt:
    shop.exit("s1", t)
    shop.watermark(t + 3)
    return only_receipt(shop).receipt


def units(receipt: Receipt) -> dict[str, int]:
    return {line.sku: line.qty for line in receipt.lines}


def test_one_is_not_what_weighs_as_two() -> None:
    """Somebody who takes one at a time has taken two, where their weight is gone."""
    shop = entered()
    for number in range(4):
        moved(shop, 5 + 5 * number, {"1 cola": 0.999}, LEVEL_G, LEVEL_G - 350.0)
    moved(shop, 40, {"2 cola": 0.85, "1 cola": 0.12}, LEVEL_G, LEVEL_G - 700.5)
    receipt = receipt_of(shop)
    assert units(receipt) == {"cola": 6} and receipt.state == "final"


def test_a_weight_that_fits_nothing_that_was_told_rules_nothing_out() -> None:
    shop = entered()
    moved(shop, 5, {"2 cola": 0.6, "1 cola": 0.39}, LEVEL_G, LEVEL_G - 450.0)
    receipt = receipt_of(shop)
    assert units(receipt) == {"cola": 2} and receipt.state == "review"


def test_what_came_is_read_anew_where_the_next_contact_begins_with_another_weight() -> None:
    """A hand rested on the plate as a bottle of 510 g was told; what came is a can."""
    shop = entered()
    moved(shop, 5, {"1 water": 0.999}, LEVEL_G, LEVEL_G - 510.0, plate="P2")
    moved(shop, 10, {"1 cola": 0.999}, LEVEL_G, LEVEL_G - 350.0)
    moved(shop, 20, {"1 water": 0.998}, LEVEL_G - 350.0, LEVEL_G + 160.0)
    moved(shop, 30, {"1 cola": 0.999}, LEVEL_G, LEVEL_G - 350.0)
    assert units(receipt_of(shop)) == {"water": 1, "cola": 1}


def test_the_likelier_by_the_better_weight_is_the_likelier() -> None:
    """A juice weighs 2 g more than a cola: the first weighing was for the cola, where the next begins for the juice."""
    shop = entered()
    said = {"1 cola": 0.5, "1 juice": 0.49}
    moved(shop, 5, said, LEVEL_G, LEVEL_G - 347.0, sigma_g=4.0)
    moved(shop, 20, {"1 cola": 0.999}, LEVEL_G - 358.0, LEVEL_G - 708.0)
    assert units(receipt_of(shop)) == {"cola": 1, "juice": 1}


@pytest.mark.parametrize("withdrawn_s", [13.0, 35.0])
def test_a_movement_that_was_none_tells_no_weight(withdrawn_s: float) -> None:
    """Whether it is withdrawn before the next is told or after it."""
    shop = entered()
    event = moved(shop, 10, {"1 cola": 0.72}, LEVEL_G, LEVEL_G + 40.0)
    if withdrawn_s < 20:
        shop.correct(withdrawn_s, event, {}, withdrawn=True)
    moved(shop, 20, {"1 cola": 0.99}, LEVEL_G, LEVEL_G - 350.0, sigma_g=2.9)
    if withdrawn_s > 20:
        shop.correct(withdrawn_s, event, {}, withdrawn=True)
    receipt = receipt_of(shop)
    assert units(receipt) == {"cola": 1} and receipt.state == "final"


def test_a_pick_that_is_hardly_told_from_noise_may_have_been_nothing() -> None:
    shop = entered()
    moved(shop, 10, {"1 cola": 0.5}, LEVEL_G, LEVEL_G - 340.0, sigma_g=150.0)
    assert receipt_of(shop).state == "review"


def test_several_that_were_taken_in_one_contact_are_no_strange_things() -> None:
    """What left in all is two cans, however the contact is parted."""
    shop = entered()
    for number in range(2):
        start_g = LEVEL_G - 350.0 * number
        moved(shop, 10 + number, {"1 cola": 0.94}, start_g, start_g - 350.0, settled=shop.at(12))
    receipt = receipt_of(shop)
    assert units(receipt) == {"cola": 2} and receipt.state == "final"
