"""What was told and how it is seen later: which movement is which, and whether it is another or only surer."""

from __future__ import annotations

from dataclasses import dataclass

from agent.detection import Level
from agent.inference import Memory, Step
from agent.pipeline.told import Told

SETTLED = 0.95  # a doubt is settled when what was told is surer than this


@dataclass(frozen=True)
class ToldStep:
    """A movement that was told: its event, its step, and what it changed in the belief."""

    event: Told
    step: Step
    memory: Memory


def matching(steps: list[Step], before: list[ToldStep]) -> tuple[list[Step | None], list[Step]]:
    """For each movement told, how it is seen now (None: not at all); and those seen that are none of them.

    A movement may be seen now from an earlier plateau, or on a later one, than it was told: the plate rested, or a hand
    was still near.
    """
    left = {(step.before.begin_ns, step.after.begin_ns): step for step in steps}
    out = [left.pop((told.step.before.begin_ns, told.step.after.begin_ns), None) for told in before]
    for place, told in enumerate(before):
        if out[place] is None:
            alike = (key for key, step in left.items() if moved_alike(step, told.step))
            out[place] = left.pop(next(alike, (0, 0)), None)
    return out, list(left.values())


def moved_alike(step: Step, told: Step) -> bool:
    """Whether a step seen now is one that was told, about the same moment: neither was over when the other began."""
    same = step.items == told.items and step.direction == told.direction
    return same and step.before.end_ns < told.after.end_ns and told.before.end_ns < step.after.end_ns


def otherwise(again: list[Step | None], before: list[ToldStep]) -> bool:
    """Whether anything told is now seen as something else, or as nothing."""
    return any(step is None or step.items != told.step.items for step, told in zip(again, before, strict=True))


def withdrawn(again: list[Step | None], late: list[Step], before: list[ToldStep]) -> bool:
    """Whether of something told nothing is left, not even other goods that went the same way."""
    ways = {step.direction for step in late}
    return any(step is None and told.step.direction not in ways for step, told in zip(again, before, strict=True))


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
