"""What was told and how it is seen later: which movement is which, and whether it is another or only surer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.detection import Level
from agent.inference import Bundle, Found, Memory, Step
from agent.pipeline.told import Told

SETTLED = 0.95  # a doubt is settled when what was told is surer than this
CONVINCED = 0.9  # share of the other way, from which on what was told is corrected
LIKELY = 0.8  # or from this on, where it is so many times as likely and withdraws nothing
TIMES = 5.0
ALIKE_SHARE = 0.75  # of the weight that was told: one seen otherwise moves at least so much, or as much more


@dataclass(frozen=True)
class ToldStep:
    """A movement that was told: its event, its step, and what it changed in the belief."""

    event: Told
    step: Step
    memory: Memory


def origin(told: Iterable[ToldStep], bundle: Bundle) -> ToldStep | None:
    """The movement told by which a bundle left its plate."""
    return next((each for each in told if any(came is bundle for came in each.memory.pool[0])), None)


def matching(steps: list[Step], before: list[ToldStep]) -> tuple[list[Step | None], list[Step]]:
    """For each movement told, how it is seen now (None: not at all); and those seen that are none of them.

    A movement may be seen now from an earlier plateau, or on a later one, than it was told: the plate rested, or a hand
    was still near. Then it is the one of the same goods, or else one that went the same way, about the same moment.
    """
    left = {(step.before.begin_ns, step.after.begin_ns): step for step in steps}
    out = [left.pop((told.step.before.begin_ns, told.step.after.begin_ns), None) for told in before]
    for alike in (moved_alike, went_alike):
        for place, told in enumerate(before):
            if out[place] is None:
                keys = (key for key, step in left.items() if alike(step, told.step))
                out[place] = left.pop(next(keys, (0, 0)), None)
    return out, list(left.values())


def went_alike(step: Step, told: Step) -> bool:
    """Whether a step seen now moved about as much the same way as one that was told, about the same moment."""
    now_g, then_g = step.change.delta_g[0], told.change.delta_g[0]
    return _meanwhile(step, told) and min(now_g / then_g, then_g / now_g) > ALIKE_SHARE


def moved_alike(step: Step, told: Step) -> bool:
    """Whether the same goods moved the same way as was told, about the same moment."""
    return step.items == told.items and step.direction == told.direction and _meanwhile(step, told)


def _meanwhile(step: Step, told: Step) -> bool:
    """Neither was over when the other began."""
    return step.before.end_ns < told.after.end_ns and told.before.end_ns < step.after.end_ns


def otherwise(again: list[Step | None], before: list[ToldStep]) -> bool:
    """Whether anything told is now seen as something else, or as nothing."""
    return any(_another(step, told) for step, told in zip(again, before, strict=True))


def _another(step: Step | None, told: ToldStep) -> bool:
    return step is None or step.items != told.step.items


def withdrawn(again: list[Step | None], late: list[Step], before: list[ToldStep]) -> bool:
    """Whether of something told nothing is left, not even other goods that went the same way."""
    ways = {step.direction for step in late}
    return any(step is None and told.step.direction not in ways for step, told in zip(again, before, strict=True))


def seen_otherwise(found: Found, again: list[Step | None], before: list[ToldStep]) -> tuple[float, float]:
    """How likely all that is seen otherwise now is, each whatever else happened, and how likely what was told of it.

    Where all that was told stands, what is told now is whatever is likeliest: (1, 0).
    """
    now, then = 1.0, 0.0
    for step, told in zip(again, before, strict=True):
        if _another(step, told):
            rival = found.chance(told.step)
            now, then = min(now, 1.0 - rival if step is None else found.chance(step)), max(then, rival)
    return now, then


def convinced(found: Found, again: list[Step | None], late: list[Step], before: list[ToldStep]) -> bool:
    """Whether what is seen otherwise now is likely enough that what was told is corrected."""
    if withdrawn(again, late, before):
        return found.share >= CONVINCED
    share, rival = seen_otherwise(found, again, before)
    return share >= max(LIKELY, min(CONVINCED, TIMES * rival))


def surer(step: Step, before: Step) -> bool:
    """Whether a doubt is settled."""
    return step.certainty >= SETTLED > before.certainty


def settled(again: list[Step | None], before: list[ToldStep]) -> bool:
    """Whether any doubt over what was told is settled."""
    return any(step is not None and surer(step, told.step) for step, told in zip(again, before, strict=True))


def in_order(start: Level, levels: list[Level], current: Level) -> list[Level]:
    """Plateaus after the start and before the current one, none overlapping the one before."""
    out: list[Level] = []
    end_ns = start.end_ns
    for level in sorted(levels, key=lambda level: level.begin_ns):
        if level.begin_ns >= end_ns and level.end_ns <= current.begin_ns and level is not start:
            out.append(level)
            end_ns = level.end_ns
    return out


def same(seen: list[Step], told: list[Step]) -> bool:
    """Whether the same goods are seen to have moved, up to the same plateaus."""
    return [(s.after.begin_ns, s.items) for s in seen] == [(s.after.begin_ns, s.items) for s in told]
