"""One measured change that was two movements: one unit taken and another put between two plateaus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.detection import Contact, Level
from agent.inference import Hypothesis, Part, Step
from agent.inference.change import Change


def split_swap(step: Step, contact: Contact) -> list[tuple[Step, int]]:
    """The movements of a step in order, each with its instant in ns; the step itself where it was one movement."""
    whole = [(step, contact.instant_ns(step.before, step.after))]
    parts = step.best.parts if step.best is not None else ()
    if len(parts) != 2 or parts[0].sign == parts[1].sign:  # a swap is one away, one to
        return whole
    t_ns, z = contact.trace.between(step.before.end_ns, step.after.begin_ns)
    if len(t_ns) < 3:  # before, between, after
        return whole
    weight = z[:, 0]
    first, second = _order(parts, step, weight)
    turn = int(np.argmax(weight) if first.sign > 0 else np.argmin(weight))
    start, end = float(step.before.mean[0]), float(step.after.mean[0])
    between = start + first.sign * first.mean_g
    early = _crossing(t_ns[: turn + 1], weight[: turn + 1], (start + between) / 2)
    late = _crossing(t_ns[turn:], weight[turn:], (between + end) / 2)
    middle = _middle(step, between, int(t_ns[turn]))
    return [(_half(step, first, step.before, middle), early), (_half(step, second, middle, step.after), late)]


def _order(parts: tuple[Part, ...], step: Step, weight: NDArray[np.float64]) -> tuple[Part, Part]:
    """What left first pulls the weight below both plateaus; a press never does."""
    away, to = sorted(parts, key=lambda part: part.sign)
    low = min(float(step.before.mean[0]), float(step.after.mean[0]))
    down = low - float(weight.min())
    return (away, to) if down > min(away.mean_g, to.mean_g) / 2 else (to, away)


def _crossing(t_ns: NDArray[np.int64], weight: NDArray[np.float64], half: float) -> int:
    side = weight < half
    turns = np.flatnonzero(side[:-1] != side[1:])
    return int(t_ns[turns[-1] + 1] if len(turns) else t_ns[-1])


def _middle(step: Step, weight_g: float, t_ns: int) -> Level:
    mean = step.before.mean.copy()
    mean[0] = weight_g
    return Level(t_ns, t_ns, 1, mean, step.before.variance + step.after.variance)


def _half(step: Step, part: Part, before: Level, after: Level) -> Step:
    weight = after.mean[0] - before.mean[0]
    change = Change((float(weight), *(0.0 for _ in step.change.delta_g[1:])), step.change.variance_g2)
    hypothesis = Hypothesis((part,), 0.0)
    share = step.ranked[0][1]
    ranked = ((hypothesis.items(1 if weight > 0 else -1), share),)
    return Step(before, after, change, ranked, hypothesis, False, False, step.certainty, apart=False)
