"""What the demo prints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bench.demo.book import EVENT_MEDIAN_S, RECEIPT_MEDIAN_S, RECEIPT_MOST_S, Account, Book, Movement, median

COLUMN = 34


def say(text: str = "") -> None:
    """A line on standard output, at once."""
    print(text, flush=True)  # noqa: T201 # what the demo is for


def clock() -> str:
    """The time of the day, for people who look on."""
    return f"{datetime.now().astimezone():%H:%M:%S}"


def goods(items: Mapping[str, int], names: Mapping[str, str]) -> str:
    """Such as `2 Cola 330 ml can + 1 Butter`."""
    return " + ".join(f"{count} {names.get(sku, sku)}" for sku, count in sorted(items.items())) or "something else"


def moved(move: Movement, names: Mapping[str, str]) -> str:
    """A line a movement."""
    truth = move.truth
    assert move.delay_s is not None
    assert move.said is not None
    wrong = "" if move.items_right else f"  WRONG, it was {goods(truth.items, names)}"
    what = f"{truth.plate} {truth.kind:4} {goods(move.said, names)}"
    return f"{clock()}  {what:46} told after {move.delay_s:.2f} s, confidence {move.confidence:.3f}{wrong}"


def surplus(kind: str, plate: str) -> str:
    """A line an event that nothing true belongs to."""
    return f"{clock()}  {plate} {kind}: told, and did not happen"


def settled(account: Account, names: Mapping[str, str]) -> list[str]:
    """A receipt beside what was truly taken."""
    verdict = ("right" if account.right else "WRONG") + (", for review" if account.doubts else "")
    after = f"receipt {account.delay_s:.2f} s after the exit" if account.delay_s is not None else "no receipt"
    out = [f"{clock()}  {account.visit.session} has left; {after}: {verdict}"]
    taken = [f"{count} {names.get(sku, sku)}" for sku, count in sorted(account.visit.basket.items())] or ["nothing"]
    billed, total = ["-"], ""
    if account.receipt is not None:
        lines = sorted(account.receipt["lines"], key=lambda line: str(line["sku"]))
        billed = [f"{line['qty']} {line['name']:{COLUMN - 6}} {line['amount']:>7}" for line in lines] or ["nothing"]
        total = f"{'total':{COLUMN - 4}} {account.receipt['total']:>7} {account.receipt['currency']}"
    out.append(f"          {'truly taken':{COLUMN}}receipt")
    for k in range(max(len(taken), len(billed))):
        left, right = (column[k] if k < len(column) else "" for column in (taken, billed))
        out.append(f"          {left:{COLUMN}}{right}".rstrip())
    if total:
        out.append(f"          {'':{COLUMN}}{total}")
    delays = [f"{move.delay_s:.2f}" if move.delay_s is not None else "never" for move in account.movements]
    if delays:
        out.append(f"          told after its weight moved: {', '.join(delays)} s")
    return out + [f"          {why}" for why in (*account.faults, *account.doubts)]


def summary(book: Book, now_s: float) -> list[str]:
    """The figures at the end."""
    events, receipts = book.event_delays_s, book.receipt_delays_s
    out = [
        f"{book.receipts} receipts: {book.right} right, {book.receipts - book.right} wrong; "
        f"{book.reviewed} of them left to a person for review",
        f"{book.movements(now_s)} movements: {book.told} told, {book.items_right} with the right items; "
        f"{book.surplus} told that did not happen",
    ]
    if events:
        out.append(
            f"from the weight's move to the event at a subscriber: median {median(events):.2f} s "
            f"(at most {EVENT_MEDIAN_S} asked for), longest {max(events):.2f} s"
        )
    if receipts:
        out.append(
            f"from the exit to the receipt at a subscriber: median {median(receipts):.2f} s (at most "
            f"{RECEIPT_MEDIAN_S} asked for), longest {max(receipts):.2f} s (at most {RECEIPT_MOST_S:g} asked for)"
        )
    return out
