"""Who may have been at a plate at an instant, from what zone sensors and camera trackers told.

A single message is taken at its word. Of several about one plate, a person's way through the shop is inferred: who
stands there now stood there a moment ago (`smoothing`). So a tracker that is wrong for one message is overruled by its
neighbours. Hands take turns between movements rather than within one, and nobody stands at two plates at once.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

from resolver.inbox import SECOND_NS, PresenceFact
from resolver.presence.smoothing import NOBODY, smoothed

Shares = dict[str, float]

ELSEWHERE = 0.05
"""The least probability that one whom a sensor sees at another plate is here all the same."""
SMOOTHING_S = 4.0
"""Messages so far before and after the instant still say something about it."""
SUREST = 0.998
"""Agreement of many messages makes nobody surer than this, for a tracker that swapped two people is wrong all along."""
NAMED = 0.3
"""A share from which on a sensor may be said to see somebody at a plate."""
MAX_MESSAGES = 4096
"""Messages kept for a plate and sensor: at ten a second nearly seven minutes, longer than any contact."""


class Presence:
    """Presence messages by plate and sensor, in order of their own time."""

    def __init__(self, plates: frozenset[str]) -> None:
        self._plates = plates
        self._told: dict[str, dict[str, list[tuple[int, str, PresenceFact]]]] = {}

    def use_plates(self, plates: frozenset[str]) -> None:
        """Go on with another version of the store file."""
        self._plates = plates

    def hear(self, fact: PresenceFact) -> list[str]:
        """Take note; gives the plates named that the store does not have."""
        for plate in fact.plates:
            if plate in self._plates:
                told = self._told.setdefault(plate, {}).setdefault(fact.sensor, [])
                insort(told, (fact.t_utc_ns, fact.id, fact), key=lambda entry: entry[:2])
                if len(told) > MAX_MESSAGES:
                    del told[: len(told) - MAX_MESSAGES]
        return [plate for plate in fact.plates if plate not in self._plates]

    def shares(self, plate: str, t_utc_ns: int, movements_utc_ns: Sequence[int] = ()) -> Shares | None:
        """Probability by session that it was at the plate; the rest to 1 is nobody known. None: nothing valid.

        Sensors that cover the same plate are averaged, so that two which disagree leave a doubt. `movements_utc_ns`
        are instants, in order, at which goods moved on this plate about that time.
        """
        here = self._averaged(plate, t_utc_ns, movements_utc_ns)
        if here is None or len(here) <= 1:
            return here
        apart = dict(here)
        for other in self._told:
            if other == plate or not self._names(other, t_utc_ns, here):
                continue
            for session, share in (self._averaged(other, t_utc_ns, ()) or {}).items():
                if session in apart:
                    apart[session] *= max(ELSEWHERE, 1.0 - share)
        scale = sum(here.values()) / (sum(apart.values()) or 1.0)
        surest = max(SUREST, *here.values())
        return {session: min(surest, share * scale) for session, share in apart.items()}

    def may_have_been(self, sessions: list[str], plate: str, start_utc_ns: int, end_utc_ns: int, least: float) -> bool:
        """Whether one of these may have been at the plate within the span: named with at least this share, or
        nobody looked for some part of it."""
        spans = []
        for told in self._told.get(plate, {}).values():
            first = max(0, bisect_left(told, start_utc_ns, key=lambda entry: entry[0]) - 64)
            for t_utc_ns, _, fact in told[first:]:
                if t_utc_ns > end_utc_ns:
                    break
                if fact.until_utc_ns <= start_utc_ns:
                    continue
                if any(share >= least and session in sessions for session, share in fact.shares):
                    return True
                spans.append((t_utc_ns, fact.until_utc_ns))
        reached = start_utc_ns
        for first, last in sorted(spans):
            if first > reached:
                return True
            reached = max(reached, last)
        return reached <= end_utc_ns

    def first_seen(self, session: str) -> int | None:
        """The first instant at which any sensor named this session."""
        times = [
            t_utc_ns
            for sensors in self._told.values()
            for told in sensors.values()
            for t_utc_ns, _, fact in told
            if any(name == session for name, _ in fact.shares)
        ]
        return min(times, default=None)

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop what ended before this instant."""
        for sensors in self._told.values():
            for told in sensors.values():
                first = bisect_left(told, t_utc_ns, key=lambda entry: entry[0])
                del told[:first]

    def _averaged(self, plate: str, t_utc_ns: int, movements_utc_ns: Sequence[int]) -> Shares | None:
        views = [self._view(told, t_utc_ns, movements_utc_ns) for told in self._told.get(plate, {}).values()]
        valid = [view for view in views if view is not None]
        if not valid:
            return None
        shares: Shares = {}
        for view in valid:
            for session, share in view.items():
                shares[session] = shares.get(session, 0.0) + share / len(valid)
        return shares

    def _names(self, plate: str, t_utc_ns: int, sessions: Shares) -> bool:
        """Whether what holds at a plate then names one of these with some weight."""
        for told in self._told[plate].values():
            at = bisect_left(told, t_utc_ns + 1, key=_instant) - 1
            if at >= 0 and told[at][2].until_utc_ns > t_utc_ns:
                return any(share >= NAMED and session in sessions for session, share in told[at][2].shares)
        return False

    def _view(
        self, told: list[tuple[int, str, PresenceFact]], t_utc_ns: int, movements_utc_ns: Sequence[int]
    ) -> Shares | None:
        at = bisect_left(told, t_utc_ns + 1, key=_instant) - 1
        if at < 0 or told[at][2].until_utc_ns <= t_utc_ns:
            return None
        reach = round(SMOOTHING_S * SECOND_NS)
        first = at
        while (
            first > 0 and told[first - 1][0] >= t_utc_ns - reach and told[first - 1][2].until_utc_ns >= told[first][0]
        ):
            first -= 1
        last = at
        while (
            last + 1 < len(told)
            and told[last + 1][0] <= t_utc_ns + reach
            and told[last][2].until_utc_ns >= told[last + 1][0]
        ):
            last += 1
        facts = [fact for _, _, fact in told[first : last + 1]]
        if len(facts) == 1:
            return dict(facts[0].shares)
        surest = max(SUREST, *(share for _, share in facts[at - first].shares))
        found = smoothed(facts, at - first, t_utc_ns, movements_utc_ns)
        return {session: min(surest, share) for session, share in found.items() if session != NOBODY}


def _instant(entry: tuple[int, str, PresenceFact]) -> int:
    return entry[0]


__all__ = ["NOBODY", "Presence", "Shares"]
