"""Whose it is: presence, groups, puts that tell, sessions that go wrong."""

from __future__ import annotations

from shopfloor import Script, bought, make_store, settle

from resolver.shop import Issued


def receipts(script: Script) -> dict[str, Issued]:
    """Receipts by session."""
    found = {}
    for effect in settle(script):
        assert isinstance(effect, Issued)
        found[effect.receipt.session] = effect
    return found


def leave(script: Script, *sessions: str, t: float = 30) -> Script:
    for session in sessions:
        script.exit(session, t)
    script.watermark(t + 1)
    return script


def test_presence_decides_between_two() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(4, {"s1": 0.99, "s2": 0.005})
    shop.pick(5, {"cola": 1})
    shop.near(9, {"s2": 0.99, "s1": 0.005})
    shop.pick(10, {"juice": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert bought(found["s1"]) == {"cola": 1}
    assert bought(found["s2"]) == {"juice": 1}
    assert {effect.receipt.state for effect in found.values()} == {"final"}


def test_without_presence_several_share_the_doubt() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.pick(5, {"cola": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert {effect.receipt.state for effect in found.values()} == {"review"}


def test_nobody_there_makes_the_event_unattributed() -> None:
    shop = Script()
    shop.watermark(0)
    shop.pick(5, {"cola": 1})
    shop.enter("s1", 10)
    found = receipts(leave(shop, "s1"))
    assert found["s1"].receipt.lines == ()
    assert found["s1"].receipt.state == "final"


def test_a_sensor_that_sees_nobody_makes_the_event_unattributed() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.near(4, {})
    shop.pick(5, {"cola": 1})
    assert receipts(leave(shop, "s1"))["s1"].receipt.lines == ()


def test_a_put_comes_from_the_basket_that_holds_the_item() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(4, {"s1": 1.0})
    shop.pick(5, {"cola": 1})
    shop.near(8, {"s2": 1.0})
    shop.pick(9, {"juice": 1})
    shop.near(14, {"s1": 0.5, "s2": 0.5})
    shop.put(15, {"cola": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert bought(found["s1"]) == {}
    assert bought(found["s2"]) == {"juice": 1}
    assert {effect.receipt.state for effect in found.values()} == {"final"}


def test_a_put_is_read_as_what_the_basket_holds() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(5, {"juice": 1})
    candidates = [
        {"items": [{"sku": "cola", "qty": 1}], "probability": 0.8},
        {"items": [{"sku": "juice", "qty": 1}], "probability": 0.2},
    ]
    shop.put(9, {"cola": 1}, confidence=0.8, candidates=candidates)
    found = receipts(leave(shop, "s1"))
    assert bought(found["s1"]) == {}
    assert found["s1"].receipt.state == "final"


def test_a_later_put_settles_an_earlier_doubt() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(4, {"s1": 0.5, "s2": 0.5})
    shop.pick(5, {"cola": 1})
    shop.near(14, {"s2": 1.0})
    shop.put(15, {"cola": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert bought(found["s1"]) == bought(found["s2"]) == {}
    assert {effect.receipt.state for effect in found.values()} == {"final"}


def test_a_group_has_one_receipt_when_its_last_member_left() -> None:
    shop = Script()
    shop.enter("s1", 0, "g1")
    shop.enter("s2", 1, "g1")
    shop.near(4, {"s1": 0.5, "s2": 0.5})
    shop.pick(5, {"cola": 1})
    shop.exit("s1", 10)
    shop.watermark(12)
    shop.near(14, {"s2": 1.0})
    shop.put(15, {"cola": 1})
    shop.pick(16, {"juice": 1})
    found = receipts(leave(shop, "s2"))
    assert list(found) == ["s1"]
    assert bought(found["s1"]) == {"juice": 1}
    assert found["s1"].receipt.group == "g1"
    assert found["s1"].receipt.state == "final"


def test_one_wrong_message_of_a_tracker_is_overruled_by_its_neighbours() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    for second in range(1, 10):
        right = second != 5
        shop.near(second, {"s1": 0.95 if right else 0.05, "s2": 0.05 if right else 0.95})
        if second == 5:
            shop.pick(5.3, {"cola": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert bought(found["s1"]) == {"cola": 1}
    assert bought(found["s2"]) == {}


def test_presence_that_ended_says_nothing() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(1, {"s1": 0.99}, valid_s=1.0)
    shop.pick(5, {"cola": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert {effect.receipt.state for effect in found.values()} == {"review"}


def test_two_sensors_that_disagree_leave_a_doubt() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(4, {"s1": 0.99}, sensor="cam1")
    shop.near(4, {"s2": 0.99}, sensor="cam2")
    shop.pick(5, {"cola": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert {effect.receipt.state for effect in found.values()} == {"review"}


def test_an_exit_without_entering_is_said() -> None:
    shop = Script()
    found = receipts(leave(shop, "s1"))
    assert found["s1"].receipt.reasons == ("not-entered: the session exited without entering",)


def test_entering_twice_changes_nothing_and_is_said() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(1, {"s1": 0.999})
    shop.pick(2, {"cola": 1})
    shop.enter("s1", 5)
    found = receipts(leave(shop, "s1", "s2"))
    assert bought(found["s1"]) == {"cola": 1}
    assert found["s1"].receipt.state == "final"
    assert [reason.split(":")[0] for reason in found["s1"].receipt.reasons] == ["entered-twice"]
    assert found["s2"].receipt.reasons == ()


def test_entering_twice_is_said_beside_what_sends_to_review() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.pick(2, {"cola": 1})
    shop.enter("s1", 5)
    receipt = receipts(leave(shop, "s1", "s2"))["s1"].receipt
    assert receipt.state == "review"
    assert receipt.reasons[-1].startswith("entered-twice: another entry of s1")


def test_a_session_that_never_exits_is_closed_and_said() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 1})
    shop.watermark(3)
    shop.watermark(4 * 3600 + 60)
    found = receipts(shop)
    assert found["s1"].receipt.state == "review"
    assert found["s1"].receipt.reasons == ("never-exited: no exit was told for 4 h",)


def test_who_stays_inside_gets_no_receipt() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 1})
    shop.watermark(300)
    assert settle(shop) == []


def handed_over(group: str | None) -> Script:
    """The first takes a can and hands it to the second, who sets it back."""
    shop = Script()
    shop.enter("s1", 0, group)
    shop.enter("s2", 0, group)
    shop.near(4, {"s1": 1.0})
    shop.pick(5, {"cola": 1})
    shop.near(14, {"s2": 1.0})
    shop.put(15, {"cola": 1})
    return leave(shop, "s1", "s2")


def test_goods_that_change_hands_within_a_group_are_right() -> None:
    found = receipts(handed_over("g1"))
    assert [(bought(effect), effect.receipt.state) for effect in found.values()] == [({}, "final")]


def test_goods_that_change_hands_between_strangers_are_looked_at() -> None:
    found = receipts(handed_over(None))
    assert found["s1"].receipt.state == "review"
    assert (bought(found["s2"]), found["s2"].receipt.state) == ({}, "final")


def test_a_put_by_its_own_taker_leaves_no_doubt_on_others() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.enter("s2", 0)
    shop.near(4, {"s1": 1.0})
    shop.pick(5, {"cola": 1})
    shop.near(8, {"s2": 1.0})
    shop.pick(9, {"cola": 1})
    shop.near(14, {"s2": 1.0})
    shop.put(15, {"cola": 1})
    found = receipts(leave(shop, "s1", "s2"))
    assert (bought(found["s1"]), found["s1"].receipt.state) == ({"cola": 1}, "final")
    assert (bought(found["s2"]), found["s2"].receipt.state) == ({}, "final")


def test_two_agents_may_give_the_same_id() -> None:
    shop = Script()
    shop.enter("s1", 0)
    either = [{"items": [{"sku": "cola", "qty": qty}], "probability": share} for qty, share in ((1, 0.3), (3, 0.68))]
    first = shop.pick(5, {"cola": 3}, confidence=0.68, candidates=either)
    assert shop.pick(9, {"water": 1}, plate="P2", agent="a2") == first
    shop.exit("s1", 30)
    shop.watermark(33)
    shop.watermark(33, agent="a2")
    (effect,) = settle(shop, make_store(("a1", "a2")))
    assert isinstance(effect, Issued)
    doubtful = [reason for reason in effect.receipt.reasons if reason.startswith("doubtful")]
    assert len(doubtful) == 1 and "on plate P1" in doubtful[0]
    assert len(effect.receipt.events) == 2
