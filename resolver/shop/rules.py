"""Numbers that the shop runs by, each with its unit and reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from resolver.inbox import SECOND_NS
from resolver.receipts import DEFAULT_LOSS_LIMIT


@dataclass(frozen=True)
class Rules:
    """Settings of the resolver's core."""

    skew_ns: int = SECOND_NS // 2
    """By how much the clocks of doors and agents may differ."""
    second_look_ns: int = 28 * SECOND_NS // 10
    """An agent looks at a plate that rests again, the last time 2.5 s after a movement, and may then correct it."""
    correction_wait_ns: int = 9 * SECOND_NS // 10
    """A receipt in doubt waits for that no longer: with the skew and a watermark's time until 1.7 s after the exit."""
    receipt_wait_ns: int = 120 * SECOND_NS
    """How long after the exit a receipt waits for what is not told yet, before a person is asked."""
    loss_limit: Decimal = DEFAULT_LOSS_LIMIT
    longest_visit_ns: int = 4 * 3600 * SECOND_NS
    """After this long a visit counts as ended; nobody shops for half a day."""
    keep_ns: int = 3600 * SECOND_NS
    """How long an issued account stays in memory for late corrections; the ledger keeps it longer."""
    near_share: float = 0.02
    """A sensor that names somebody with less than this share says that he is elsewhere."""
    resend_after_ns: int = SECOND_NS
    """A number that is missing for this long is asked for: before that it is likely on its way."""
    resend_tries: int = 6
    """Times that missing numbers are asked for, each wait twice as long as the one before (1 s to 32 s)."""
