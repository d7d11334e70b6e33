"""Receipts as JSON values."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agent.messages import Receipt, ReceiptLine

money = st.decimals("-99.99", "9999.99", places=2) | st.sampled_from(
    [Decimal("1E+3"), Decimal("-0.00"), Decimal("1.5")]
)
instants = st.integers(0, 7_000_000_000 * 10**9)
lines = st.builds(
    ReceiptLine,
    sku=st.text(max_size=5),
    name=st.text(max_size=5),
    qty=st.integers(-5, 5),
    weight_g=st.none() | st.floats(-1e6, 1e6),
    unit_price=money,
    amount=money,
    deposit=st.none() | money,
)
receipts = st.builds(
    Receipt,
    receipt=st.text(max_size=5),
    session=st.text(max_size=5),
    group=st.none() | st.text(max_size=5),
    lines=st.lists(lines, max_size=3).map(tuple),
    total=money,
    currency=st.just("EUR"),
    state=st.sampled_from(["final", "review"]),
    reasons=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    events=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    exited=instants,
    issued=instants,
)


@given(receipts)
def test_a_document_is_what_the_model_gives(receipt: Receipt) -> None:
    assert json.dumps(receipt.document()) == json.dumps(receipt.model_dump(mode="json"))
