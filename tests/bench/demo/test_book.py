"""What counts as told, as right, as late."""

from __future__ import annotations

from typing import Any

import pytest

from bench.demo import telling
from bench.demo.book import GIVEN_UP_S, RECEIPT_GIVEN_UP_S, Account, Book
from bench.demo.crowd import Visit
from bench.demo.store import demo_shop, fresh
from bench.families.world import TruthEvent

SHOP = demo_shop("demo", fresh(1))
NAMES = {item.sku: item.name for item in SHOP.items}
COLA = SHOP.item("cola").price


def visit() -> Visit:
    moves = [
        TruthEvent(10.0, "P1", "pick", {"cola": 2}, 700.0, "s1"),
        TruthEvent(12.0, "P1", "put", {"cola": 1}, 350.0, "s1"),
    ]
    return Visit("s1", ["P1"], 8.0, 14.0, moves)


def bill(qty: int = 1, *, total: str = COLA, state: str = "final") -> dict[str, Any]:
    lines = [{"sku": "cola", "name": "Cola", "qty": qty, "amount": total}] if qty else []
    return {"session": "s1", "lines": lines, "total": total, "currency": "EUR", "state": state, "reasons": ["doubtful"]}


def settled(data: dict[str, Any], exited_s: float | None = 14.0) -> Account:
    book = Book(SHOP)
    book.begin(visit())
    if exited_s is not None:
        book.exited("s1", exited_s)
    account = book.receipt(data, 15.0)
    assert account is not None
    assert not book.unsettled
    assert (book.receipts, book.right) == (1, int(account.right))
    return account


def test_a_right_receipt_and_its_delay() -> None:
    account = settled(bill())
    assert account.right
    assert account.delay_s == pytest.approx(1.0)
    assert any("right" in line for line in telling.settled(account, NAMES))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (bill(2), "not what was taken"),
        (bill(0, total="0.00"), "not what was taken"),
        (bill(1, total="0.01"), "sum is wrong"),
    ],
)
def test_a_wrong_receipt(data: dict[str, Any], fault: str) -> None:
    account = settled(data)
    assert not account.right
    assert fault in " ".join(account.faults)
    assert any("WRONG" in line for line in telling.settled(account, NAMES))


def test_a_receipt_before_the_exit_is_wrong() -> None:
    assert not settled(bill(), exited_s=None).right


def test_a_receipt_left_to_a_person_is_told_as_such() -> None:
    account = settled(bill(state="review"))
    assert account.right
    assert account.doubts == ["doubtful"]
    assert any("for review" in line for line in telling.settled(account, NAMES))


def test_a_receipt_that_never_comes_is_given_up() -> None:
    book = Book(SHOP)
    book.begin(visit())
    assert book.overdue(1000.0) == []  # still inside
    book.exited("s1", 14.0)
    assert book.overdue(14.0 + RECEIPT_GIVEN_UP_S - 0.1) == []
    (account,) = book.overdue(14.0 + RECEIPT_GIVEN_UP_S + 0.1)
    assert not account.right
    assert (book.receipts, book.right, book.unsettled) == (1, 0, False)


def test_events_are_matched_by_plate_direction_and_time() -> None:
    book = Book(SHOP)
    book.begin(visit())
    data = {"confidence": 0.9, "items": [{"sku": "cola", "qty": 2}]}
    assert book.event("pick", "P2", 10.0, data, 10.5) is None
    assert book.event("pick", "P1", 10.8, data, 11.0) is None
    move = book.event("pick", "P1", 10.1, data, 10.5)
    assert move is not None
    assert move.items_right
    assert move.delay_s == pytest.approx(0.5)
    assert book.event("pick", "P1", 10.1, data, 10.6) is None  # told twice
    wrong = book.event("put", "P1", 12.0, data, 12.4)
    assert wrong is not None
    assert not wrong.items_right
    assert (book.movements(12.5), book.told, book.items_right, book.surplus) == (2, 2, 1, 3)


def test_what_is_not_told_is_given_up() -> None:
    book = Book(SHOP)
    book.begin(visit())
    assert book.movements(12.0) == 0  # too fresh to be missed
    assert book.movements(14.0) == 1
    book.overdue(12.0 + GIVEN_UP_S + 1.0)
    assert (book.missed, book.movements(1000.0)) == (2, 2)
    data = {"confidence": 0.9, "items": []}
    assert book.event("put", "P1", 12.0, data, 30.0) is None


def test_the_summary_names_figures_and_bounds() -> None:
    book = Book(SHOP)
    book.begin(visit())
    book.event("pick", "P1", 10.1, {"confidence": 1.0, "items": [{"sku": "cola", "qty": 2}]}, 10.5)
    book.exited("s1", 14.0)
    book.receipt(bill(), 15.0)
    text = "\n".join(telling.summary(book, 20.0))
    assert "1 receipts: 1 right, 0 wrong" in text
    assert "median 0.50 s (at most 0.7 asked for)" in text
    assert "median 1.00 s (at most 1.5 asked for)" in text
    assert telling.summary(Book(SHOP), 0.0)  # nothing happened: no figures, no failure
