"""Things that are no goods of the shelf, units that are known by their weight, goods that nobody could name."""

from __future__ import annotations

from shopfloor import Script, bought, only_receipt, settle

from resolver.shop import Issued


def test_what_was_put_without_having_been_taken_is_taken_again_for_nothing() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {"juice": 1}, plate="P2", delta_g=237.4, confidence=0.9)
    shop.pick(6, {"juice": 1}, plate="P2", delta_g=-237.5, confidence=0.999)
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert bought(issued) == {} and issued.receipt.state == "final"


def test_another_weight_is_another_thing() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {"juice": 1}, plate="P2", delta_g=237.4, confidence=0.9)
    shop.pick(6, {"cola": 1}, plate="P1", delta_g=-350.0)
    shop.exit("s1", 10)
    shop.watermark(11)
    assert bought(only_receipt(shop)) == {"cola": 1}


def test_the_unit_that_comes_back_tells_whose_it_was() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(1, {"s1": 0.99})
    shop.pick(2, {"cola": 1}, delta_g=-348.0)
    shop.near(5, {"s2": 0.99})
    shop.pick(6, {"cola": 1}, delta_g=-352.5)
    shop.near(9, {"s1": 0.5, "s2": 0.5})
    shop.put(10, {"cola": 1}, delta_g=352.4)
    shop.exit("s1", 20)
    shop.exit("s2", 20)
    shop.watermark(21)
    receipts = {effect.receipt.session: effect for effect in settle(shop) if isinstance(effect, Issued)}
    assert bought(receipts["s1"]) == {"cola": 1} and bought(receipts["s2"]) == {}
    assert all(effect.receipt.state == "final" for effect in receipts.values())


def test_goods_that_left_without_a_name_are_looked_at() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {}, delta_g=-350.0, confidence=0.9, candidates=[])
    shop.exit("s1", 10)
    shop.watermark(11)
    assert only_receipt(shop).receipt.state == "review"


def test_a_crumb_without_a_name_is_not() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {}, delta_g=-6.0, confidence=0.9, candidates=[])
    shop.exit("s1", 10)
    shop.watermark(11)
    assert only_receipt(shop).receipt.state == "final"


def test_a_thing_put_down_and_taken_again_is_no_loss() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {}, delta_g=180.0, confidence=0.95, candidates=[])
    shop.pick(6, {}, delta_g=-180.2, confidence=0.95, candidates=[])
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert bought(issued) == {} and issued.receipt.state == "final"


def test_how_many_pieces_they_were_does_not_matter_where_the_weight_is_billed() -> None:
    shop = Script()
    shop.enter("s1", 0)
    candidates = [
        {"items": [{"sku": "tomato", "qty": 1, "weight_g": 161.0}], "probability": 0.55},
        {"items": [{"sku": "tomato", "qty": 2, "weight_g": 180.0}], "probability": 0.45},
    ]
    shop.pick(2, {"tomato": 1}, weights={"tomato": 161.0}, delta_g=-161.0, confidence=0.55, candidates=candidates)
    shop.exit("s1", 10)
    shop.watermark(11)
    receipt = only_receipt(shop).receipt
    assert receipt.state == "final" and receipt.lines[0].weight_g == 161.0


def doubt(first: str, share: float, second: str) -> list[dict[str, object]]:
    return [
        {"items": [{"sku": first, "qty": 1}], "probability": share},
        {"items": [{"sku": second, "qty": 1}], "probability": round(1.0 - share, 3)},
    ]


def test_what_was_set_down_and_taken_again_is_the_same_whatever_it_was() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"juice": 1}, plate="P2", delta_g=-237.0)
    shop.pick(4, {"cola": 1}, delta_g=-350.0)
    candidates = doubt("juice", 0.8, "cola")
    shop.put(8, {"juice": 1}, delta_g=231.0, confidence=0.8, candidates=candidates)
    shop.pick(14, {"juice": 1}, delta_g=-231.1, confidence=0.8, candidates=candidates)
    shop.exit("s1", 20)
    shop.watermark(21)
    issued = only_receipt(shop)
    assert bought(issued) == {"juice": 1, "cola": 1} and issued.receipt.state == "final"


def test_a_unit_that_nobody_held_and_two_taken_in_one_contact_are_one() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {"cola": 1}, delta_g=349.0, settled=shop.at(5))
    shop.pick(4, {"cola": 2}, delta_g=-699.0, settled=shop.at(5))
    shop.exit("s1", 10)
    shop.watermark(11)
    assert bought(only_receipt(shop)) == {"cola": 1}


def test_a_plate_that_weighs_the_same_again_gave_nothing_away() -> None:
    shop = Script()
    shop.enter("s1", 0)
    likely = [{"items": [{"sku": "cola", "qty": 1}], "probability": 0.7}]
    shop.put(2, {}, delta_g=60.0, before_g=7000.0, after_g=7060.0, confidence=0.6, candidates=[])
    shop.pick(
        5, {"cola": 1}, delta_g=-340.0, before_g=7060.0, after_g=6720.0, confidence=0.7, candidates=likely,
        settled=shop.at(5.2),
    )  # fmt: skip
    shop.put(8, {}, delta_g=280.0, before_g=6720.0, after_g=7000.0, confidence=0.8, candidates=[], settled=shop.at(5.2))
    shop.exit("s1", 20)
    shop.watermark(21)
    assert bought(only_receipt(shop)) == {}


def loose(shop: Script, t: float, weight_g: float, kind: str = "pick", plate: str = "P1") -> str:
    delta_g = -weight_g if kind == "pick" else weight_g
    return shop.pick(t, {"tomato": 1}, plate, kind=kind, weights={"tomato": weight_g}, delta_g=delta_g)


def grams(shop: Script) -> float | None:
    shop.exit("s1", 40)
    shop.watermark(41)
    (line,) = only_receipt(shop).receipt.lines
    return line.weight_g


def test_a_tomato_that_goes_back_leaves_the_bill_by_the_weight_it_came_in_with() -> None:
    shop = Script()
    shop.enter("s1", 0)
    loose(shop, 2, 105.2)
    loose(shop, 6, 92.9)
    loose(shop, 10, 106.6, "put", "P2")
    assert grams(shop) == 92.9


def test_but_another_than_was_taken_leaves_it_by_its_own_weight() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"tomato": 2}, weights={"tomato": 198.1}, delta_g=-198.1)
    loose(shop, 10, 106.6, "put", "P2")
    assert grams(shop) == 91.5


def test_a_tomato_that_is_taken_again_weighs_what_both_weighings_say() -> None:
    shop = Script()
    shop.enter("s1", 0)
    loose(shop, 2, 105.2)
    loose(shop, 10, 105.6, "put", "P2")
    loose(shop, 16, 104.8, plate="P2")
    assert grams(shop) == 105.2


def test_what_is_set_down_is_rather_what_was_taken_last() -> None:
    """Two that weigh the same are held, and their agent says that it may have been either."""
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"juice": 1}, plate="P2", delta_g=-351.0)
    shop.pick(20, {"cola": 1}, delta_g=-351.0)
    shop.put(26, {"cola": 1}, delta_g=351.0, plate="P2", confidence=0.62, candidates=doubt("cola", 0.62, "juice"))
    shop.exit("s1", 30)
    shop.watermark(33)
    issued = only_receipt(shop)
    assert bought(issued) == {"juice": 1} and issued.receipt.state == "final"


def tomato(shop: Script, t: float, change_g: float, **more: object) -> None:
    kind = "put" if change_g > 0 else "pick"
    shop.pick(t, {"tomato": 1}, kind=kind, weights={"tomato": abs(change_g)}, delta_g=change_g, **more)


def test_the_only_one_of_its_kind_that_shows_less_where_it_is_set_down_leans() -> None:
    shop = Script()
    shop.enter("s1", 0)
    tomato(shop, 2, -100.0)
    tomato(shop, 10, 88.0, plate="P2")
    tomato(shop, 16, -88.0, plate="P2")
    shop.exit("s1", 20)
    shop.watermark(23)
    (line,) = only_receipt(shop).receipt.lines
    assert line.weight_g == 100.0


def test_loose_goods_that_were_set_down_weigh_what_all_weighings_say() -> None:
    """Ill weighed as they were set down and taken again, for a hand lingered; well weighed when they were taken."""
    shop = Script()
    shop.enter("s1", 0)
    tomato(shop, 2, -100.0)
    tomato(shop, 10, 103.0, plate="P2", sigma_g=3.5)
    tomato(shop, 16, -97.0, plate="P2", sigma_g=3.5)
    shop.exit("s1", 20)
    shop.watermark(23)
    receipt = only_receipt(shop).receipt
    assert receipt.state == "final"
    assert receipt.lines[0].weight_g is not None and abs(receipt.lines[0].weight_g - 100.0) < 0.5


def test_where_its_agent_knew_that_no_goods_stood_it_tells_what_was_taken() -> None:
    """Somebody's own thing weighs as a can, and stays where he put it: where what was taken stood tells them apart."""
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {}, delta_g=350.2, confidence=0.97, candidates=[])
    shop.pick(9, {"cola": 1}, delta_g=-350.0, confidence=0.997)
    shop.exit("s1", 20)
    shop.watermark(23)
    issued = only_receipt(shop)
    assert bought(issued) == {"cola": 1} and issued.receipt.state == "final"
