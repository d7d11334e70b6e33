"""Who was at a plate, from messages that are sometimes wrong."""

from __future__ import annotations

import math
import random

from resolver.inbox import SECOND_NS, PresenceFact
from resolver.presence import Presence

TICK_NS = SECOND_NS // 4


def told(presence: Presence, plate: str, names: str, *, sure: float = 0.9, first: int = 0) -> None:
    """A message a tick: `a` or `b` named with this share, the other with the rest but for a trace; `-` for nobody."""
    for number, name in enumerate(names, start=first):
        t_utc_ns = number * TICK_NS
        other = {"a": "b", "b": "a"}.get(name, "")
        shares = ((name, sure), (other, max(0.0, 0.98 - sure))) if name != "-" else ()
        presence.hear(
            PresenceFact(
                "cam", f"{plate}{number}", t_utc_ns, t_utc_ns + SECOND_NS, "cam", (plate,), tuple(sorted(shares))
            )
        )


def likeliest(presence: Presence, plate: str, tick: float, movements: tuple[float, ...] = ()) -> tuple[str, float]:
    shares = presence.shares(plate, round(tick * TICK_NS), [round(at * TICK_NS) for at in movements])
    assert shares
    name = max(shares, key=lambda name: shares[name])
    return name, shares[name]


def test_two_hands_that_take_turns_within_a_second_are_told_apart() -> None:
    presence = Presence(frozenset({"P1"}))
    told(presence, "P1", "aaaabbbbaaaabbbb")
    movements = (2.0, 6.0, 10.0, 14.0)
    assert [likeliest(presence, "P1", at, movements)[0] for at in movements] == ["a", "b", "a", "b"]
    assert all(likeliest(presence, "P1", at, movements)[1] > 0.95 for at in movements)


def test_within_one_movement_a_wrong_message_is_overruled() -> None:
    presence = Presence(frozenset({"P1"}))
    told(presence, "P1", "aaaabaaaa")
    assert likeliest(presence, "P1", 4.0, (4.0,))[0] == "a"


def test_who_is_seen_at_another_plate_is_not_here() -> None:
    alone, both = Presence(frozenset({"P1", "P2"})), Presence(frozenset({"P1", "P2"}))
    told(alone, "P1", "aabbaa", sure=0.6)
    told(both, "P1", "aabbaa", sure=0.6)
    told(both, "P2", "bbbbbb")
    assert likeliest(both, "P1", 2.5) > likeliest(alone, "P1", 2.5)
    name, share = likeliest(both, "P1", 2.5)
    assert name == "a" and share > 0.8


def test_a_single_message_is_taken_at_its_word() -> None:
    presence = Presence(frozenset({"P1"}))
    told(presence, "P1", "a", sure=0.9)
    shares = presence.shares("P1", 0)
    assert shares == {"a": 0.9, "b": 0.98 - 0.9}


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
        name, share = likeliest(presence, "P1", 6.0, (6.0,))
        right += name == truth
        sure += share > 0.98
        sure_right += share > 0.98 and name == truth
    assert right >= 0.96 * cases
    assert sure >= 0.5 * cases and sure_right >= 0.985 * sure
