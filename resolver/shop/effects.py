"""What the core asks the world to do: publish, ask an agent, put before a person."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from agent.messages import Adjustment, Receipt, ReceiptLine
from resolver.baskets import Basket as Goods


@dataclass(frozen=True)
class Issued:
    """A receipt, to be published and kept. `decided_by` names the person where one decided."""

    event_id: str
    account: str
    sessions: tuple[str, ...]
    receipt: Receipt
    billed: Goods
    decided_by: str | None = None

    @cached_property
    def body(self) -> dict[str, Any]:
        """The receipt as JSON values."""
        return self.receipt.document()


@dataclass(frozen=True)
class Adjusted:
    """An adjustment, to be published and kept."""

    event_id: str
    account: str
    sessions: tuple[str, ...]
    made_utc_ns: int
    adjustment: Adjustment
    billed: Goods
    decided_by: str | None = None

    @cached_property
    def body(self) -> dict[str, Any]:
        """The adjustment as JSON values."""
        return self.adjustment.model_dump(mode="json")


@dataclass(frozen=True)
class Option:
    """A basket that a person may choose, with its probability."""

    goods: Goods
    lines: tuple[ReceiptLine, ...]
    total: Decimal
    probability: float


@dataclass(frozen=True)
class Doubt:
    """A movement that a person should look at: its readings with probabilities, and who may have made it."""

    event: str
    source: str
    plate: str
    kind: str
    t_utc_ns: int
    started_utc_ns: int
    settled_utc_ns: int
    delta_g: float
    readings: tuple[tuple[str, float], ...]
    near: tuple[tuple[str, float], ...]
    quality: tuple[str, ...]


@dataclass(frozen=True)
class Review:
    """A case for a person: a receipt in review, or a charge that was learnt after a final receipt."""

    case: str
    account: str
    receipt: str
    charge: bool
    opened_utc_ns: int
    reasons: tuple[str, ...]
    options: tuple[Option, ...]
    doubts: tuple[Doubt, ...]
    unresolved: Decimal


@dataclass(frozen=True)
class Closed:
    """A case that needs no decision any more: what was learnt agrees with what was billed."""

    case: str


@dataclass(frozen=True)
class Ask:
    """A command to an agent, valid until `expires_utc_ns`."""

    agent: str
    id: str
    expires_utc_ns: int
    command: str
    arguments: tuple[tuple[str, str | int | dict[str, int]], ...]


@dataclass(frozen=True)
class Amend:
    """A plate holds so many units more (or fewer) of items than its agent told by `told_utc_ns`."""

    agent: str
    plate: str
    change: tuple[tuple[str, int], ...]
    told_utc_ns: int


@dataclass(frozen=True)
class Basket:
    """An account's basket as it stands; `lines` of None when it is to be cleared."""

    account: str
    sessions: tuple[str, ...]
    group: str | None
    lines: tuple[ReceiptLine, ...]
    total: Decimal
    probability: float
    t_utc_ns: int


Effect = Issued | Adjusted | Review | Closed | Ask | Amend
