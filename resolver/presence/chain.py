"""Where everybody is, inferred jointly: a hidden Markov chain over who stands before each of a sensor's views.

Forward and backward over all that the sensor told (Rabiner, Proc. IEEE 77(2), 1989), with the likeliest few joint
states kept at each step. A state says of every view whose hand it would name; so who is seen at one plate is hardly at
another, and who leaves one is who comes to the next.
"""

from __future__ import annotations

from typing import NamedTuple

from resolver.presence import motion
from resolver.presence.confusion import NOBODY, Saying

BEAM = 48
"""Joint states kept; more change no receipt on the bench."""
LEAST = 1e-4
"""A state this much less likely than the likeliest is dropped."""
MOST_LEAVING = 0.999
LIKELY = 0.7
"""Only from what is at least this likely is it learnt how a tracker errs."""

View = str
Labels = tuple[tuple[View, str], ...]
"""Who is before each view that shows somebody, in order of their names."""
State = tuple[int, Labels]
"""The manner of taking turns, by its number in `motion.MANNERS`, and the labels."""


class Record(NamedTuple):
    """States after a step with their probabilities (of all that was told up to it), and for each the ways that led
    there: (number of a state before, weight). No ways: the step changed nothing."""

    states: tuple[State, ...]
    shares: tuple[float, ...]
    ways: tuple[tuple[tuple[int, float], ...], ...]


class Step(NamedTuple):
    """What happens before one view: a message, or an instant that is asked about.

    `since_ns` is the time since the view's step before, `free_ns` that part of it in which no hand was about a
    movement, `turns` how often hands may have taken turns, `names` who may be there. `saying` is None where nothing is
    told.
    """

    view: View
    since_ns: int
    free_ns: int
    turns: int
    names: tuple[str, ...]
    saying: Saying | None
    first: bool = False
    """Nothing valid was told of the view before."""


START = Record(
    tuple((manner, ()) for manner in range(len(motion.MANNERS))),
    (1.0 / len(motion.MANNERS),) * len(motion.MANNERS),
    (),
)


def advance(before: Record, step: Step) -> Record:
    """The states after one more step."""
    if not step.names and not any(view == step.view for _, labels in before.states for view, _ in labels):
        return before._replace(ways=())  # nobody there, as before
    moving = _Moving(step)
    found: dict[State, list[tuple[int, float]]] = {}
    sums: dict[State, float] = {}
    for number, ((manner, labels), share) in enumerate(zip(before.states, before.shares, strict=True)):
        was = NOBODY
        elsewhere: dict[str, int] = {}
        for view, name in labels:
            if view == step.view:
                was = name
            else:
                elsewhere[name] = elsewhere.get(name, 0) + 1
        for now, weight in moving.ways(was, elsewhere, manner):
            fresh = labels if now == was else _relabelled(labels, step.view, now)
            for kept, chance in moving.manners(manner):
                state = (kept, fresh)
                sums[state] = sums.get(state, 0.0) + share * weight * chance
                found.setdefault(state, []).append((number, weight * chance))
    return _kept(found, sums)


def lapse(before: Record, view: View) -> Record:
    """The states once nothing is known any more of a view."""
    found: dict[State, list[tuple[int, float]]] = {}
    sums: dict[State, float] = {}
    for number, ((manner, labels), share) in enumerate(zip(before.states, before.shares, strict=True)):
        state = (manner, tuple([entry for entry in labels if entry[0] != view]))
        sums[state] = sums.get(state, 0.0) + share
        found.setdefault(state, []).append((number, 1.0))
    return _kept(found, sums)


def backward(record: Record, behind: list[float], count: int) -> list[float]:
    """How likely what came later is, by the states (so many) before a step, from that by the states after it."""
    if not record.ways:
        return behind
    found = [0.0] * count
    for ways, later in zip(record.ways, behind, strict=True):
        for number, weight in ways:
            found[number] += weight * later
    most = max(found)
    return [value / most for value in found]


def likely_way(before: Record, record: Record, view: View) -> tuple[str, str] | None:
    """Who stood before a view before a step and who stands there after it, nobody (`NOBODY`) included, by all that was
    told up to it; None where that is in doubt."""
    if not record.ways:
        return None
    labels = [_at(state, view) for state in before.states]
    found: dict[tuple[str, str], float] = {}
    for state, ways in zip(record.states, record.ways, strict=True):
        now = _at(state, view)
        for number, weight in ways:
            pair = (labels[number], now)
            found[pair] = found.get(pair, 0.0) + before.shares[number] * weight
    best = max(found, key=lambda pair: (found[pair], pair))
    return best if found[best] > LIKELY * sum(found.values()) else None


def _at(state: State, view: View) -> str:
    for at, name in state[1]:
        if at == view:
            return name
    return NOBODY


def before_view(record: Record, behind: list[float], view: View) -> dict[str, float]:
    """Who stands before a view after a step, nobody (`NOBODY`) included."""
    found: dict[str, float] = {}
    for state, share, later in zip(record.states, record.shares, behind, strict=True):
        name = _at(state, view)
        found[name] = found.get(name, 0.0) + share * later
    total = sum(found.values())
    return {name: share / total for name, share in found.items()}


class _Moving:
    """Who may be before the step's view afterwards, and how likely that is together with what is told."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._leave = motion.within(step.free_ns, motion.DWELL_S)
        self._gone = motion.within(step.since_ns, motion.OVERLAP_S)
        self._come = motion.within(step.since_ns, motion.COME_S)
        self._turn = [1.0 - (1.0 - manner) ** step.turns for manner in motion.MANNERS]
        self._new_manner = motion.NEW_MANNER * min(1, step.turns)

    def manners(self, manner: int) -> tuple[tuple[int, float], ...]:
        if not self._new_manner:
            return ((manner, 1.0),)
        each = self._new_manner / len(motion.MANNERS)
        return tuple(
            (other, each + (1.0 - self._new_manner if other == manner else 0.0)) for other in range(len(motion.MANNERS))
        )

    def ways(self, was: str, elsewhere: dict[str, int], manner: int) -> list[tuple[str, float]]:
        """Labels that may follow, with their weights."""
        saying = self._step.saying
        moved = self._moved(was, elsewhere, manner)
        left = sum(weight for _, weight in moved)
        scale = min(1.0, MOST_LEAVING / left) if left > 0.0 else 1.0
        moved.append((was, 1.0 - left * scale))
        if saying is None:
            return [(now, weight * scale if now != was else weight) for now, weight in moved if weight > 0.0]
        return [
            (now, (weight * scale if now != was else weight) * saying.likelihood(was, now)) for now, weight in moved
        ]

    def _moved(self, was: str, elsewhere: dict[str, int], manner: int) -> list[tuple[str, float]]:
        others = [name for name in self._step.names if name != was and elsewhere.get(name, 0) < 2]
        if self._step.first and was == NOBODY:
            return [(name, 0.5 / len(others) * (motion.BOTH if name in elsewhere else 1.0)) for name in others]
        if was == NOBODY:
            each = self._come / max(1, len(others))
            seen = self._leave * motion.BOTH / max(1, len(others))
            return [(name, seen if name in elsewhere else each) for name in others]
        found = [(NOBODY, (self._gone if was in elsewhere else self._leave) * (1.0 - motion.GIVES_WAY))]
        hidden = sum(1 for name in others if name not in elsewhere)
        for name in others:
            weight = self._leave * motion.GIVES_WAY / len(self._step.names)
            if name in elsewhere:
                found.append((name, weight * motion.BOTH))
            else:
                found.append((name, weight + self._turn[manner] / hidden))
        return found


def _relabelled(labels: Labels, view: View, name: str) -> Labels:
    kept = [entry for entry in labels if entry[0] != view]
    return tuple(sorted([*kept, (view, name)])) if name != NOBODY else tuple(kept)


def _kept(found: dict[State, list[tuple[int, float]]], sums: dict[State, float]) -> Record:
    """The likeliest states, normalised."""
    ranked = sorted(sums.items(), key=lambda entry: (-entry[1], entry[0]))[:BEAM]
    floor = ranked[0][1] * LEAST
    kept = [(state, share) for state, share in ranked if share > floor]
    total = sum(share for _, share in kept)
    return Record(
        tuple(state for state, _ in kept),
        tuple(share / total for _, share in kept),
        tuple(tuple((number, weight / total) for number, weight in found[state]) for state, _ in kept),
    )
