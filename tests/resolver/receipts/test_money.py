"""Decimal money: exact, half up a line, and the rule of expected loss."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopfloor import make_store

from resolver.baskets import Basket, Held
from resolver.receipts import Prices, change_lines, decide, smallest_unit

STORE = make_store()
PRICES = Prices(STORE.items, "EUR")
ZERO = Decimal(0)
COLA, JUICE = Held("cola", Decimal("1.50"), 1, 0), Held("juice", Decimal("2.00"), 1, 0)

baskets = st.dictionaries(
    st.sampled_from([("cola", Decimal("1.50")), ("juice", Decimal("2.00")), ("water", Decimal("0.80"))]),
    st.integers(1, 5),
).map(lambda held: tuple(sorted(Held(*key, qty, 0) for key, qty in held.items())))


@pytest.mark.parametrize(("weight_dg", "amount"), [(2609, "1.04"), (12_500, "4.99"), (13, "0.01"), (12, "0.00")])
def test_weight_is_billed_half_up(weight_dg: int, amount: str) -> None:
    assert PRICES.line(Held("tomato", Decimal("3.99"), 1, weight_dg)).amount == Decimal(amount)


@given(st.integers(1, 100_000), st.decimals("0.01", "99.99", places=2))
def test_amounts_are_exact_to_the_cent(weight_dg: int, price: Decimal) -> None:
    exact = price * weight_dg / Decimal(10_000)
    assert PRICES.line(Held("tomato", price, 1, weight_dg)).amount == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_a_line_says_the_price_as_it_was_written() -> None:
    prices = Prices(STORE.items, "EUR")
    said = [str(prices.line(Held("cola", Decimal(text), 1, 0)).unit_price) for text in ("1.50", "1.5", "1.50")]
    assert said == ["1.50", "1.5", "1.50"]


def test_currencies_have_their_own_smallest_unit() -> None:
    assert [smallest_unit(code) for code in ("EUR", "JPY", "KWD")] == [Decimal("0.01"), Decimal(1), Decimal("0.001")]


@given(baskets, baskets)
def test_an_adjustment_is_the_difference_of_the_totals(before: Basket, after: Basket) -> None:
    assert PRICES.sum(change_lines(PRICES, before, after)) == PRICES.total(after) - PRICES.total(before)


@given(baskets, baskets)
def test_what_is_in_dispute_is_the_money_between_two_baskets(a: Basket, b: Basket) -> None:
    assert PRICES.difference(a, b) == PRICES.difference(b, a) == abs(PRICES.total(a) - PRICES.total(b))


def test_below_the_limit_the_likeliest_stands() -> None:
    decision = decide([((COLA,), ZERO, 0.99), ((), ZERO, 0.01)], PRICES)
    assert (decision.basket, decision.sure, decision.expected_loss) == ((COLA,), True, Decimal("0.02"))


def test_above_the_limit_a_person_looks() -> None:
    decision = decide([((COLA,), ZERO, 0.8), ((), ZERO, 0.2)], PRICES)
    assert (decision.basket, decision.sure, decision.expected_loss) == ((COLA,), False, Decimal("0.30"))


def test_of_two_that_fit_the_cheaper_stands() -> None:
    sweet = Held("cola", Decimal("0.03"), 1, 0)
    assert decide([((sweet,), ZERO, 0.55), ((), ZERO, 0.45)], PRICES).basket == ()
    assert decide([((sweet,), ZERO, 0.6), ((), ZERO, 0.4)], PRICES).basket == (sweet,)
    assert decide([((sweet,), ZERO, 0.98), ((), ZERO, 0.02)], PRICES).basket == (sweet,)


def test_what_may_well_be_wrong_is_looked_at_though_it_is_worth_little() -> None:
    sweet = Held("cola", Decimal("0.30"), 1, 0)
    assert not decide([((sweet,), ZERO, 0.7), ((), ZERO, 0.3)], PRICES).sure
    assert decide([((sweet,), ZERO, 0.9), ((), ZERO, 0.1)], PRICES).sure


def test_another_item_is_in_dispute_by_what_it_costs_more() -> None:
    juice = Held("juice", Decimal("1.80"), 1, 0)
    decision = decide([((COLA,), ZERO, 0.85), ((juice,), ZERO, 0.15)], PRICES)
    assert (decision.sure, decision.expected_loss) == (True, Decimal("0.05"))
    assert not decide([((COLA,), ZERO, 0.7), ((juice,), ZERO, 0.3)], PRICES).sure


def test_what_is_not_even_likelier_than_not_is_never_final() -> None:
    others = [Held(sku, Decimal("1.50"), 1, 0) for sku in ("juice", "water")]
    assert not decide([((COLA,), ZERO, 0.4), *(((other,), ZERO, 0.3) for other in others)], PRICES).sure


def test_baskets_that_make_the_same_bill_are_one() -> None:
    """Whether so many grams are two pieces or three is no doubt."""
    price = Decimal("3.99")
    two, three = (Held("tomato", price, 2, 2609),), (Held("tomato", price, 3, 2609),)
    other = (Held("tomato", price, 2, 2650),)
    decision = decide([(two, ZERO, 0.5), (three, ZERO, 0.4), (other, ZERO, 0.1)], PRICES)
    assert decision.sure and decision.basket == two
    assert decision.probability == pytest.approx(0.9)
