"""What somebody surely did tells what he did where it is in doubt."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from resolver.baskets import Clue, Move, Reading, infer
from resolver.baskets.habits import USUAL, leanings

PRICE = Decimal("1.00")


def picked(*counts: tuple[str, int]) -> tuple[Move, ...]:
    return tuple(Move(sku, qty, 0, PRICE) for sku, qty in counts)


def clue(name: str, *readings: tuple[tuple[Move, ...], float, str], puts: bool = False, owner: str = "s1") -> Clue:
    return Clue(name, tuple(Reading(*reading) for reading in readings), ((owner, 1.0),), 0.0, puts=puts)


ONE = (picked(("cola", 1)), 0.99, "one")
DOUBT = clue("doubt", (picked(("juice", 1)), 0.5, "one"), (picked(("mints", 2)), 0.5, "two"))


def share_of_one(others: list[Clue]) -> float:
    """The probability of one juice in a story that ends, or begins, with the doubt."""
    baskets = infer(["s1"], [*others, DOUBT]).of("s1")
    return sum(share for basket, share in baskets if any(held.sku == "juice" for held in basket))


def test_nobody_known_by_one_movement() -> None:
    assert share_of_one([]) == 0.5


def test_who_takes_one_at_a_time_took_one_and_who_takes_two_took_two() -> None:
    singles = [clue(f"e{k}", ONE, ((), 0.01, "")) for k in range(8)]
    doubles = [clue(f"e{k}", (picked(("cola", 2)), 0.99, "two"), ((), 0.01, "")) for k in range(8)]
    assert share_of_one(singles) > 0.8
    assert share_of_one(doubles) < 0.1


def test_who_does_now_this_and_now_that_may_do_what_he_never_did() -> None:
    steady = [clue(f"e{k}", (picked(("cola", 2)), 0.99, "two"), ((), 0.01, "")) for k in range(8)]
    ways = ["two", "pair", "three", "one", "elsewhere", "two", "more", "two"]
    varied = [clue(f"e{k}", (picked(("cola", 2)), 0.99, way), ((), 0.01, "")) for k, way in enumerate(ways)]
    doubt = clue("doubt", (picked(("juice", 1), ("tea", 1)), 0.5, "mixed"), (picked(("mints", 2)), 0.5, "two"))

    def odds(others: list[Clue]) -> float:
        ((_, (mixed, two)),) = leanings([*others, doubt], frozenset(["s1"]))[-1]
        return two / mixed

    assert odds(steady) > 50.0
    assert odds(varied) < 10.0


def test_what_comes_later_tells_as_much() -> None:
    doubles = [clue(f"e{k}", (picked(("cola", 2)), 0.99, "two"), ((), 0.01, "")) for k in range(8)]
    before = infer(["s1"], [DOUBT, *doubles]).of("s1")
    found = sum(share for basket, share in before if any(held.sku == "juice" for held in basket))
    assert abs(found - share_of_one(doubles)) < 0.01


def test_who_brings_his_own_back_did_so_again() -> None:
    back = (Move("cola", -1, 0, PRICE),)
    owned = [clue(f"e{k}", ((), 0.95, "own"), (back, 0.05, "home"), puts=True) for k in range(3)]
    doubt = clue("doubt", (back, 0.7, "home"), ((), 0.3, "own"), puts=True)
    (factors,) = (dict(found) for found in leanings([*owned, doubt], frozenset(["s1"]))[-1:])
    assert factors["s1"][1] > 3.0 and factors["s1"][0] < 1.0


def test_the_habits_of_one_say_nothing_of_another() -> None:
    doubles = [clue(f"e{k}", (picked(("cola", 2)), 0.99, "two"), owner="s2") for k in range(8)]
    found = leanings([*doubles, DOUBT], frozenset(["s1", "s2"]))[-1]
    assert found == (("s1", (1.0, 1.0)),)


@given(st.lists(st.sampled_from(["one", "two", "pair", "elsewhere"]), max_size=12))
def test_all_manners_together_are_as_likely_as_ever(manners: list[str]) -> None:
    clues = [clue(f"e{k}", (picked(("cola", 1)), 1.0, manner)) for k, manner in enumerate(manners)]
    picks = [manner for manner in USUAL if manner not in ("home", "away", "several", "own")]
    every = clue("all", *((picked(("cola", k + 1)), USUAL[manner], manner) for k, manner in enumerate(picks)))
    ((_, factors),) = leanings([*clues, every], frozenset(["s1"]))[-1]
    total = sum(USUAL[manner] * factor for manner, factor in zip(picks, factors, strict=True))
    assert abs(total - sum(USUAL[manner] for manner in picks)) < 1e-6
