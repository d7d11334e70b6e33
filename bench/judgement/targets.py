"""What issue 4 asks for, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.judgement.parties import ORACLE, OURS, RULES
from bench.recordings.cases import CaseId
from bench.scoring.report import Score

Scores = Mapping[str, Score]
HARD_FAMILIES = ("hold_take", "two_one_back", "exchange")
IDLE_FAMILIES = ("lean", "knocks", "night", "touches", "idle")


@dataclass(frozen=True)
class Target:
    """A figure asked for: its bound, and whether it is a floor or a ceiling."""

    what: str
    measured: float | None
    bound: float
    floor: bool
    form: str = "{:.4f}"

    @property
    def met(self) -> bool | None:
        """Whether it is met; None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.floor else self.measured <= self.bound

    def __str__(self) -> str:
        said = "not measured" if self.measured is None else self.form.format(self.measured)
        verdict = {True: "met", False: "MISSED", None: "-"}[self.met]
        sign = "at least" if self.floor else "at most"
        return f"{verdict:7} {self.what:58} {said:>12}   {sign} {self.form.format(self.bound)}"


def targets(rows: Mapping[str, Scores], whole: Scores, conditions: CaseId) -> list[Target]:
    """The targets that the conditions of these cases speak of; rows are families, `whole` all of them together."""
    ours = whole[OURS]
    out = [
        Target("items right below the oracle, all families (points)", _gap(whole), 1.0, False, "{:.2f}"),
        Target("false events in 10 hours where nothing happens", _false_in_ten_hours(ours), 1.0, False, "{:.2f}"),
    ]
    if conditions.room == "harsh":
        return [
            Target("harsh: items exactly right", ours.items_right, 0.95, True),
            Target("harsh: wrong though sure", ours.sure_wrong_share, 0.01, False),
            *out,
        ]
    if (conditions.plates, conditions.rate_hz) == ("one", 10):
        return [Target("10 SPS, single cells: items exactly right", ours.items_right, 0.97, True), *out]
    wrong = 1.0 - ours.baskets_share
    best = min(1.0 - whole[rule].baskets_share for rule in RULES)
    return [
        Target("event F1", ours.f1, 0.995, True),
        Target("items exactly right", ours.items_right, 0.985, True),
        Target("baskets exactly right", ours.baskets_share, 0.97, True),
        Target("wrong baskets over those of the best published rule", wrong / best if best else None, 0.2, False),
        Target("events said with 0.95 or more: right", ours.sure_right_share, 0.995, True),
        Target("events in doubt (below 0.95)", ours.doubt_share, 0.03, False),
        Target("expected calibration error", ours.calibration_error, 0.02, False),
        *(
            Target(f"{family}: baskets right", rows[family][OURS].baskets_share, 0.95, True)
            for family in HARD_FAMILIES
            if family in rows
        ),
        Target("delay from the instant to settled, p50 (s)", ours.delay(0.5), 0.40, False, "{:.3f}"),
        Target("delay from the instant to settled, p99 (s)", ours.delay(0.99), 1.5, False, "{:.3f}"),
        *out,
    ]


def _gap(whole: Scores) -> float:
    return 100.0 * (whole[ORACLE].items_right - whole[OURS].items_right)


def _false_in_ten_hours(ours: Score) -> float | None:
    per_hour = ours.false_per_hour
    return None if per_hour is None else 10.0 * per_hour
