"""Asking agents for numbers that are missing: after a moment, with growing waits, and not for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from resolver.inbox import SECOND_NS, AgentLog, Missing
from resolver.shop.effects import Ask
from resolver.shop.rules import Rules

EXPIRES_NS = 20 * SECOND_NS
MAX_WANTED = 1000
"""Spans asked for at a time; a span is one command."""


@dataclass
class _Wanted:
    noticed_utc_ns: int
    tries: int = 0


class Resends:
    """Remembers what is missing since when, and when it was asked for."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._wanted: dict[tuple[str, Missing], _Wanted] = {}

    def asks(self, logs: dict[str, AgentLog], entered_utc_ns: int | None, now_utc_ns: int) -> Iterator[Ask]:
        """Commands that are due. `entered_utc_ns` is the earliest entry among those who wait for a receipt."""
        missing = [(name, span) for name, log in logs.items() for span in log.missing(entered_utc_ns)][:MAX_WANTED]
        self._wanted = {key: self._wanted.get(key) or _Wanted(now_utc_ns) for key in missing}
        for (agent, span), wanted in self._wanted.items():
            wait_ns = self._rules.resend_after_ns * (1 << wanted.tries)
            if wanted.tries >= self._rules.resend_tries or now_utc_ns - wanted.noticed_utc_ns < wait_ns:
                continue
            wanted.tries += 1
            wanted.noticed_utc_ns = now_utc_ns
            told = f"{agent}/{span.epoch}/{span.first}-{span.last}/{wanted.tries}/{now_utc_ns}"
            arguments = (("epoch", span.epoch), ("from", span.first), ("to", span.last))
            command_id = "resend-" + hashlib.sha256(told.encode()).hexdigest()[:16]
            yield Ask(agent, command_id, now_utc_ns + EXPIRES_NS, "resend", arguments)
