"""Learned habits: what people take at once here, and how they put things down, beside what is known of people
elsewhere."""

from __future__ import annotations

import json

import pytest

from agent.inference import InferenceParameters
from agent.inference.habits import AWAY, BROUGHT, HOME, LEANT, PICKS, PUTS, SEVERAL, USED, Habits
from tests.agent.inference.scene import Scene

P = InferenceParameters()
COLA, ALIKE_G = (75.0, 60.0), 351.2


def test_untaught_nothing_is_as_unusual_as_elsewhere() -> None:
    habits = Habits(P)
    assert [habits.of_pick(1), habits.of_pick(2), habits.of_pick(9), habits.of_pick(1, 1)] == pytest.approx([1.0] * 4)
    assert [habits.of_put(kind) for kind in PUTS] == pytest.approx([1.0] * len(PUTS))
    assert sum(habits.picks.shares().values()) == pytest.approx(1.0)
    assert sum(habits.puts.shares().values()) == pytest.approx(1.0)


def test_where_people_take_two_different_things_that_is_expected() -> None:
    habits = Habits(P)
    for _ in range(20):
        habits.learn_pick((1, 1), 0.95)
    assert habits.of_pick(1, 1) > 5.0
    assert habits.of_pick(1) < 0.6
    assert sum(habits.picks.shares().values()) == pytest.approx(1.0)


def test_who_put_down_things_of_his_own_does_so_again() -> None:
    habits = Habits(P)
    for _ in range(3):
        habits.learn_put(BROUGHT, 0.99)
    assert habits.of_put(BROUGHT) > 5.0
    assert max(habits.of_put(kind) for kind in PUTS if kind != BROUGHT) < 0.5


def test_what_is_a_guess_teaches_nothing() -> None:
    habits = Habits(P)
    habits.learn_pick((2,), P.habit_least - 0.01)
    habits.learn_put(AWAY, P.habit_least - 0.01)
    assert habits.of_pick(2) == pytest.approx(1.0)
    assert habits.of_put(AWAY) == pytest.approx(1.0)


def test_old_habits_fade_and_what_was_seen_is_kept() -> None:
    habits = Habits(P)
    for counts in [(2,)] * 1_000 + [(1,)] * 1_000:
        habits.learn_pick(counts, 1.0)
    for kind in [USED] * 100 + [LEANT] * 100:
        habits.learn_put(kind, 1.0)
    assert habits.picks.shares()["1"] > 0.85
    assert habits.puts.shares()[LEANT] > 0.85
    again = Habits(P)
    again.restore(json.loads(json.dumps(habits.snapshot())))
    assert again.picks.shares() == pytest.approx(habits.picks.shares())
    assert again.puts.shares() == pytest.approx(habits.puts.shares())


def test_a_state_without_some_kinds_is_taken_back() -> None:
    habits = Habits(P)
    habits.restore({"puts": {HOME: 3.0}})
    assert set(habits.picks.seen) == set(PICKS)
    assert habits.puts.seen[HOME] == 3.0
    assert habits.puts.seen[SEVERAL] == 0.0


def test_a_thing_that_weighs_like_goods_is_the_less_believed_to_be_goods_the_more_came_that_were_none() -> None:
    scene = Scene()
    scene.happen("P1", (-350.0, *COLA))
    naive = scene.change("P1", (ALIKE_G, *COLA))
    for _ in range(4):
        scene.belief.habits.learn_put(BROUGHT, 0.99)
    wary = scene.change("P1", (ALIKE_G, *COLA))
    assert naive.steps[0].items == (("cola", 1),)
    assert dict(wary.steps[0].ranked)[(("cola", 1),)] < dict(naive.steps[0].ranked)[(("cola", 1),)]


def test_habits_tell_what_was_put_down_and_not_whether_anything_was() -> None:
    scene = Scene()
    naive = scene.change("P1", (6.0, *COLA))
    for _ in range(8):
        scene.belief.habits.learn_put(BROUGHT, 0.99)
    wary = scene.change("P1", (6.0, *COLA))
    assert 0.01 < naive.share < 0.99
    assert wary.share == pytest.approx(naive.share, rel=1e-6)
