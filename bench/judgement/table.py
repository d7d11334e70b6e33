"""The one table: families down; ours, the published rules and the oracle across."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.judgement.parties import ORACLE, OURS, RULES, TASMOTA, WINNERS, WINNERS_TUNED
from bench.scoring.report import Score

Scores = Mapping[str, Score]  # by party
SHORT = {OURS: "ours", WINNERS: "publ", WINNERS_TUNED: "tuned", TASMOTA: "tasm", ORACLE: "orac"}


@dataclass(frozen=True)
class Group:
    """A figure with the parties for which it is printed."""

    title: str
    parties: tuple[str, ...]
    cell: Callable[[Score], str]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


GROUPS = (
    Group("event F1 %", (OURS, *RULES), lambda s: _percent(s.f1)),
    Group("items exactly right %", (OURS, *RULES, ORACLE), lambda s: _percent(s.items_right)),
    Group("baskets exact %", (OURS, *RULES, ORACLE), lambda s: _percent(s.baskets_share)),
    Group("in doubt %", (OURS, ORACLE), lambda s: _percent(s.doubt_share)),
    Group("sure, wrong %", (OURS, *RULES), lambda s: _percent(s.sure_wrong_share)),
    Group("p50 s", (OURS, *RULES), lambda s: _seconds(s.delay(0.5))),
    Group("p99 s", (OURS, *RULES), lambda s: _seconds(s.delay(0.99))),
    Group("false/h", (OURS, WINNERS_TUNED), lambda s: "-" if s.false_per_hour is None else f"{s.false_per_hour:.1f}"),
)
CELL = 6


def judgement_table(rows: Mapping[str, Scores], parties: tuple[str, ...]) -> str:
    """A line a family and the total, as they come; parties that were not judged are left out."""
    groups = [(g, tuple(p for p in g.parties if p in parties)) for g in GROUPS]
    groups = [(g, shown) for g, shown in groups if shown]
    width = max(len(name) for name in rows)
    top = " ".join([" " * width, "     ", *(f"| {g.title:<{CELL * len(p) - 2}}" for g, p in groups)])
    heads = ["".join(f"{SHORT[p]:>{CELL}}" for p in shown) for _, shown in groups]
    second = " ".join([f"{'family':{width}}", "cases", *heads])
    lines = [_fit(top, second), second]
    for name, scores in rows.items():
        any_score = next(iter(scores.values()))
        cells = ["".join(f"{g.cell(scores[p]):>{CELL}}" for p in shown) for g, shown in groups]
        lines.append(" ".join([f"{name:{width}}", f"{any_score.cases:5}", *cells]))
    return "\n".join(lines)


def _fit(top: str, second: str) -> str:
    return top[: max(len(second), len(top))].rstrip()
