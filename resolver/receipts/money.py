"""Decimal money: amounts of lines, rounded half up to the currency's smallest unit. Never a float."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from agent.messages import ReceiptLine
from agent.store import Item
from resolver.baskets import Basket, Held

GRAMS_A_KG = 1000
DECIGRAMS_A_KG = Decimal(10 * GRAMS_A_KG)
NO_MINOR_UNIT = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF")
)
THREE_DIGITS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
"""ISO 4217: currencies whose smallest unit is not a hundredth."""


def smallest_unit(currency: str) -> Decimal:
    """The currency's smallest amount, such as 0.01."""
    if currency in NO_MINOR_UNIT:
        return Decimal(1)
    return Decimal("0.001") if currency in THREE_DIGITS else Decimal("0.01")


REMEMBERED = 10_000
"""Amounts and lines kept ready: most baskets hold one or two of what many others hold."""


_UNKNOWN = (None, None)


class Prices:
    """Lines and amounts by a store's items and currency."""

    def __init__(self, items: dict[str, Item], currency: str) -> None:
        self._items = items
        self.currency = currency
        self._unit = smallest_unit(currency)
        self._zero = self.rounded(Decimal(0))
        self._amounts: dict[Held, Decimal] = {}
        self._lines: dict[Held, tuple[Decimal | None, ReceiptLine | None]] = {}

    @property
    def zero(self) -> Decimal:
        return self._zero

    def rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(self._unit, ROUND_HALF_UP)

    def parsed(self, text: str) -> Decimal:
        """An amount from its text."""
        return self.rounded(Decimal(text))

    def amount(self, held: Held) -> Decimal:
        """What is charged for what a basket holds of an item at one price, its deposit included."""
        known = self._amounts.get(held)
        if known is None:
            if len(self._amounts) >= REMEMBERED:
                self._amounts.clear()
            known = self._amounts[held] = self._amount(held)
        return known

    def _amount(self, held: Held) -> Decimal:
        item = self._items[held.sku]
        if item.by_weight:
            goods = self.rounded(held.unit_price * Decimal(held.weight_dg) / DECIGRAMS_A_KG)
        else:
            goods = self.rounded(held.unit_price * held.qty)
        return goods + self._deposit(item, held) if item.deposit else goods

    def line(self, held: Held) -> ReceiptLine:
        """The line of what a basket holds of an item at one price."""
        price, known = self._lines.get(held, _UNKNOWN)
        if known is None or price is not held.unit_price:  # 1.5 and 1.50 are equal, and read otherwise
            if len(self._lines) >= REMEMBERED:
                self._lines.clear()
            known = self._line(held)
            self._lines[held] = (held.unit_price, known)
        return known

    def _line(self, held: Held) -> ReceiptLine:
        item = self._items[held.sku]
        return ReceiptLine(
            sku=held.sku,
            name=item.name,
            qty=held.qty,
            weight_g=held.weight_dg / 10 if item.by_weight else None,
            unit_price=held.unit_price,
            amount=self.amount(held),
            deposit=self._deposit(item, held) if item.deposit else None,
        )

    def _deposit(self, item: Item, held: Held) -> Decimal:
        return self.rounded((item.deposit or Decimal(0)) * held.qty)

    def bill(self, basket: Basket) -> Basket:
        """The same for all baskets that are billed alike: without the pieces of what is sold by weight."""
        return tuple(
            held._replace(qty=0) if held.weight_dg and not self._items[held.sku].deposit else held for held in basket
        )

    def lines(self, basket: Basket) -> tuple[ReceiptLine, ...]:
        """All lines, by sku and price."""
        return tuple(self.line(held) for held in basket)

    def total(self, basket: Basket) -> Decimal:
        return sum([self.amount(held) for held in basket], self._zero)

    def sum(self, lines: Iterable[ReceiptLine]) -> Decimal:
        return sum([line.amount for line in lines], self._zero)

    def difference(self, a: Basket, b: Basket, nameless: Decimal = Decimal(0)) -> Decimal:
        """What billing `a` loses one side or the other where `b` is true, and goods of the worth `nameless` besides."""
        return abs(self.total(a) - self.total(b) - nameless)


def change_lines(prices: Prices, before: Basket, after: Basket) -> tuple[ReceiptLine, ...]:
    """Lines of an adjustment from one basket to another: negative where something is credited."""
    lines = []
    keys = sorted({(held.sku, held.unit_price) for held in (*before, *after)})
    old = {(held.sku, held.unit_price): held for held in before}
    fresh = {(held.sku, held.unit_price): held for held in after}
    for key in keys:
        was = prices.line(old.get(key, Held(*key, 0, 0)))
        now = prices.line(fresh.get(key, Held(*key, 0, 0)))
        if was == now:
            continue
        weight_g = None if now.weight_g is None else round(now.weight_g - (was.weight_g or 0.0), 1)
        deposit = None if now.deposit is None else now.deposit - (was.deposit or Decimal(0))
        changed = {"qty": now.qty - was.qty, "weight_g": weight_g, "amount": now.amount - was.amount}
        lines.append(now.model_copy(update={**changed, "deposit": deposit}))
    return tuple(lines)
