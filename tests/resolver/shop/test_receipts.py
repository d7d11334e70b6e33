"""What a receipt says, and when it is issued."""

from __future__ import annotations

from decimal import Decimal

from shopfloor import T0, Script, at, bought, make_store, only_receipt, settle

from agent.messages import parse_utc
from resolver.inbox import SECOND_NS
from resolver.shop import Adjusted, Issued


def test_one_shopper_gets_what_was_taken_less_what_was_put_back() -> None:
    shop = Script()
    shop.enter("s1", 0)
    first = shop.pick(5, {"cola": 2})
    second = shop.put(8, {"cola": 1})
    shop.exit("s1", 15)
    shop.watermark(15.6)
    issued = only_receipt(shop)
    assert bought(issued) == {"cola": 1}
    assert issued.receipt.total == Decimal("1.50")
    assert issued.receipt.state == "final"
    assert issued.receipt.events == (first, second)
    assert issued.receipt.issued == parse_utc(at(15.6))


def test_it_waits_for_the_watermark_of_every_agent_of_the_store_file() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(5, {"cola": 1})
    shop.exit("s1", 10)
    shop.watermark(20)
    shop.watermark(15, until=10.4, agent="a2")
    shop.watermark(21, until=10.5, agent="a2")
    issued = only_receipt(shop, make_store(("a1", "a2")))
    assert issued.receipt.issued == parse_utc(at(21))
    assert issued.receipt.state == "final"


def test_it_waits_for_numbers_that_the_watermark_speaks_of() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 1})
    shop.pick(5, {"juice": 1}, told=40)
    shop.exit("s1", 10)
    late = shop.messages.pop(2)
    shop.watermark(11)
    shop.messages.append(late)
    shop.watermark(41)
    assert bought(only_receipt(shop)) == {"cola": 1, "juice": 1}


def doubted_before_the_exit() -> tuple[Script, str]:
    """Somebody took what is in doubt and left a second later; all is told up to the exit."""
    shop = Script()
    shop.enter("s1", 0)
    event = shop.pick(9, {"cola": 2}, confidence=0.15)
    shop.exit("s1", 10)
    shop.watermark(10.6)
    return shop, event


def test_a_doubt_waits_for_a_correction_that_is_due() -> None:
    shop, event = doubted_before_the_exit()
    shop.correct(11, event, {"cola": 2}, confidence=0.999)
    shop.watermark(11.1)
    issued = only_receipt(shop)
    assert (issued.receipt.state, issued.receipt.issued) == ("final", parse_utc(at(11)))


def test_it_does_not_wait_long_for_one_that_never_comes() -> None:
    shop, _ = doubted_before_the_exit()
    shop.watermark(11.2)
    shop.watermark(11.5)
    issued = only_receipt(shop)
    assert (issued.receipt.state, issued.receipt.issued) == ("review", parse_utc(at(11.5)))


def test_nor_for_an_agent_that_falls_silent_meanwhile() -> None:
    issued = only_receipt(doubted_before_the_exit()[0])
    assert (issued.receipt.state, issued.receipt.issued) == ("review", parse_utc(at(130)))


def test_what_never_comes_sends_it_to_review_after_the_wait() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 1})
    shop.exit("s1", 10)
    shop.watermark(11, sequence=2)
    issued = only_receipt(shop)
    assert issued.receipt.state == "review"
    assert issued.receipt.issued == T0 + 130 * SECOND_NS
    assert any(reason.startswith("numbers-missing") for reason in issued.receipt.reasons)


def test_a_silent_agent_sends_it_to_review_after_the_wait() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop, make_store(("a1", "a2")))
    assert issued.receipt.reasons == ("agent-silent: nothing is known of agent a2",)


def test_an_open_plate_is_waited_for_only_where_the_session_may_have_been() -> None:
    def leaning(near: dict[str, float]) -> int:
        shop = Script()
        shop.watermark(0)
        shop.enter("s1", 1)
        for second in range(1, 70):
            shop.near(second, near, plates=("P1",), valid_s=1.5)
            shop.near(second, {"s1": 0.95}, plates=("P2",), valid_s=1.5)
            if second == 20:
                shop.exit("s1", 20)
            shop.watermark(second + 0.9, open={"P1": 8.0} if 8 <= second < 60 else {})
        return only_receipt(shop).receipt.issued

    assert leaning({"other": 0.95}) == parse_utc(at(20.9))
    assert leaning({"s1": 0.5, "other": 0.5}) == parse_utc(at(60.9))


def test_a_blind_plate_within_reach_sends_it_to_review_at_once() -> None:
    shop = Script()
    shop.watermark(0)
    shop.enter("s1", 1)
    shop.watermark(5, blind={"P2": 3.0})
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert issued.receipt.state == "review"
    assert issued.receipt.reasons == (f"blind-plate: plate P2 was not measured since {at(3)}",)
    assert issued.receipt.issued == parse_utc(at(11))


def test_a_blind_plate_that_others_stood_at_concerns_nobody_else() -> None:
    shop = Script()
    shop.watermark(0)
    shop.enter("s1", 1)
    for second in range(1, 12):
        shop.near(second, {"s1": 0.99}, plates=("P1",))
        shop.near(second, {"other": 0.99}, plates=("P2",))
    shop.watermark(5, blind={"P2": 3.0})
    shop.exit("s1", 10)
    shop.watermark(11)
    assert only_receipt(shop).receipt.state == "final"


def test_an_event_of_an_unsynchronised_clock_sends_it_to_review() -> None:
    shop = Script()
    shop.enter("s1", 0)
    event = shop.pick(2, {"cola": 1}, quality=["clock-unsynchronised"])
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert issued.receipt.state == "review"
    assert issued.receipt.reasons == (f"clock-unsynchronised: the time of {event} is not certain",)


def test_the_highest_sequence_wins_of_corrections_before_the_receipt() -> None:
    shop = Script()
    shop.enter("s1", 0)
    event = shop.pick(2, {"cola": 1})
    shop.correct(3, event, {"juice": 1})
    shop.correct(4, event, {"water": 1})
    shop.messages[2:4] = reversed(shop.messages[2:4])
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert bought(issued) == {"water": 1}


def test_a_withdrawn_event_never_happened() -> None:
    shop = Script()
    shop.enter("s1", 0)
    event = shop.pick(2, {"cola": 1})
    shop.correct(3, event, {}, withdrawn=True)
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert issued.receipt.lines == ()
    assert issued.receipt.state == "final"


def test_a_credit_that_is_learnt_later_comes_by_itself() -> None:
    shop = Script()
    shop.enter("s1", 0)
    event = shop.pick(2, {"cola": 2})
    shop.exit("s1", 10)
    shop.watermark(11)
    shop.correct(60, event, {"cola": 1})
    shop.watermark(61)
    receipt, adjustment = settle(shop)
    assert isinstance(receipt, Issued)
    assert isinstance(adjustment, Adjusted)
    assert bought(receipt) == {"cola": 2}
    assert adjustment.adjustment.receipt == receipt.receipt.receipt
    assert adjustment.adjustment.amount == Decimal("-1.50")
    assert [(line.sku, line.qty, line.amount) for line in adjustment.adjustment.lines] == [
        ("cola", -1, Decimal("-1.50"))
    ]


def test_a_charge_that_is_learnt_later_does_not_come_by_itself() -> None:
    shop = Script()
    shop.enter("s1", 0)
    event = shop.pick(2, {"cola": 1})
    shop.exit("s1", 10)
    shop.watermark(11)
    shop.correct(60, event, {"cola": 2})
    shop.watermark(61)
    assert len(settle(shop)) == 1


def test_a_late_event_is_no_silent_change() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 2})
    shop.exit("s1", 10)
    shop.watermark(11)
    shop.put(9, {"cola": 1}, told=50)
    shop.watermark(51)
    _, adjustment = settle(shop)
    assert isinstance(adjustment, Adjusted)
    assert adjustment.adjustment.amount == Decimal("-1.50")


def test_staff_are_never_billed() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 6}, actor="staff")
    shop.exit("s1", 10)
    shop.watermark(11)
    assert only_receipt(shop).receipt.lines == ()


def test_a_foreign_thing_is_not_billed() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {}, confidence=0.99)
    shop.pick(5, {}, confidence=0.99)
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert (issued.receipt.lines, issued.receipt.state) == ((), "final")


def test_a_put_of_what_nobody_holds_is_no_negative_billing() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {"juice": 1}, delta_g=237.0)
    shop.pick(5, {"cola": 1})
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert bought(issued) == {"cola": 1}
    assert issued.receipt.total == Decimal("1.50")


def test_a_swap_takes_one_and_gives_back_the_other() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 1})
    shop.pick(6, {"juice": 1, "cola": -1})
    shop.exit("s1", 10)
    shop.watermark(11)
    assert bought(only_receipt(shop)) == {"juice": 1}


def test_produce_is_billed_by_its_net_weight() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"tomato": 4}, weights={"tomato": 351.2})
    shop.put(5, {"tomato": 1}, weights={"tomato": 90.3})
    shop.exit("s1", 10)
    shop.watermark(11)
    (line,) = only_receipt(shop).receipt.lines
    assert (line.sku, line.qty, line.weight_g) == ("tomato", 3, 260.9)
    assert line.unit_price == Decimal("3.99")
    assert line.amount == Decimal("1.04")  # 0.2609 kg × 3.99 = 1.040991


def test_a_deposit_is_added_a_unit() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"water": 3})
    shop.exit("s1", 10)
    shop.watermark(11)
    receipt = only_receipt(shop).receipt
    assert receipt.total == Decimal("3.15")
    assert receipt.lines[0].deposit == Decimal("0.75")


def test_the_price_is_that_of_the_instant_of_the_pick() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(29, {"juice": 1})
    shop.pick(31, {"juice": 1})
    shop.exit("s1", 40)
    shop.watermark(41)
    receipt = only_receipt(shop).receipt
    assert [(line.unit_price, line.amount) for line in receipt.lines] == [
        (Decimal("2.00"), Decimal("2.00")),
        (Decimal("2.20"), Decimal("2.20")),
    ]


def test_a_doubtful_event_goes_to_review_with_its_reason() -> None:
    shop = Script()
    shop.enter("s1", 0)
    candidates = [
        {"items": [{"sku": "cola", "qty": 1}], "probability": 0.7},
        {"items": [{"sku": "juice", "qty": 1}], "probability": 0.3},
    ]
    event = shop.pick(2, {"cola": 1}, confidence=0.7, candidates=candidates)
    shop.exit("s1", 10)
    shop.watermark(11)
    receipt = only_receipt(shop).receipt
    assert receipt.state == "review"
    assert any(event in reason and reason.startswith("doubtful") for reason in receipt.reasons)


def test_a_doubt_worth_less_than_the_limit_is_settled_with_the_cheapest_that_fits() -> None:
    shop = Script()
    shop.enter("s1", 0)
    candidates = [
        {"items": [{"sku": "juice", "qty": 1}], "probability": 0.92},
        {"items": [{"sku": "cola", "qty": 1}], "probability": 0.08},
    ]
    shop.pick(2, {"juice": 1}, confidence=0.92, candidates=candidates)
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert (issued.receipt.state, bought(issued)) == ("final", {"juice": 1})


def test_an_item_that_the_store_file_does_not_have_is_looked_at() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"nothing-known": 1})
    shop.exit("s1", 10)
    shop.watermark(11)
    receipt = only_receipt(shop).receipt
    assert receipt.state == "review"
    assert any(reason.startswith("unknown-item") for reason in receipt.reasons)


def test_a_change_that_nobody_measured_is_looked_at() -> None:
    shop = Script()
    shop.watermark(0)
    shop.enter("s1", 1)
    shop.pick(8, {"cola": 1}, kind="change", delta_g=-350.0, window=[at(4), at(8)])
    shop.exit("s1", 10)
    shop.watermark(11)
    issued = only_receipt(shop)
    assert issued.receipt.state == "review"
    assert bought(issued) == {"cola": 1}
    assert any(reason.startswith("change-unmeasured") for reason in issued.receipt.reasons)
