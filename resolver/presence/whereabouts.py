"""Who may have been at a plate at an instant, from what zone sensors and camera trackers told.

A single message is taken at its word. Of several, the ways of all whom a sensor sees through the shop are inferred
together (`tracks`, `chain`): hands take turns between movements rather than within one, nobody stands at two plates for
long, and a tracker that is wrong for a while is overruled by what it said before and after, of this person and of the
others.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple

from resolver.inbox import SECOND_NS, PresenceFact
from resolver.presence import motion
from resolver.presence.confusion import NOBODY
from resolver.presence.tracks import BEARS_AFTER_NS, Tracks

Shares = dict[str, float]

SUREST = 0.998
"""Agreement of many messages makes nobody surer than this, for a tracker that swapped two people is wrong all along. Of
4,605 movements whose owner was 0.99 likely on the bench 1 was another's; at 0.999 fewer receipts would be reviewed, and
more of them be wrong unseen."""
MAX_MESSAGES = 4096
"""Messages kept for a plate and sensor: at ten a second nearly seven minutes, longer than any contact."""


class Seen(NamedTuple):
    """Probability by session that it was there; the rest to 1 is nobody known. `followed`: by more than one message."""

    shares: Shares
    followed: bool


class Presence:
    """Presence messages by sensor, in order of their own time."""

    def __init__(self, plates: frozenset[str]) -> None:
        self._plates = plates
        self._told: dict[str, dict[str, list[tuple[int, str, PresenceFact]]]] = {}
        self._hands: dict[str, list[int]] = {}
        self._tracks: dict[str, Tracks] = {}
        self._sensors: list[str] = []

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
        if any(plate in self._plates for plate in fact.plates):
            tracks = self._tracks.get(fact.sensor)
            if tracks is None:
                tracks = self._tracks[fact.sensor] = Tracks(self._hands)
                self._sensors = sorted(self._tracks)
            tracks.hear(fact)
        return [plate for plate in fact.plates if plate not in self._plates]

    def hear_movement(self, plate: str, t_utc_ns: int) -> int:
        """Goods moved on a plate at an instant, so that a hand was there; gives the instant from which on that says
        something about who was where."""
        hands = self._hands.setdefault(plate, [])
        at = bisect_left(hands, t_utc_ns) if hands and hands[-1] >= t_utc_ns else len(hands)
        hands.insert(at, t_utc_ns)
        together = at > 0 and t_utc_ns - hands[at - 1] < motion.TOGETHER_S * SECOND_NS
        from_utc_ns = min(hands[at - 1] if together else t_utc_ns, t_utc_ns - motion.REACH_NS)
        for tracks in self._tracks.values():
            tracks.hands_changed(plate, from_utc_ns)
        return from_utc_ns - BEARS_AFTER_NS

    def seen(self, plate: str, t_utc_ns: int) -> Seen | None:
        """Who was at the plate; None where nothing valid was told.

        Views that cover the same plate are averaged, so that two sensors which disagree leave a doubt.
        """
        views = []
        followed = False
        for sensor in self._sensors:
            tracks = self._tracks[sensor]
            for view in tracks.views_of(plate):
                about = tracks.about(view, t_utc_ns)
                if about is None:
                    continue
                said = dict(about[0].shares)
                if about[1]:
                    followed = True
                    said = _surest(tracks.shares(view, t_utc_ns), said)
                views.append(said)
        if len(views) == 1:
            return Seen(views[0], followed)
        found: Shares = {}
        for said in views:
            for session, share in said.items():
                found[session] = found.get(session, 0.0) + share / len(views)
        return Seen(found, followed) if views else None

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

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop what ended before this instant."""
        for sensors in self._told.values():
            for told in sensors.values():
                first = bisect_left(told, t_utc_ns, key=lambda entry: entry[0])
                del told[:first]
        for hands in self._hands.values():
            del hands[: max(0, bisect_left(hands, t_utc_ns) - 1)]
        for tracks in self._tracks.values():
            tracks.forget_before(t_utc_ns)


def _surest(shares: Shares, told: Shares) -> Shares:
    """Of those named, none surer than is to be believed, or than the message of the moment says itself."""
    surest = max(SUREST, *told.values()) if told else SUREST
    return {session: min(surest, share) for session, share in shares.items() if session != NOBODY}
