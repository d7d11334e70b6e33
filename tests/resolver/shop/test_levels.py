"""What the weight of a plate says beyond each movement by itself."""

from __future__ import annotations

from typing import Any

import pytest
from shopfloor import Script, bought, entered, only_receipt

LEVEL_G = 7000.0


def moved(shop: Script, t: float, items: dict[str, int], before_g: float, after_g: float, **more: Any) -> str:
    """A movement between two weights of the plate."""
    kind = "pick" if after_g < before_g else "put"
    levels = {"delta_g": after_g - before_g, "before_g": before_g, "after_g": after_g, "sigma_g": 0.3}
    return shop.pick(t, items, kind=kind, **levels, **more)


def left(shop: Script, t: float = 40) -> Script:
    shop.exit("s1", t)
    shop.watermark(t + 3)
    return shop


def test_a_hand_that_had_begun_to_lift_before_it_was_seen_took_the_whole_item() -> None:
    """The agent saw 342 g leave and knows nothing that weighs so; eight grams had gone since the movement before."""
    shop = entered()
    moved(shop, 5, {"cola": 1}, LEVEL_G, LEVEL_G - 350.2)
    moved(shop, 12, {}, LEVEL_G - 358.2, LEVEL_G - 700.3, confidence=0.99, candidates=[])
    receipt = only_receipt(left(shop))
    assert bought(receipt) == {"cola": 2} and receipt.receipt.state == "final"


@pytest.mark.parametrize("drifted_g", [0.0, -0.5, -200.0])
def test_what_no_hand_explains_names_nothing(drifted_g: float) -> None:
    shop = entered()
    moved(shop, 5, {"cola": 1}, LEVEL_G, LEVEL_G - 350.2)
    start_g = LEVEL_G - 350.2 + drifted_g
    moved(shop, 12, {}, start_g, start_g - 342.1, confidence=0.99, candidates=[])
    receipt = only_receipt(left(shop))
    assert bought(receipt) == {"cola": 1} and receipt.receipt.state == "review"


def test_who_leaves_a_plate_as_it_was_took_again_what_he_put_there() -> None:
    """A can that leant weighed less when it was taken again, and its agent did not know it."""
    shop = entered()
    moved(shop, 5, {"cola": 1}, LEVEL_G, LEVEL_G - 350.2)
    moved(shop, 9, {"cola": 1}, LEVEL_G - 350.2, LEVEL_G)
    moved(shop, 14, {}, LEVEL_G - 30.0, LEVEL_G - 350.3, confidence=0.985, candidates=[])
    receipt = only_receipt(left(shop))
    assert bought(receipt) == {"cola": 1} and receipt.receipt.state == "final"


def test_a_hand_that_lifts_and_lets_go_has_taken_nothing() -> None:
    shop = entered()
    moved(shop, 5, {"cola": 1}, LEVEL_G, LEVEL_G - 350.2)
    moved(shop, 12, {}, LEVEL_G - 350.2, LEVEL_G - 650.2, confidence=0.7, candidates=[])
    moved(shop, 16, {}, LEVEL_G - 640.2, LEVEL_G - 351.2, confidence=0.8, candidates=[])
    receipt = only_receipt(left(shop))
    assert bought(receipt) == {"cola": 1} and receipt.receipt.state == "final"


def test_what_came_back_long_after_does_not_count() -> None:
    shop = entered()
    moved(shop, 5, {"cola": 1}, LEVEL_G, LEVEL_G - 350.2)
    moved(shop, 12, {}, LEVEL_G - 350.2, LEVEL_G - 650.2, confidence=0.7, candidates=[])
    moved(shop, 36, {}, LEVEL_G - 650.2, LEVEL_G - 361.2, confidence=0.8, candidates=[])
    assert only_receipt(left(shop)).receipt.state == "review"


def test_goods_without_a_name_are_worth_no_more_than_a_hand_takes() -> None:
    """Two kilograms that are in doubt by one in a thousand are not worth what six cans cost."""
    shop = entered()
    moved(shop, 5, {"cola": 6}, LEVEL_G, LEVEL_G - 2101.0, confidence=0.98)
    receipt = only_receipt(left(shop))
    assert bought(receipt) == {"cola": 6} and receipt.receipt.state == "final"


@pytest.mark.parametrize("late", [False, True])
def test_a_correction_of_what_was_put_tells_what_was_taken_again(late: bool) -> None:
    """Whether it comes before the pick or after it, the receipt is the same."""
    shop = entered()
    moved(shop, 5, {"cola": 1}, LEVEL_G, LEVEL_G - 350.2)
    put = moved(shop, 9, {}, LEVEL_G - 350.2, LEVEL_G, confidence=0.6, candidates=[])
    if not late:
        shop.correct(10, put, {"cola": 1})
    moved(shop, 14, {}, LEVEL_G - 30.0, LEVEL_G - 350.3, confidence=0.985, candidates=[])
    if late:
        shop.correct(20, put, {"cola": 1})
    receipt = only_receipt(left(shop))
    assert bought(receipt) == {"cola": 1} and receipt.receipt.state == "final"


@pytest.mark.parametrize("late", [False, True])
def test_a_movement_that_comes_late_tells_by_how_much_the_plate_was_lifted_before(late: bool) -> None:
    shop = entered()
    first = {"told": 14.0} if late else {}
    moved(shop, 5, {"cola": 1}, LEVEL_G, LEVEL_G - 350.2, **first)
    moved(shop, 12, {}, LEVEL_G - 358.2, LEVEL_G - 700.3, confidence=0.99, candidates=[])
    if late:
        shop.messages[-1], shop.messages[-2] = shop.messages[-2], shop.messages[-1]
    assert bought(only_receipt(left(shop))) == {"cola": 2}


def test_a_correction_leaves_the_rest_to_what_else_was_possible() -> None:
    """Who takes one thing at a time took one, where an agent that was told to think again is not quite sure of two."""
    shop = entered()
    for number in range(8):
        before_g = LEVEL_G - 350.0 * number
        moved(shop, 2 + 2 * number, {"cola": 1}, before_g, before_g - 350.0)
    before_g = LEVEL_G - 2800.0
    both = [{"items": [{"sku": "cola", "qty": qty}], "probability": share} for qty, share in ((2, 0.6), (1, 0.4))]
    event = moved(shop, 20, {"cola": 2}, before_g, before_g - 520.0, confidence=0.6, candidates=both)
    shop.correct(22, event, {"cola": 2}, confidence=0.9)
    receipt = only_receipt(left(shop))
    assert bought(receipt) == {"cola": 9}


def test_two_goods_of_one_weight_leave_no_plate_uneven() -> None:
    """A plate weighs the same after a cola went and a juice came: their weights are one to within the noise."""
    shop = entered()
    shares = {"juice": 0.95, "cola": 0.05}
    either = [{"items": [{"sku": sku, "qty": 1}], "probability": share} for sku, share in shares.items()]
    without_g = LEVEL_G - 351.0
    shop.pick(4, {"juice": 1}, plate="P2", delta_g=-352.0)
    shop.pick(8, {"cola": 1}, delta_g=-351.0, sigma_g=3.0, before_g=LEVEL_G, after_g=without_g)
    levels = {"delta_g": 351.2, "sigma_g": 3.0, "before_g": without_g, "after_g": LEVEL_G + 0.2}
    shop.put(12, {"juice": 1}, confidence=0.95, candidates=either, **levels)
    assert bought(only_receipt(left(shop))) == {"cola": 1}
