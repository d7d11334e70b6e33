"""What truly happened beside what was told: movements with their delays, receipts with theirs."""

from __future__ import annotations

import statistics
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bench.demo.crowd import Visit
from bench.families.world import TruthEvent
from bench.shop.model import Shop

MATCH_S = 0.7  # an event is that of a movement of the same plate and direction within so many seconds
GIVEN_UP_S = 10.0  # a movement that nobody told for so long is missed
FRESH_S = 3.0
KEPT = 10_000  # delays kept for the medians
EVENT_MEDIAN_S, RECEIPT_MEDIAN_S, RECEIPT_MOST_S = 0.7, 1.5, 3.0
RECEIPT_GIVEN_UP_S = 10.0


@dataclass
class Movement:
    """A true movement and how it was told."""

    truth: TruthEvent
    delay_s: float | None = None  # from half the weight having moved to the event at our subscription
    said: dict[str, int] | None = None
    confidence: float = 0.0

    @property
    def items_right(self) -> bool:
        """Whether the event names exactly what was moved."""
        return self.said == self.truth.items


@dataclass
class Account:
    """A visit with its receipt."""

    visit: Visit
    movements: list[Movement]
    exited_s: float | None = None
    receipt: dict[str, Any] | None = None
    delay_s: float | None = None  # from the exit to the receipt at our subscription
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)  # why a person must look at it

    @property
    def right(self) -> bool:
        """Whether the receipt bills exactly what was taken, at the right sum."""
        return self.receipt is not None and not self.faults


class Book:
    """The open accounts, and the figures of all that are closed."""

    def __init__(self, shop: Shop) -> None:
        self._prices = {item.sku: Decimal(item.price) for item in shop.items}
        self._open: dict[str, Account] = {}
        self._waiting: list[Movement] = []
        self.event_delays_s: deque[float] = deque(maxlen=KEPT)
        self.receipt_delays_s: deque[float] = deque(maxlen=KEPT)
        self.told = self.missed = self.items_right = self.surplus = 0
        self.receipts = self.right = self.reviewed = 0

    @property
    def unsettled(self) -> bool:
        """Whether a visit has no receipt yet."""
        return bool(self._open)

    def movements(self, now_s: float) -> int:
        """How many have happened, but for those so fresh that nobody could have told them."""
        due = sum(move.truth.t < now_s - FRESH_S for move in self._waiting)
        return self.told + self.missed + due

    def begin(self, visit: Visit) -> None:
        """Somebody has entered."""
        self._open[visit.session] = Account(visit, self.move(visit.movements))

    def move(self, truths: list[TruthEvent]) -> list[Movement]:
        """Movements to come."""
        moves = [Movement(truth) for truth in truths]
        self._waiting += moves
        return moves

    def exited(self, session: str, now_s: float) -> None:
        """Somebody has left."""
        self._open[session].exited_s = now_s

    def event(self, kind: str, plate: str, t: float, data: Mapping[str, Any], now_s: float) -> Movement | None:
        """A pick or a put was told, of the instant t; the movement that it tells of."""
        near = [
            move
            for move in self._waiting
            if move.truth.plate == plate and move.truth.kind == kind and abs(move.truth.t - t) <= MATCH_S
        ]
        if not near:
            self.surplus += 1
            return None
        move = min(near, key=lambda move: abs(move.truth.t - t))
        self._waiting.remove(move)
        move.delay_s, move.confidence = now_s - move.truth.t, float(data["confidence"])
        move.said = {entry["sku"]: entry["qty"] for entry in data["items"]}
        self.told += 1
        self.items_right += move.items_right
        self.event_delays_s.append(move.delay_s)
        return move

    def receipt(self, data: dict[str, Any], now_s: float) -> Account | None:
        """A receipt came; the account that it closes."""
        account = self._open.get(data["session"])
        if account is None:
            return None
        account.receipt = data
        account.delay_s = now_s - account.exited_s if account.exited_s is not None else None
        account.faults = self._faults(account, data)
        if account.delay_s is not None:
            self.receipt_delays_s.append(account.delay_s)
        self._close(account)
        return account

    def overdue(self, now_s: float) -> list[Account]:
        """Accounts whose receipt is waited for no longer; movements that nobody told are given up, too."""
        waiting = [move for move in self._waiting if move.truth.t > now_s - GIVEN_UP_S]
        self.missed += len(self._waiting) - len(waiting)
        self._waiting = waiting
        late = [
            account
            for account in self._open.values()
            if account.exited_s is not None and now_s - account.exited_s > RECEIPT_GIVEN_UP_S
        ]
        for account in late:
            account.faults = [f"no receipt within {RECEIPT_GIVEN_UP_S:g} s of the exit"]
            self._close(account)
        return late

    def _close(self, account: Account) -> None:
        del self._open[account.visit.session]
        self.receipts += 1
        self.right += account.right
        self.reviewed += bool(account.doubts)

    def _faults(self, account: Account, data: dict[str, Any]) -> list[str]:
        billed = Counter({line["sku"]: line["qty"] for line in data["lines"]})
        faults = []
        if billed != account.visit.basket:
            faults.append("what it bills is not what was taken")
        elif Decimal(data["total"]) != sum(self._prices[sku] * count for sku, count in billed.items()):
            faults.append("its sum is wrong")
        if data["state"] != "final":
            account.doubts = list(data["reasons"]) or [str(data["state"])]
        if account.exited_s is None:
            faults.append("it came before the exit")
        return faults


def median(values: deque[float]) -> float:
    """The median, or not a number where there is none."""
    return statistics.median(values) if values else float("nan")
