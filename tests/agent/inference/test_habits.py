"""Learned habits: what people take at once here, beside what is known of people elsewhere."""

from __future__ import annotations

import json

import pytest

from agent.inference import InferenceParameters
from agent.inference.habits import Habits

P = InferenceParameters()


def test_untaught_nothing_is_as_unusual_as_elsewhere() -> None:
    habits = Habits(P)
    assert [habits.factor(1), habits.factor(2), habits.factor(1, 1)] == pytest.approx([1.0, 1.0, 1.0])
    assert sum(habits.shares().values()) == pytest.approx(1.0)


def test_where_people_take_two_different_things_that_is_expected() -> None:
    habits = Habits(P)
    for _ in range(20):
        habits.learn((1, 1), 0.95)
    assert habits.factor(1, 1) > 5.0
    assert habits.factor(1) < 0.6
    assert sum(habits.shares().values()) == pytest.approx(1.0)


def test_what_is_a_guess_teaches_nothing() -> None:
    habits = Habits(P)
    habits.learn((2,), P.habit_least - 0.01)
    assert habits.factor(2) == pytest.approx(1.0)


def test_old_habits_fade_and_what_was_seen_is_kept() -> None:
    habits = Habits(P)
    for counts in [(2,)] * 1_000 + [(1,)] * 1_000:
        habits.learn(counts, 1.0)
    assert habits.shares()["1"] > 0.85
    again = Habits(P)
    again.restore(json.loads(json.dumps(habits.snapshot())))
    assert again.shares() == pytest.approx(habits.shares())
