"""What an inference speaks of: events as clues, hypotheses over the baskets of several accounts, their posterior."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from resolver.baskets.basket import Basket, Moves, named
from resolver.baskets.carried import Carried
from resolver.baskets.standing import Standing


class Reading(NamedTuple):
    """One hypothesis of what moved; no moves: something that is no item of the store."""

    moves: Moves
    probability: float
    manner: str = ""
    """How it would have been done, by the words of `habits`; empty where that says nothing."""


Leanings = tuple[tuple[str, tuple[float, ...]], ...]
"""By owner, how many times as likely as usual each reading is of him."""


class Clue(NamedTuple):
    """An event as the inference sees it: whole readings, and the share of every account that may have been it.

    `weight_dg` is the change in 0.1 g, unsigned; a `sigma_dg` of 0 says that it was not weighed. `unexplained` is the
    worth of what it took if that was nothing of what its readings name. `puts`: the weight came to the plate.
    `contact` is the instant (ns) at which its contact was measured, the same for all movements of one contact; `parts`
    names those of this contact that went the other way, `closes` those since the plate weighed what it weighs again, to
    within `level_dg` (one standard deviation).
    """

    id: str
    readings: tuple[Reading, ...]
    owners: tuple[tuple[str, float], ...]
    nobody: float
    weight_dg: float = 0.0
    sigma_dg: float = 0.0
    unexplained: Decimal = Decimal(0)
    plate: str = ""
    puts: bool = False
    contact: int = 0
    parts: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    level_dg: float = 0.0
    leanings: Leanings = ()

    @property
    def gives_back(self) -> bool:
        """Whether any reading returns something to the shelf."""
        for moves, _, _ in self.readings:
            for move in moves:
                if move.qty < 0:
                    return True
        return False

    def with_owner(self, owner: str, share: float) -> Clue:
        """The same with a further account that may have been it, at nobody else's expense but the unknown's."""
        return self._replace(owners=(*self.owners, (owner, share)), nobody=max(0.0, self.nobody - share))


class Choice(NamedTuple):
    """What a hypothesis says of one event; `owner` is None for nobody known, `before` the event before.

    `lacking` says that something was given back which that basket did not hold, `moves` what went into a basket.
    """

    event: str
    owner: str | None
    reading: int
    lacking: bool
    before: Choice | None
    moves: Moves = ()

    def since(self, events: tuple[str, ...]) -> list[Choice]:
        """What was chosen for these events."""
        found: list[Choice] = []
        at: Choice | None = self
        while at is not None and len(found) < len(events):
            if at.event in events:
                found.append(at)
            at = at.before
        return found


def taken_last(trail: Choice | None, owner: str) -> Moves:
    """What somebody took last, by what was chosen so far; nothing where he took nothing."""
    while trail is not None:
        _, who, _, _, before, moves = trail
        if moves and who == owner and moves[-1][1] > 0:  # what goes back stands before what is taken
            return moves
        trail = before
    return ()


class Hypothesis(NamedTuple):
    """A basket for each account, with its probability and the choices that lead to it.

    `carried` are the units of each account by their weights, `standing` what was put down on the plates.
    """

    probability: float
    baskets: tuple[Basket, ...]
    trail: Choice | None
    carried: tuple[Carried, ...] = ()
    standing: Standing = ()


@dataclass(frozen=True)
class Posterior:
    """Hypotheses, likeliest first, over the accounts `keys`."""

    keys: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]

    def of(self, key: str) -> list[tuple[Basket, float]]:
        """The distribution over one account's baskets, likeliest first."""
        found: dict[Basket, float] = {}
        for basket, _, probability in self.outcomes(key):
            found[basket] = found.get(basket, 0.0) + probability
        return sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))

    def outcomes(self, key: str) -> list[tuple[Basket, Decimal, float]]:
        """The same with the worth of what was taken besides and has no name: (basket, worth, probability)."""
        index = self.keys.index(key)
        found: dict[Basket, float] = {}
        for hypothesis in self.hypotheses:
            basket = hypothesis.baskets[index]
            found[basket] = found.get(basket, 0.0) + hypothesis.probability
        ranked = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
        return [(*named(basket), probability) for basket, probability in ranked]

    def given(self, key: str, basket: Basket) -> Posterior:
        """What is believed where one account's basket is known; empty where no hypothesis has it."""
        index = self.keys.index(key)
        kept = [hypothesis for hypothesis in self.hypotheses if named(hypothesis.baskets[index])[0] == basket]
        total = sum(hypothesis.probability for hypothesis in kept)
        return Posterior(self.keys, tuple(h._replace(probability=h.probability / total) for h in kept))

    def lacking(self, event: str) -> float:
        """The probability that this event gave back what its owner's basket did not hold."""
        found = 0.0
        for hypothesis in self.hypotheses:
            choice = hypothesis.trail
            while choice is not None and choice.event != event:
                choice = choice.before
            if choice is not None and choice.lacking:
                found += hypothesis.probability
        return found

    @cached_property
    def choices(self) -> dict[str, dict[tuple[str | None, int], float]]:
        """For each event the probability of (owner, reading)."""
        found: dict[str, dict[tuple[str | None, int], float]] = {}
        for probability, _, choice, _, _ in self.hypotheses:
            while choice is not None:
                event, owner, reading, _, choice, _ = choice  # noqa: PLW2901 # along the trail
                said = found.get(event)
                if said is None:
                    said = found[event] = {}
                at = (owner, reading)
                said[at] = said.get(at, 0.0) + probability
        return found
