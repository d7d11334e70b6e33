"""The pure core of the resolver: facts to receipts, adjustments, reviews and commands."""

from resolver.shop.billing import Settled
from resolver.shop.effects import Adjusted, Amend, Ask, Basket, Closed, Doubt, Effect, Issued, Option, Review
from resolver.shop.engine import Shop
from resolver.shop.rules import Rules

__all__ = [
    "Adjusted",
    "Amend",
    "Ask",
    "Basket",
    "Closed",
    "Doubt",
    "Effect",
    "Issued",
    "Option",
    "Review",
    "Rules",
    "Settled",
    "Shop",
]
