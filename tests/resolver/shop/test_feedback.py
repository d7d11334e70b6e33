"""What agents are told: where the whole story says that something else stands on a plate."""

from __future__ import annotations

from shopfloor import Script, make_store

from resolver.inbox import Reader
from resolver.shop import Amend, Issued, Review, Shop


def effects_of(script: Script) -> list[object]:
    """All that a shop asks the world to do, a message at a time."""
    store = make_store()
    shop, reader = Shop(store), Reader(store.id, store.agents)
    found: list[object] = []
    for message in script.messages:
        fact = reader.read(message["topic"], message["payload"])
        assert fact is not None
        shop.hear(fact)
        found += shop.settle(getattr(fact, "recorded_utc_ns", fact.t_utc_ns))
    return found


def test_an_agent_that_took_a_foreign_thing_for_goods_is_told() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {"juice": 1}, plate="P2", confidence=0.5)
    shop.exit("s1", 10)
    shop.watermark(11)
    (amend,) = [effect for effect in effects_of(shop) if isinstance(effect, Amend)]
    assert (amend.agent, amend.plate, amend.change) == ("a1", "P2", (("juice", -1),))


def test_what_went_again_needs_no_telling() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.put(2, {"juice": 1}, plate="P2", confidence=0.5)
    shop.pick(5, {"juice": 1}, plate="P2")
    shop.exit("s1", 10)
    shop.watermark(11)
    assert [effect for effect in effects_of(shop) if isinstance(effect, Amend)] == []


def test_who_agrees_with_his_agent_tells_it_nothing() -> None:
    shop = Script()
    shop.enter("s1", 0)
    shop.pick(2, {"cola": 1})
    shop.exit("s1", 10)
    shop.watermark(11)
    found = effects_of(shop)
    assert [type(effect) for effect in found] == [Issued]


def test_a_persons_decision_is_told_once() -> None:
    shop = Script()
    shop.enter("s1", 0)
    candidates = [
        {"items": [{"sku": "cola", "qty": 1}], "probability": 0.6},
        {"items": [{"sku": "juice", "qty": 1}], "probability": 0.4},
    ]
    shop.pick(2, {"cola": 1}, confidence=0.6, candidates=candidates)
    shop.exit("s1", 10)
    shop.watermark(11)
    store = make_store()
    core, reader = Shop(store), Reader(store.id, store.agents)
    for message in shop.messages:
        fact = reader.read(message["topic"], message["payload"])
        assert fact is not None
        core.hear(fact)
    found = core.settle(getattr(fact, "t_utc_ns", 0))
    (review,) = [effect for effect in found if isinstance(effect, Review)]
    juice = next(option for option in review.options if any(held.sku == "juice" for held in option.goods))
    decided = core.decide(review.case, juice.goods, "anna", fact.t_utc_ns)
    (amend,) = [effect for effect in decided if isinstance(effect, Amend)]
    assert dict(amend.change) == {"cola": 1, "juice": -1}
    assert core.decide(review.case, juice.goods, "anna", fact.t_utc_ns) == []
