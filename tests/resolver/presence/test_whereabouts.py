"""Who was at a plate, from messages that are sometimes wrong."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.inbox import SECOND_NS, PresenceFact
from resolver.presence import Presence, tracks

TICK_NS = SECOND_NS // 4


def message(plate: str, number: int, shares: dict[str, float], sensor: str = "cam") -> PresenceFact:
    t_utc_ns = number * TICK_NS
    said = tuple(sorted(shares.items()))
    return PresenceFact(sensor, f"{plate}{number}", t_utc_ns, t_utc_ns + SECOND_NS, sensor, (plate,), said)


def named(plate: str, names: str, *, sure: float = 0.9, first: int = 0) -> list[PresenceFact]:
    """A message a tick: `a` or `b` named with this share, the other with the rest but for a trace; `-` for nobody."""
    found = []
    for number, name in enumerate(names, start=first):
        other = {"a": "b", "b": "a"}.get(name, "")
        shares = {name: sure, other: max(0.0, 0.98 - sure)} if name != "-" else {}
        found.append(message(plate, number, shares))
    return found


def told(presence: Presence, plate: str, names: str, *, sure: float = 0.9, first: int = 0) -> None:
    for fact in named(plate, names, sure=sure, first=first):
        presence.hear(fact)


def moved(presence: Presence, plate: str, *ticks: float) -> None:
    for tick in ticks:
        presence.hear_movement(plate, round(tick * TICK_NS))


def shares_at(presence: Presence, plate: str, t_utc_ns: int) -> dict[str, float] | None:
    seen = presence.seen(plate, t_utc_ns)
    return None if seen is None else seen.shares


def likeliest(presence: Presence, plate: str, tick: float) -> tuple[str, float]:
    shares = shares_at(presence, plate, round(tick * TICK_NS))
    assert shares
    name = max(shares, key=lambda name: shares[name])
    return name, shares[name]


def test_two_hands_that_take_turns_within_a_second_are_told_apart() -> None:
    presence = Presence(frozenset({"P1"}))
    told(presence, "P1", "aaaabbbbaaaabbbb")
    movements = (2.0, 6.0, 10.0, 14.0)
    moved(presence, "P1", *movements)
    assert [likeliest(presence, "P1", at)[0] for at in movements] == ["a", "b", "a", "b"]
    assert all(likeliest(presence, "P1", at)[1] > 0.95 for at in movements)


def test_people_who_reach_by_turns_are_expected_to_go_on_like_that() -> None:
    by_turns, one_each = Presence(frozenset({"P1"})), Presence(frozenset({"P1"}))
    told(by_turns, "P1", "aaaabbbb" * 5 + "aaaa")
    told(one_each, "P1", "a" * 20 + "b" * 20 + "aaaa")
    moved(by_turns, "P1", *range(2, 43, 4))
    moved(one_each, "P1", *range(2, 43, 4))
    for presence in (by_turns, one_each):  # hardly told apart by the tracker: what they did before tells the rest
        told(presence, "P1", "aaaa", sure=0.5, first=44)
        moved(presence, "P1", 46.0)
    assert likeliest(by_turns, "P1", 46.0)[0] == "b"
    assert likeliest(one_each, "P1", 46.0)[0] == "a"


def test_within_one_movement_a_wrong_message_is_overruled() -> None:
    presence = Presence(frozenset({"P1"}))
    told(presence, "P1", "aaaabaaaa")
    moved(presence, "P1", 4.0)
    assert likeliest(presence, "P1", 4.0)[0] == "a"


def test_who_is_seen_at_another_plate_is_not_here() -> None:
    alone, both = Presence(frozenset({"P1", "P2"})), Presence(frozenset({"P1", "P2"}))
    told(alone, "P1", "aabbaa", sure=0.6)
    told(both, "P1", "aabbaa", sure=0.6)
    told(both, "P2", "bbbbbb")
    assert likeliest(both, "P1", 2.5) > likeliest(alone, "P1", 2.5)
    name, share = likeliest(both, "P1", 2.5)
    assert name == "a" and share > 0.8


def test_who_left_one_plate_is_who_comes_to_the_next() -> None:
    """What the tracker mistakes at the second plate, the way of both people through the shop tells."""
    presence = Presence(frozenset({"P1", "P2", "P3"}))
    told(presence, "P1", "a" * 12 + "-" * 12)
    told(presence, "P2", "-" * 12 + "b" * 12, sure=0.6)
    told(presence, "P3", "b" * 24)
    moved(presence, "P2", 18.0)
    assert likeliest(presence, "P2", 18.0)[0] == "a"


def test_whom_two_plates_show_for_a_moment_was_at_both() -> None:
    presence = Presence(frozenset({"P1", "P2"}))
    told(presence, "P1", "aaaaaaaa----")
    told(presence, "P2", "------aaaaaa")
    moved(presence, "P1", 5.0)
    moved(presence, "P2", 8.0)
    assert likeliest(presence, "P1", 5.0)[0] == "a" and likeliest(presence, "P1", 5.0)[1] > 0.95
    assert likeliest(presence, "P2", 8.0)[0] == "a" and likeliest(presence, "P2", 8.0)[1] > 0.95


def test_a_single_message_is_taken_at_its_word() -> None:
    presence = Presence(frozenset({"P1"}))
    told(presence, "P1", "a", sure=0.9)
    shares = shares_at(presence, "P1", 0)
    assert shares == {"a": 0.9, "b": 0.98 - 0.9}


def test_a_sensor_that_is_silent_holds_what_it_said() -> None:
    presence = Presence(frozenset({"P1"}))
    for number, name in ((0, "b"), (4, "a")):
        t_utc_ns, said = number * TICK_NS, ((name, 0.95),)
        presence.hear(PresenceFact("cam", name, t_utc_ns, t_utc_ns + 60 * SECOND_NS, "cam", ("P1",), said))
    soon, late = likeliest(presence, "P1", 10.0), likeliest(presence, "P1", 200.0)
    assert soon[0] == late[0] == "a"
    assert soon[1] == pytest.approx(late[1]) and late[1] > 0.7


def test_what_ended_is_forgotten_in_the_chain() -> None:
    presence = Presence(frozenset({"P1", "P2"}))
    told(presence, "P2", "bbbb")
    told(presence, "P1", "bbbb", sure=0.6, first=40)
    assert shares_at(presence, "P2", 12 * TICK_NS) is None
    assert likeliest(presence, "P1", 41.5)[0] == "b"


def test_two_sensors_that_disagree_leave_a_doubt() -> None:
    presence = Presence(frozenset({"P1"}))
    for number in range(4):
        presence.hear(message("P1", number, {"a": 0.98}, "cam"))
        presence.hear(message("P1", number, {"b": 0.98}, "zone"))
    shares = shares_at(presence, "P1", 2 * TICK_NS)
    assert shares is not None and shares["a"] == pytest.approx(0.5, abs=0.01) == shares["b"]


NAMES = st.text("ab-", min_size=4, max_size=24)


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES, st.lists(st.integers(0, 23), max_size=6, unique=True), st.randoms(use_true_random=False))
def test_neither_order_of_arrival_nor_what_was_asked_before_shows(
    here: str, there: str, movements: list[int], rng: random.Random
) -> None:
    facts = [*named("P1", here, sure=0.7), *named("P2", there, sure=0.8)]
    steady = Presence(frozenset({"P1", "P2"}))
    for fact in facts:
        steady.hear(fact)
    moved(steady, "P1", *movements)
    shuffled = Presence(frozenset({"P1", "P2"}))
    news: list[PresenceFact | int] = [*facts, *movements]
    rng.shuffle(news)
    for entry in news:
        if isinstance(entry, int):
            moved(shuffled, "P1", entry)
        else:
            shuffled.hear(entry)
        if rng.random() < 0.3 and movements:
            known = rng.choice(movements)
            shares_at(shuffled, "P1", known * TICK_NS)
    for movement in movements:
        shares_at(steady, "P1", movement * TICK_NS)
        shares_at(shuffled, "P1", movement * TICK_NS)
    for movement in movements:
        assert shares_at(steady, "P1", movement * TICK_NS) == shares_at(shuffled, "P1", movement * TICK_NS)


def test_what_is_asked_long_after_is_as_when_it_was_new() -> None:
    rng = random.Random(3)
    early, late = Presence(frozenset({"P1"})), Presence(frozenset({"P1"}))
    names = "".join(rng.choice("aabb-") for _ in range(1200))
    told(early, "P1", names, sure=0.7)
    told(late, "P1", names, sure=0.7)
    asked = range(10, 1190, 40)
    moved(early, "P1", *asked)
    moved(late, "P1", *asked)
    found = {at: shares_at(early, "P1", at * TICK_NS) for at in asked}
    for at in reversed(asked):
        shares_at(late, "P1", at * TICK_NS)
    assert {at: shares_at(late, "P1", at * TICK_NS) for at in asked} == found
    early.forget_before(600 * TICK_NS)
    assert all(shares_at(early, "P1", at * TICK_NS) == found[at] for at in asked if at > 640)


def test_a_sensor_that_tells_without_end_is_held_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dropped is old: of the last instants it takes no more than what was learnt of the tracker."""
    names = "aabba-" * 100
    whole = Presence(frozenset({"P1"}))
    told(whole, "P1", names, sure=0.8)
    monkeypatch.setattr(tracks, "MOST_STEPS", 200)
    part = Presence(frozenset({"P1"}))
    told(part, "P1", names, sure=0.8)
    assert likeliest(part, "P1", 590.0)[0] == likeliest(whole, "P1", 590.0)[0]
    assert likeliest(part, "P1", 590.0)[1] == pytest.approx(likeliest(whole, "P1", 590.0)[1], abs=0.02)
    assert shares_at(part, "P1", 10 * TICK_NS) is None


def test_a_tracker_that_confuses_people_for_a_while_is_believed_as_far_as_it_goes() -> None:
    margin, keep = 1.28, 0.6  # right 90 % of the time; two thirds of an error are still there a message later
    rng = random.Random(5)
    right, sure, sure_right, cases = 0, 0, 0, 300
    for _ in range(cases):
        presence, noise, truth = Presence(frozenset({"P1"})), rng.gauss(0, 1), "ab"[rng.random() < 0.5]
        for tick in range(12):
            noise = keep * noise + (1 - keep**2) ** 0.5 * rng.gauss(0, 1)
            odds = 2 * margin * (margin + noise)
            told(presence, "P1", truth, sure=1 / (1 + math.exp(-odds)), first=tick)
        moved(presence, "P1", 6.0)
        name, share = likeliest(presence, "P1", 6.0)
        right += name == truth
        sure += share > 0.98
        sure_right += share > 0.98 and name == truth
    assert right >= 0.96 * cases
    assert sure >= 0.5 * cases and sure_right >= 0.985 * sure
