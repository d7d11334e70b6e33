"""Who may have been at a plate at an instant, from what zone sensors and camera trackers told.

A single message is taken at its word. Of several, the ways of all whom a sensor sees through the shop are inferred
together (`tracks`, `chain`): hands take turns between movements rather than within one, nobody stands at two plates for
long, and a tracker that is wrong for a while is overruled by what it said before and after, of this person and of the
others.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from resolver.inbox import SECOND_NS, PresenceFact
from resolver.presence import motion
from resolver.presence.confusion import NOBODY
from resolver.presence.tracks import BEARS_AFTER_NS, Tracks

Shares = dict[str, float]

SUREST = 0.998
"""Agreement of many messages makes nobody surer than this, for a tracker that swapped two people is wrong all along."""
MAX_MESSAGES = 4096
"""Messages kept for a plate and sensor: at ten a second nearly seven minutes, longer than any contact."""


class Presence:
    """Presence messages by sensor, in order of their own time."""

    def __init__(self, plates: frozenset[str]) -> None:
        self._plates = plates
        self._told: dict[str, dict[str, list[tuple[int, str, PresenceFact]]]] = {}
        self._hands: dict[str, list[int]] = {}
        self._tracks: dict[str, Tracks] = {}

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
            tracks.hear(fact)
        return [plate for plate in fact.plates if plate not in self._plates]

    def hear_movement(self, plate: str, t_utc_ns: int) -> int:
        """Goods moved on a plate at an instant, so that a hand was there; gives the instant from which on that says
        something about who was where."""
        hands = self._hands.setdefault(plate, [])
        at = bisect_left(hands, t_utc_ns)
        hands.insert(at, t_utc_ns)
        together = at > 0 and t_utc_ns - hands[at - 1] < motion.TOGETHER_S * SECOND_NS
        from_utc_ns = hands[at - 1] if together else t_utc_ns
        for tracks in self._tracks.values():
            tracks.hands_changed(plate, from_utc_ns)
        return from_utc_ns - BEARS_AFTER_NS

    def shares(self, plate: str, t_utc_ns: int) -> Shares | None:
        """Probability by session that it was at the plate; the rest to 1 is nobody known. None: nothing valid.

        Views that cover the same plate are averaged, so that two sensors which disagree leave a doubt.
        """
        found: Shares = {}
        tracked = (self._tracks[sensor] for sensor in sorted(self._tracks))
        views = [view for tracks in tracked for view in _views(tracks, plate, t_utc_ns)]
        for view in views:
            for session, share in view.items():
                found[session] = found.get(session, 0.0) + share / len(views)
        return found if views else None

    def follows(self, plate: str, t_utc_ns: int) -> bool:
        """Whether more than one message bears on who was at the plate."""
        return any(
            tracks.follows(view, t_utc_ns) for tracks in self._tracks.values() for view in tracks.views_of(plate)
        )

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
        for hands in self._hands.values():
            del hands[: max(0, bisect_left(hands, t_utc_ns) - 1)]
        for tracks in self._tracks.values():
            tracks.forget_before(t_utc_ns)


def _views(tracks: Tracks, plate: str, t_utc_ns: int) -> list[Shares]:
    """What each view of a sensor that covers the plate says of the instant, where it is valid then."""
    found = []
    for view in tracks.views_of(plate):
        fact = tracks.holds(view, t_utc_ns)
        if fact is None:
            continue
        said = dict(fact.shares)
        if tracks.follows(view, t_utc_ns):
            surest = max(SUREST, *said.values()) if said else SUREST
            said = {
                session: min(surest, share)
                for session, share in tracks.shares(view, t_utc_ns).items()
                if session != NOBODY
            }
        found.append(said)
    return found
