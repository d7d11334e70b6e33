"""The beam against the whole enumeration, and what baskets may never do."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.baskets import EMPTY, Basket, Clue, Move, Reading, apply, infer
from resolver.baskets.branches import LACKING, STRANGER_PUT

PRICE = Decimal("1.00")
KEYS = ("s1", "s2")


def move(sku: str, qty: int) -> Move:
    return Move(sku, qty, 0, PRICE)


@st.composite
def clues(draw: st.DrawFn) -> list[Clue]:
    found = []
    for number in range(draw(st.integers(1, 5))):
        sign = draw(st.sampled_from([1, 1, -1]))
        likely = draw(st.floats(0.1, 0.9))
        readings = (
            Reading((move(draw(st.sampled_from("AB")), sign),), likely),
            Reading((), 1.0 - likely),
        )
        share = draw(st.floats(0.1, 0.8))
        found.append(Clue(f"e{number}", readings, (("s1", share), ("s2", 0.9 - share)), 0.1))
    return found


def enumerated(found: list[Clue]) -> dict[tuple[Basket, ...], float]:
    """All assignments of owners and readings, without a beam."""
    masses: dict[tuple[Basket, ...], float] = {}
    choices = [[(owner, k) for owner in ("s1", "s2", None) for k in range(len(clue.readings))] for clue in found]
    for chosen in product(*choices):
        baskets, mass = dict.fromkeys(KEYS, EMPTY), 1.0
        for clue, (owner, k) in zip(found, chosen, strict=True):
            shares = dict(clue.owners)
            mass *= clue.readings[k].probability * (shares[owner] if owner else 1.0 - sum(shares.values()))
            moves = clue.readings[k].moves
            if owner is not None:
                baskets[owner], lacking = apply(baskets[owner], moves)
                mass *= LACKING if lacking else 1.0
            elif any(entry.qty < 0 for entry in moves):
                mass *= STRANGER_PUT
        key = tuple(baskets[name] for name in KEYS)
        masses[key] = masses.get(key, 0.0) + mass
    total = sum(masses.values())
    return {key: mass / total for key, mass in masses.items()}


@settings(deadline=None)
@given(clues())
def test_the_beam_agrees_with_the_whole_enumeration(found: list[Clue]) -> None:
    expected = enumerated(found)
    posterior = infer(KEYS, found, beam=10_000)
    for hypothesis in posterior.hypotheses:
        assert abs(hypothesis.probability - expected[hypothesis.baskets]) < 0.01
    assert abs(sum(hypothesis.probability for hypothesis in posterior.hypotheses) - 1.0) < 1e-9


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(-3, 3))))
def test_a_basket_never_owes(moves: list[tuple[str, int]]) -> None:
    basket = EMPTY
    held = {"A": 0, "B": 0}
    for sku, qty in moves:
        basket, lacking = apply(basket, (move(sku, qty),))
        assert lacking == max(0, -qty - held[sku])
        held[sku] = max(0, held[sku] + qty)
    assert {entry.sku: entry.qty for entry in basket} == {sku: qty for sku, qty in held.items() if qty}


def test_a_return_is_credited_at_the_dearest_price() -> None:
    basket, _ = apply(EMPTY, (Move("A", 1, 0, Decimal("1.00")), Move("A", 1, 0, Decimal("1.20"))))
    basket, _ = apply(basket, (move("A", -1),))
    assert [(entry.unit_price, entry.qty) for entry in basket] == [(Decimal("1.00"), 1)]


def test_all_produce_given_back_leaves_nothing_though_the_scale_differs() -> None:
    basket, _ = apply(EMPTY, (Move("T", 4, 3512, PRICE, by_weight=True, piece_dg=900),))
    basket, lacking = apply(basket, (Move("T", -4, -3498, PRICE, by_weight=True, piece_dg=900),))
    assert (basket, lacking) == (EMPTY, 0)
