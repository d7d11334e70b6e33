"""The published rules on clean signals: what they are known to do, and known to miss."""

import numpy as np

from bench.rules import PUBLISHED, TUNED, Reading, tasmota, winners
from bench.rules.reading import EVEN_HZ, Product

PRODUCTS = (Product("a", 350.0, frozenset({"P1"})), Product("b", 100.0, frozenset({"P2"})))


def reading(*steps: tuple[str, float, float], seconds: float = 20.0, noise_g: float = 0.3) -> Reading:
    """Clean steps: plate, instant (s), change (g)."""
    rng = np.random.default_rng(1)
    t_s = np.arange(0, seconds, 1 / EVEN_HZ)
    weight = {plate: 5000.0 + rng.normal(0, noise_g, len(t_s)) for plate in ("P1", "P2")}
    for plate, at_s, change_g in steps:
        weight[plate] = weight[plate] + change_g * (t_s >= at_s)
    return Reading(t_s, weight, PRODUCTS, ((0.0, "s1", "P1"), (0.0, "s1", "P2")))


def test_winners_find_a_clean_pick_with_its_count() -> None:
    (event,) = winners(reading(("P1", 8.0, -700.0)), PUBLISHED)
    assert (event.kind, event.plate, event.items) == ("pick", "P1", {"a": 2})
    assert abs(event.t - 8.0) < 0.3
    assert event.settled is not None
    assert 0.8 < event.settled - 8.0 < 1.5


def test_winners_know_a_put_only_from_the_basket() -> None:
    assert winners(reading(("P2", 8.0, 350.0)), PUBLISHED) == []
    events = winners(reading(("P1", 5.0, -350.0), ("P2", 9.0, 350.0)), PUBLISHED)
    assert [(e.kind, e.items) for e in events] == [("pick", {"a": 1}), ("put", {"a": 1})]


def test_winners_take_what_was_put_elsewhere_from_there() -> None:
    events = winners(reading(("P1", 4.0, -350.0), ("P2", 8.0, 350.0), ("P2", 12.0, -350.0)), PUBLISHED)
    assert [e.items for e in events] == [{"a": 1}] * 3


def test_the_gate_of_twenty_grams_misses_what_the_tuned_one_sees() -> None:
    light = reading(("P2", 8.0, -30.0))
    assert winners(light, PUBLISHED) == []
    gone = winners(reading(("P2", 8.0, -45.0)), TUNED)
    assert [e.kind for e in gone] == ["pick"]


def test_winners_drop_less_than_two_fifths_of_a_unit() -> None:
    assert winners(reading(("P1", 8.0, -100.0)), PUBLISHED) == []


def test_winners_merge_two_picks_within_their_window() -> None:
    events = winners(reading(("P1", 8.0, -350.0), ("P1", 8.5, -350.0)), PUBLISHED)
    assert [e.items for e in events] == [{"a": 2}]


def test_tasmota_counts_by_division_and_tells_when_the_next_value_agrees() -> None:
    (event,) = tasmota(reading(("P1", 8.05, -701.0)))
    assert (event.kind, event.items) == ("pick", {"a": 2})
    assert event.settled is not None
    assert 1.0 < event.settled - 8.05 < 3.0


def test_tasmota_misses_a_unit_that_is_a_gram_light() -> None:
    (event,) = tasmota(reading(("P1", 8.05, -349.0)))
    assert event.items == {}


def test_nothing_is_told_of_nothing() -> None:
    still = reading()
    assert winners(still, PUBLISHED) == winners(still, TUNED) == tasmota(still) == []
