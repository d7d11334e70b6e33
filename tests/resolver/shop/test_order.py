"""Duplicates, and any order of arrival within five seconds, give the same bytes."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from shopfloor import Message, Script, make_store, settle

from agent.messages import parse_utc
from resolver.inbox import Reader
from resolver.shop import Shop
from resolver.shop.publishing import cloud_event
from resolver.shop.replay import REORDER_NS


@st.composite
def days(draw: st.DrawFn) -> Script:
    """An hour of a shop with two agents and a few shoppers who come, take, give back and go."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    script = Script()
    t = 0.0
    inside: list[str] = []
    born = 0
    events: list[str] = []
    for _ in range(draw(st.integers(5, 60))):
        t += rng.uniform(0.05, 3.0)
        what = rng.random()
        if what < 0.15 or not inside:
            born += 1
            inside.append(f"s{born}")
            script.enter(inside[-1], t, rng.choice([None, None, "g1"]))
        elif what < 0.25:
            script.exit(inside.pop(rng.randrange(len(inside))), t)
        elif what < 0.45:
            shares = {session: rng.random() / len(inside) for session in inside}
            script.near(t, shares, plates=rng.choice([("P1",), ("P2",), ("P1", "P2")]))
        elif what < 0.75:
            agent = rng.choice(["a1", "a2"])
            move = script.pick if rng.random() < 0.7 else script.put
            item = rng.choice(["cola", "juice", "water", "tomato"])
            events.append(
                move(
                    t, {item: 1}, agent=agent, plate="P1" if agent == "a1" else "P2", confidence=rng.choice([0.7, 0.99])
                )
            )
        elif what < 0.8 and events:
            event = rng.choice(events)
            script.correct(t, event, {rng.choice(["cola", "juice"]): 1})
        else:
            script.watermark(t, agent=rng.choice(["a1", "a2"]))
    for session in inside:
        script.exit(session, t + 1)
    for agent in ("a1", "a2"):
        script.watermark(t + 10, agent=agent)
    return script


def said(messages: list[Message]) -> list[str]:
    store = make_store(("a1", "a2"))
    return [cloud_event(store.id, effect).to_json() for effect in settle(messages, store)]


def made(message: Message) -> int:
    return parse_utc(message["payload"]["recordedtime"])


@settings(max_examples=60, deadline=None)
@given(days(), st.randoms(use_true_random=False))
def test_order_of_arrival_and_duplicates_do_not_show(script: Script, rng: random.Random) -> None:
    expected = said(script.messages)
    late = REORDER_NS - 1_000_000
    shuffled = sorted(script.messages, key=lambda message: made(message) + rng.randrange(late))
    again = [message for message in shuffled for _ in range(rng.choice([1, 1, 2]))]
    assert said(again) == expected


def test_the_scripts_do_issue_receipts() -> None:
    """Guards the property above against proving nothing."""
    script = Script()
    script.enter("s1", 0)
    script.pick(1, {"cola": 1})
    script.exit("s1", 5)
    script.watermark(6)
    script.watermark(6, agent="a2")
    assert len(said(script.messages)) == 1


def test_presence_elsewhere_that_comes_last_counts_as_if_it_had_come_first() -> None:
    script = Script()
    script.enter("s1", 0)
    script.enter("s2", 0)
    for tick in range(8):
        script.near(2 + tick / 4, {"s1": 0.55, "s2": 0.45})
    script.pick(3, {"cola": 1})
    first = len(script.messages)
    for tick in range(8):
        script.near(2 + tick / 4, {"s2": 0.95}, plates=("P2",))
    store = make_store()
    found = []
    for messages in (script.messages, [*script.messages[first:], *script.messages[:first]]):
        shop, reader = Shop(store), Reader(store.id, store.agents)
        for message in messages:
            fact = reader.read(message["topic"], message["payload"])
            assert fact is not None
            shop.hear(fact)
            shop.changed_baskets()
        found.append(shop.posterior("s1").of("s1"))
    assert found[0] == found[1]
    assert found[0][0][1] > 0.9
