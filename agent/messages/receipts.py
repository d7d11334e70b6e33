"""Receipts and what is learned after them. Money is decimal."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from agent.messages.events import Message
from agent.messages.types import Grams, Money, UtcNs

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


class Adjustment(Message):
    """What a receipt owes or is owed after a later fact."""

    receipt: str
    lines: tuple[ReceiptLine, ...]
    amount: Money
    reason: str
