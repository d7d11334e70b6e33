"""Receipts and what is learned after them. Money is decimal."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from agent.messages.events import Message
from agent.messages.types import Grams, Money, UtcNs, format_utc, rounded_grams

RECEIPT = "shelf.v1.receipt"
ADJUSTMENT = "shelf.v1.adjustment"


class ReceiptLine(Message):
    """One item of a receipt. `unit_price` is per unit, or per kilogram where `weight_g` stands.

    `deposit` is the part of `amount` that is a deposit; left out where there is none.
    """

    sku: str
    name: str
    qty: int
    weight_g: Grams | None = None
    unit_price: Money
    amount: Money
    deposit: Money | None = None

    def document(self) -> dict[str, Any]:
        """Its JSON values: what `model_dump` gives in five times the time."""
        weight_g = self.weight_g
        document = {
            "sku": self.sku,
            "name": self.name,
            "qty": self.qty,
            "weight_g": None if weight_g is None else rounded_grams(weight_g),
            "unit_price": format(self.unit_price, "f"),
            "amount": format(self.amount, "f"),
        }
        if self.deposit is not None:
            document["deposit"] = format(self.deposit, "f")
        return document

    @model_serializer(mode="wrap")
    def _leave_out_deposit(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = handler(self)
        if self.deposit is None:
            document.pop("deposit", None)
        return document


class Receipt(Message):
    """Issued once a session (or group) after its exit. A final one never changes."""

    receipt: str
    session: str
    group: str | None = None
    lines: tuple[ReceiptLine, ...]
    total: Money
    currency: str
    state: Literal["final", "review"]
    reasons: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    exited: UtcNs
    issued: UtcNs

    def document(self) -> dict[str, Any]:
        """Its JSON values: what `model_dump` gives in three times the time."""
        return {
            "receipt": self.receipt,
            "session": self.session,
            "group": self.group,
            "lines": [line.document() for line in self.lines],
            "total": format(self.total, "f"),
            "currency": self.currency,
            "state": self.state,
            "reasons": list(self.reasons),
            "events": list(self.events),
            "exited": format_utc(self.exited),
            "issued": format_utc(self.issued),
        }


class Adjustment(Message):
    """What a receipt owes or is owed after a later fact."""

    receipt: str
    lines: tuple[ReceiptLine, ...]
    amount: Money
    reason: str
