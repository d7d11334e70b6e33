"""How a tracker errs: how likely its messages are, given who truly stands there.

Whether somebody stands there at all a sensor sees well, and anew with each message. Who it is, it confuses for a while:
what it says of people is taken as the log odds of a normal observation, and its noise as an autoregression of order
one. So messages that follow each other closely repeat each other's error. When another comes, the error either stays
one (a tracker that has swapped two people swaps both), or goes on speaking for the same person (one who looks more
like what it sees). How well a sensor tells people apart, how long its errors last, and of which kind they are, is
learnt from what it says.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from resolver.inbox import SECOND_NS, PresenceFact

NOBODY = ""
ERROR_S = 0.4
"""How long a tracker's passing error lasts (assumed at first: people cover each other while an arm reaches across,
0.3-0.5 s): the time in which its noise forgets all but a third of itself."""
USUAL_PAIRS = 20
"""Pairs of messages that this counts for."""
LEAST_KEPT, MOST_KEPT = 0.001, 0.95
"""However long after another a message comes it may repeat some of its noise; however soon, some is its own."""
MOST_LEANING = 3.0
"""That a tracker's errors are all of one kind when another comes is never taken to be likelier than 20 to 1 (log)."""
FLOOR = 0.003
"""Shares below this are not told from each other: no tracker is so sure of anybody."""
ABSENT = 0.01
"""The least probability that a sensor which names others, or nobody, is wrong about one who is there."""
MOST_SIGNAL = 4.0
"""The square of a tracker's signal to noise is taken to be no more than this (right 97.7 % of the time)."""
USUAL_SQUARE = 17.0
"""Mean square of the log odds between two people by a tracker that is right nine times in ten (assumed at first)."""
FIRST, MOST_COUNTED = 20, 2000
"""Messages that this counts for, and at most as many of the tracker's own."""


class Acuity(NamedTuple):
    """How a tracker tells two people apart.

    `square` is the mean square of its log odds, by so many messages (`counted`). `product`, `mean` and `power` are
    those of two errors that follow each other (half log odds; mean product, mean, mean square), `gap_ns` the mean time
    between them, over so many `pairs`. `leaning` are the log odds that an error stays one when another comes.
    """

    square: float = USUAL_SQUARE
    counted: int = FIRST
    product: float = 0.0
    mean: float = 0.0
    power: float = 0.0
    gap_ns: float = 0.0
    pairs: int = 0
    leaning: float = 0.0

    def heard(self, fact: PresenceFact) -> Acuity:
        """With one more message, where it tells people apart."""
        if len(fact.shares) < 2 or sum(share for _, share in fact.shares) < 0.5:
            return self
        second, first = sorted(share for _, share in fact.shares)[-2:]
        odds = math.log(first / max(FLOOR, second))
        counted = min(MOST_COUNTED, self.counted + 1)
        return self._replace(square=self.square + (odds * odds - self.square) / counted, counted=counted)

    def followed(self, saying: Saying, was: str, now: str) -> Acuity:
        """With one more message after another, where `was` stood there and `now` stands there."""
        if was not in saying.names or now not in saying.names:
            return self
        if was != now:
            leaning = self.leaning + saying.stays(was, now)
            return self._replace(leaning=max(-MOST_LEANING, min(MOST_LEANING, leaning)))
        before, after = saying.errors(was, now)
        pairs = min(MOST_COUNTED, self.pairs + 1)
        return self._replace(
            product=self.product + (before * after - self.product) / pairs,
            mean=self.mean + ((before + after) / 2 - self.mean) / pairs,
            power=self.power + ((before**2 + after**2) / 2 - self.power) / pairs,
            gap_ns=self.gap_ns + (saying.gap_ns - self.gap_ns) / pairs,
            pairs=pairs,
        )

    @property
    def signal(self) -> float:
        """The square of its signal to noise: odds that mean what they say are normal, with twice their mean as
        variance, so that their mean square tells it."""
        return min(MOST_SIGNAL, (math.sqrt(1.0 + self.square) - 1.0) / 2)

    def keep(self, gap_ns: int) -> float:
        """How much of its error a message repeats of the one before, so long ago."""
        if not self.pairs or gap_ns <= 0:
            return min(MOST_KEPT, math.exp(-gap_ns / (ERROR_S * SECOND_NS)))
        usual, own = USUAL_PAIRS * self.signal, self.mean**2
        repeated = usual * math.exp(-self.gap_ns / (ERROR_S * SECOND_NS)) + self.pairs * (self.product - own)
        share = repeated / (usual + self.pairs * (self.power - own))
        return float(min(MOST_KEPT, max(LEAST_KEPT, share) ** (gap_ns / self.gap_ns)))


class Saying:
    """One message of a view, after the one before, as likelihoods of (who stood there then, who stands there now)."""

    def __init__(self, fact: PresenceFact, before: PresenceFact | None, acuity: Acuity) -> None:
        self._shares = dict(fact.shares)
        self._before = dict(before.shares) if before is not None else {}
        self.names = tuple(sorted({*self._shares, *self._before}))
        somebody = sum(self._shares.values())
        self._somebody, self._nobody = max(ABSENT, somebody), max(ABSENT, 1.0 - somebody)
        self.gap_ns = fact.t_utc_ns - before.t_utc_ns if before is not None else 0
        if len(self.names) > 1:
            self._signal, self._stays = acuity.signal, 1.0 / (1.0 + math.exp(-acuity.leaning))
            self._keep = acuity.keep(self.gap_ns)
        self.tells_apart = len(self._shares) > 1 and len(self._before) > 1
        self._known: dict[tuple[str, str], float] = {}

    def likelihood(self, was: str, now: str) -> float:
        """Of the message where `was` stood there at the one before, and `now` stands there."""
        key = (was, now)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._nobody if now == NOBODY else self._somebody * self._of(was, now)
        return found

    def errors(self, was: str, now: str) -> tuple[float, float]:
        """By how much less or more than usual the message before spoke for `was`, and this one for `now` (half log
        odds)."""
        return self._half(self._before, was) - self._signal, self._half(self._shares, now) - self._signal

    def stays(self, was: str, now: str) -> float:
        """The log odds that an error stayed one when `now` came in place of `was`, by these two messages alone."""
        before, after = self.errors(was, now)
        return self._fresh(after - self._keep * before) - self._fresh(after + self._keep * before)

    def _of(self, was: str, now: str) -> float:
        """Of naming whom it names, `now` being there; 1 on average over those named."""
        if not self._shares:
            return 1.0
        if now not in self.names or len(self.names) == 1:
            return 1.0 if now in self.names else ABSENT
        if self._signal <= 0.0:
            return 1.0
        if was not in self.names or not self._before:
            weights = [_share(self._shares, name) for name in self.names]
            return len(self.names) * _share(self._shares, now) / sum(weights)
        before, after = self.errors(was, now)
        stayed = math.exp(max(-30.0, self._fresh(after - self._keep * before) - self._alone()))
        if was == now:
            return stayed
        spoke = math.exp(max(-30.0, self._fresh(after + self._keep * before) - self._alone()))
        return self._stays * stayed + (1.0 - self._stays) * spoke

    def _fresh(self, error: float) -> float:
        """The log density of so much error (half log odds) that is not repeated from the message before."""
        left = 1.0 - self._keep**2
        return -(error**2) / (2 * self._signal * left) - 0.5 * math.log(left)

    def _alone(self) -> float:
        """The log density of what is seen now, whoever is there: of two, each as likely."""
        top = max(self._shares, key=lambda name: (self._shares[name], name))
        half = self._half(self._shares, top)
        return -(half**2 / self._signal + self._signal) / 2 + math.log(math.cosh(half))

    def _half(self, shares: dict[str, float], name: str) -> float:
        """Half the log odds of a person: its log share against the middle of the two likeliest."""
        logs = sorted((math.log(_share(shares, other)) for other in self.names), reverse=True)
        return math.log(_share(shares, name)) - (logs[0] + logs[1]) / 2


def _share(shares: dict[str, float], name: str) -> float:
    return max(FLOOR, shares[name]) if name in shares else ABSENT
