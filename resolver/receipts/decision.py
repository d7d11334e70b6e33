"""Which basket stands on the receipt, and whether a person must look: the rule of expected loss."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from resolver.baskets import EMPTY, Basket
from resolver.receipts.money import Prices

DEFAULT_LOSS_LIMIT = Decimal("0.20")
"""What a receipt may be expected to be wrong by, in the store's currency, before a person looks at it."""
FITS = 0.8
"""A basket fits where it is at least so nearly as likely as the likeliest."""
LIKELY = 0.8
UNLIKELY_SHARE = Decimal("0.1")
"""A basket that is less likely than this is final below this share of the limit only: that it is about cents does
not make a guess right."""
GUESS = 0.5
"""Where not even the likeliest basket is as likely as this, no receipt is final, whatever the money."""
WEIGHED = 64
"""Baskets that are compared with each other; the tail beyond counts as wholly in dispute."""


Outcome = tuple[Basket, Decimal, float]
"""A basket, the worth of what was taken besides and has no name, and their probability."""


@dataclass(frozen=True)
class Decision:
    """The basket to bill, the sum expected to be in dispute with it, and whether that is below the limit."""

    basket: Basket
    probability: float
    expected_loss: Decimal
    sure: bool


def decide(outcomes: list[Outcome], prices: Prices, limit: Decimal = DEFAULT_LOSS_LIMIT) -> Decision:
    """The cheapest basket that fits and whose expected loss is below the limit; else the likeliest, unsure.

    `outcomes` are baskets, each with the worth of what was taken besides and has no name, and its probability. The
    expected loss of a basket is the sum over all outcomes of their probability times what would be in dispute.
    """
    beliefs = _beliefs(outcomes, prices)
    looked = beliefs[:WEIGHED]
    best = looked[0]
    options = []
    for basket, probability in looked if best[1] >= GUESS else ():
        if probability < best[1] * FITS:
            break
        loss = _expected_loss(basket, outcomes[:WEIGHED], prices)
        if loss <= (limit if probability >= LIKELY else limit * UNLIKELY_SHARE):
            options.append((prices.total(basket), -probability, basket, loss))
    if options:
        _, negative, basket, loss = min(options)
        return Decision(basket, -negative, prices.rounded(loss), True)
    return Decision(best[0], best[1], prices.rounded(_expected_loss(best[0], outcomes[:WEIGHED], prices)), False)


def _beliefs(outcomes: list[Outcome], prices: Prices) -> list[tuple[Basket, float]]:
    """Baskets with their probabilities, likeliest first; of those that make the same bill the likeliest stands for all:
    of how many pieces so many grams are costs nothing."""
    found: dict[Basket, tuple[float, float, Basket]] = {}
    for basket, _, probability in outcomes:
        bill = prices.bill(basket)
        total, most, likeliest = found.get(bill, (0.0, 0.0, basket))
        found[bill] = (total + probability, *max((most, likeliest), (probability, basket), key=lambda entry: entry[0]))
    ranked = sorted(found.values(), key=lambda entry: (-entry[0], entry[2]))
    return [(basket, probability) for probability, _, basket in ranked]


def _expected_loss(basket: Basket, outcomes: list[Outcome], prices: Prices) -> Decimal:
    loss = Decimal(0)
    for other, nameless, probability in outcomes:
        if other != basket or nameless:
            loss += Decimal(repr(probability)) * prices.difference(basket, other, nameless)
    rest = max(0.0, 1.0 - sum(probability for *_, probability in outcomes))
    return loss + Decimal(repr(rest)) * prices.difference(basket, EMPTY)
