"""What is learnt of a tracker from what it says."""

from __future__ import annotations

import math
import random

import pytest

from resolver.inbox import SECOND_NS, PresenceFact
from resolver.presence.confusion import Acuity, Saying

TICK_NS = SECOND_NS // 4
MARGIN = 1.28
"""Right nine times in ten."""


def said(number: int, odds: float) -> PresenceFact:
    """A message by which `a` is there rather than `b` with these log odds."""
    shares = (("a", 1.0 / (1.0 + math.exp(-odds))), ("b", 1.0 / (1.0 + math.exp(odds))))
    return PresenceFact("cam", str(number), number * TICK_NS, (number + 4) * TICK_NS, "cam", ("P1",), shares)


def learnt(keep: float, *, swaps: bool, seed: int = 1, count: int = 400) -> Acuity:
    """Of a tracker that repeats so much of its error a message later, while two take turns every two seconds; its
    errors stay errors when the other comes, or go on speaking for one of them."""
    rng = random.Random(seed)
    acuity, noise, before, was = Acuity(), rng.gauss(0.0, 1.0), None, "a"
    for number in range(count):
        noise = keep * noise + math.sqrt(1.0 - keep**2) * rng.gauss(0.0, 1.0)
        now = "ab"[number // 8 % 2]
        sign = 1.0 if now == "a" else -1.0
        odds = 2.0 * MARGIN * (sign * MARGIN + (sign * noise if swaps else noise))
        fact = said(number, odds)
        if before is not None:
            acuity = acuity.followed(Saying(fact, before, acuity), was, now)
        acuity = acuity.heard(fact)
        before, was = fact, now
    return acuity


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.6, 0.8])
def test_how_long_errors_last_is_learnt(keep: float) -> None:
    found = learnt(keep, swaps=True).keep(TICK_NS)
    assert found == pytest.approx(keep, abs=0.12)
    assert learnt(keep, swaps=True).keep(3 * TICK_NS) == pytest.approx(found**3, abs=1e-6)


def test_at_first_errors_are_taken_to_last_a_while() -> None:
    assert Acuity().keep(TICK_NS) == pytest.approx(0.53, abs=0.02)
    assert Acuity().keep(0) < 1.0


@pytest.mark.parametrize("swaps", [True, False])
def test_whether_an_error_stays_one_when_another_comes_is_learnt(swaps: bool) -> None:
    acuity = learnt(0.7, swaps=swaps)
    assert (acuity.leaning > 1.0) == swaps
    assert (acuity.leaning < -1.0) != swaps
    wrong = said(0, -3.0)  # `a` is there, and it says `b`
    goes_on, comes_right = said(1, 3.0), said(1, -3.0)  # then `b` is, and it says `a`, or still `b`
    odds = [Saying(fact, wrong, acuity).likelihood("a", "b") for fact in (goes_on, comes_right)]
    assert (odds[0] > odds[1]) == swaps


def test_a_message_after_a_lasting_error_tells_less_than_one_by_itself() -> None:
    first, second = said(0, -2.0), said(1, -2.0)
    ratios = []
    for keep in (0.0, 0.8):
        saying = Saying(second, first, learnt(keep, swaps=True))
        ratios.append(saying.likelihood("b", "b") / saying.likelihood("a", "a"))
    assert ratios[0] > 2 * ratios[1] > 2.0
