"""A table of scores for people to read."""

from __future__ import annotations

from collections.abc import Mapping

from bench.scoring.report import Score

COLUMNS = (
    ("cases", "cases"),
    ("events", "true events"),
    ("F1", "F1 of events"),
    ("items", "share of true events whose items are exactly right"),
    ("basket", "share of cases whose basket is exactly right"),
    ("doubt", "share of events told with confidence below 0.95"),
    ("sure&wrong", "share of events told wrong with confidence of 0.95 or more"),
    ("ECE", "expected calibration error"),
    ("p50 s", "delay from the instant to `settled`, median"),
    ("p99 s", "the same, 99 %"),
    ("false/h", "events told an hour where nothing happens"),
)


def score_table(scores: Mapping[str, Score]) -> str:
    """A line a family, as they come."""
    width = max([len(name) for name in scores] + [8])
    lines = [" ".join([f"{'':{width}}"] + [f"{title:>10}" for title, _ in COLUMNS])]
    lines += [" ".join([f"{name:{width}}"] + [f"{cell:>10}" for cell in row(score)]) for name, score in scores.items()]
    return "\n".join(lines)


def row(score: Score) -> list[str]:
    """The cells of a line."""
    return [
        str(score.cases),
        str(score.truth),
        f"{score.f1:.4f}",
        f"{score.items_right:.4f}",
        f"{score.baskets_share:.3f}",
        f"{score.doubt_share:.4f}",
        f"{score.sure_wrong_share:.4f}",
        f"{score.calibration_error:.4f}",
        _or_dash(score.delay(0.5), "{:.3f}"),
        _or_dash(score.delay(0.99), "{:.3f}"),
        _or_dash(score.false_per_hour, "{:.2f}"),
    ]


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
