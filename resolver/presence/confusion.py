"""How a tracker errs: how likely its messages are, given who truly stands there.

Whether somebody stands there at all a sensor sees well, and anew with each message. Who it is, it confuses for a while:
what it says of people is taken as the log odds of a normal observation, and its noise as an autoregression of order
one. So messages that follow each other closely repeat each other's error; and a leap of the odds from one message to
the next is somebody else's coming, for noise does not leap.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from resolver.inbox import SECOND_NS, PresenceFact

NOBODY = ""
ERROR_S = 0.4
"""How long a tracker's passing error lasts (assumed: people cover each other while an arm reaches across, 0.3-0.5 s):
the time in which its noise forgets all but a third of itself."""
FLOOR = 0.01
"""The least probability that a sensor which names others, or nobody, is wrong about one who is there."""
MOST_KEPT = 0.95
"""However soon a message follows another, some of its noise is its own."""
MOST_SIGNAL = 4.0
"""The square of a tracker's signal to noise is taken to be no more than this (right 97.7 % of the time)."""
USUAL_SQUARE = 17.0
"""Mean square of the log odds between two people by a tracker that is right nine times in ten (assumed at first)."""
FIRST, MOST_COUNTED = 20, 2000
"""Messages that this counts for, and at most as many of the tracker's own."""


class Acuity(NamedTuple):
    """The mean square of a tracker's log odds between two people, and the messages that it rests on."""

    square: float = USUAL_SQUARE
    counted: int = FIRST

    def heard(self, fact: PresenceFact) -> Acuity:
        """With one more message, where it tells people apart."""
        if len(fact.shares) < 2 or sum(share for _, share in fact.shares) < 0.5:
            return self
        second, first = sorted(share for _, share in fact.shares)[-2:]
        odds = math.log(first / max(FLOOR, second))
        counted = min(MOST_COUNTED, self.counted + 1)
        return Acuity(self.square + (odds * odds - self.square) / counted, counted)

    @property
    def signal(self) -> float:
        """The square of its signal to noise: odds that mean what they say are normal, with twice their mean as
        variance, so that their mean square tells it."""
        return min(MOST_SIGNAL, (math.sqrt(1.0 + self.square) - 1.0) / 2)


class Saying:
    """One message of a view, after the one before, as likelihoods of (who stood there then, who stands there now)."""

    def __init__(self, fact: PresenceFact, before: PresenceFact | None, signal: float) -> None:
        self._shares = dict(fact.shares)
        self._before = dict(before.shares) if before is not None else {}
        self.names = tuple(sorted({*self._shares, *self._before}))
        somebody = sum(self._shares.values())
        self._somebody, self._nobody = max(FLOOR, somebody), max(FLOOR, 1.0 - somebody)
        self._signal, self._spread = signal, math.sqrt(signal)
        gap_ns = fact.t_utc_ns - before.t_utc_ns if before is not None else 0
        self._keep = min(MOST_KEPT, math.exp(-gap_ns / (ERROR_S * SECOND_NS)))
        self._known: dict[tuple[str, str], float] = {}

    def likelihood(self, was: str, now: str) -> float:
        """Of the message where `was` stood there at the one before, and `now` stands there."""
        key = (was, now)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._nobody if now == NOBODY else self._somebody * self._of(was, now)
        return found

    def _of(self, was: str, now: str) -> float:
        """Of naming whom it names, `now` being there; 1 on average over those named."""
        if not self._shares or self._signal <= 0.0:
            return 1.0
        if now not in self.names or len(self.names) == 1:
            return 1.0 if now in self.names else FLOOR
        if was not in self.names or not self._before:
            weights = [max(FLOOR, self._shares.get(name, 0.0)) for name in self.names]
            return len(self.names) * max(FLOOR, self._shares.get(now, 0.0)) / sum(weights)
        return math.exp(max(-30.0, self._following(was, now) - self._alone()))

    def _following(self, was: str, now: str) -> float:
        """The log density of what is seen now, given what was seen then, by the odds between the two likeliest."""
        keep, signal, left = self._keep, self._signal, 1.0 - self._keep**2
        top = max(self.names, key=lambda name: (self._shares.get(name, 0.0), name))
        seen = self._half(self._shares, top) - keep * self._half(self._before, top)
        known = -(seen**2 / signal) / (2 * left) - 0.5 * math.log(left)
        if was == now:
            odds = (self._half(self._shares, now) - keep * self._half(self._before, now)) / (1.0 + keep)
            return known + odds - signal * (1.0 - keep) / (2 * (1.0 + keep))
        odds = (self._half(self._shares, now) + keep * self._half(self._before, was)) / (1.0 - keep)
        return known + odds - signal * (1.0 + keep) / (2 * (1.0 - keep))

    def _alone(self) -> float:
        """The log density of what is seen now, whoever is there: of two, each as likely."""
        top = max(self._shares, key=lambda name: (self._shares[name], name))
        half = self._half(self._shares, top)
        return -(half**2 / self._signal + self._signal) / 2 + math.log(math.cosh(half))

    def _half(self, shares: dict[str, float], name: str) -> float:
        """Half the log odds of a person: its log share against the middle of the two likeliest."""
        logs = sorted((math.log(max(FLOOR, shares.get(other, 0.0))) for other in self.names), reverse=True)
        return math.log(max(FLOOR, shares.get(name, 0.0))) - (logs[0] + logs[1]) / 2
