"""The figures of a case and of many cases."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.scoring.events import Told, TruthStep, match, parse_told, truth_steps

SURE = 0.95
WORST_DELAY_S = 5.0  # an event without `settled` counts as told so late
RELIABILITY_EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 2.0)


@dataclass
class Score:
    """Counts of one case or of many; the properties are shares of them."""

    cases: int = 0
    truth: int = 0
    told: int = 0
    hit: int = 0
    right: int = 0
    first_right: int = 0
    baskets_exact: int = 0
    net_exact: int = 0
    sure: int = 0
    sure_wrong: int = 0
    in_doubt: int = 0
    corrections: int = 0
    idle_s: float = 0.0
    idle_false: int = 0
    delays_s: list[float] = field(default_factory=list)
    instants_s: list[float] = field(default_factory=list)  # error of the instant told
    said: list[tuple[float, bool]] = field(default_factory=list)  # confidence, whether right

    @property
    def f1(self) -> float:
        """Of events: harmonic mean of the shares found and true; 1 where nothing was to be told, or was."""
        return 2.0 * self.hit / (self.truth + self.told) if self.truth + self.told else 1.0

    @property
    def items_right(self) -> float:
        """Share of true events whose items were told exactly."""
        return self.right / self.truth if self.truth else 1.0

    @property
    def baskets_share(self) -> float:
        """Share of cases whose basket is exact."""
        return self.baskets_exact / self.cases if self.cases else 1.0

    @property
    def sure_wrong_share(self) -> float:
        """Share of events told that were wrong with a confidence of 0.95 or more."""
        return self.sure_wrong / self.told if self.told else 0.0

    @property
    def sure_right_share(self) -> float:
        """Share of events said with a confidence of 0.95 or more that were right."""
        return 1.0 - self.sure_wrong / self.sure if self.sure else 1.0

    @property
    def doubt_share(self) -> float:
        """Share of events told with a confidence below 0.95."""
        return self.in_doubt / self.told if self.told else 0.0

    @property
    def false_per_hour(self) -> float | None:
        """Events told an hour in cases where nothing happened; None without such cases."""
        return 3600.0 * self.idle_false / self.idle_s if self.idle_s else None

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over the bins of RELIABILITY_EDGES."""
        error = 0.0
        for low, high in itertools.pairwise(RELIABILITY_EDGES):
            part = [(c, ok) for c, ok in self.said if low <= c < high]
            if part:
                error += abs(sum(c for c, _ in part) - sum(ok for _, ok in part)) / len(self.said)
        return error

    def delay(self, share: float) -> float | None:
        """A quantile (0 to 1) of the delays from the instant to `settled`, in s; None without events."""
        if not self.delays_s:
            return None
        ordered = sorted(self.delays_s)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def score_case(truth: Mapping[str, Any], lines: Iterable[str]) -> Score:
    """Score what was told (JSON lines of CloudEvents) against a truth.json."""
    told, corrections = parse_told(lines, truth["start_ns"])
    return score_events(truth, told, corrections)


def score_events(truth: Mapping[str, Any], told: Sequence[Told], corrections: int = 0) -> Score:
    """Score events told against a truth.json."""
    steps = truth_steps(truth)
    pairs, _, extra = match(steps, told)
    net_true, net_told = _net(steps), _net(told)
    wanted: Counter[str] = Counter()
    for basket in truth["baskets"].values():
        wanted.update(basket)
    had: Counter[str] = Counter()
    for plate in net_told.values():
        had.update(plate)
    said = [(t.confidence, s.items == t.items) for s, t in pairs] + [(t.confidence, False) for t in extra]
    seen = [(s, t) for s, t in pairs if not t.blind]
    return Score(
        cases=1,
        truth=len(steps),
        told=len(told),
        hit=len(pairs),
        right=sum(s.items == t.items for s, t in pairs),
        first_right=sum(s.items == t.first_items for s, t in pairs),
        baskets_exact=int(_present(had) == _present(wanted)),
        net_exact=int(net_true == net_told),
        sure=sum(c >= SURE for c, _ in said),
        sure_wrong=sum(c >= SURE and not ok for c, ok in said),
        in_doubt=sum(t.confidence < SURE for t in told),
        corrections=corrections,
        idle_s=0.0 if steps else float(truth["duration"]),
        idle_false=0 if steps else len(told),
        delays_s=[WORST_DELAY_S if t.settled is None else t.settled - s.t for s, t in seen],
        instants_s=[abs(t.t - s.t) for s, t in seen],
        said=[(round(c, 3), ok) for c, ok in said],
    )


def total(scores: Iterable[Score]) -> Score:
    """The sum of many cases."""
    out = Score()
    for score in scores:
        for name, value in vars(score).items():
            setattr(out, name, getattr(out, name) + value)
    return out


def _net(events: Iterable[TruthStep | Told]) -> dict[str, dict[str, int]]:
    """What left each plate, less what came."""
    out: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        sign = 1 if event.kind == "pick" else -1
        for sku, qty in event.items.items():
            out[event.plate][sku] += sign * qty
    return {plate: left for plate, counts in out.items() if (left := _present(counts))}


def _present(counts: Mapping[str, int]) -> dict[str, int]:
    return {sku: n for sku, n in counts.items() if n}
