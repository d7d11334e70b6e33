"""Pictures of a judgement: a reliability plot, and one annotated recording a family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import itertools

import matplotlib.pyplot as plt
import numpy as np

from bench.judgement.parties import OURS, Verdict
from bench.rules import Reading, read_case
from bench.scoring import Told, TruthStep, match, truth_steps
from bench.scoring.report import Score

EDGES = np.array([0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.001])
RIGHT, WRONG, TRUE, SHADE = "#1a7f37", "#c1121f", "#333333", "#d9d9d9"
ZOOM_S = 12.0


def reliability(score: Score, path: Path) -> None:
    """Confidence said against share right, with 95 % intervals (Wilson); the right panel is the end that matters."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 5))
    said = np.array([c for c, _ in score.said])
    right = np.array([ok for _, ok in score.said], dtype=float)
    filled = [(a, b) for a, b in itertools.pairwise(EDGES) if ((said >= a) & (said < b)).any()]
    for axis, low in zip(axes, (0.0, 0.9), strict=True):
        axis.plot([low, 1], [low, 1], color=SHADE, zorder=0)
        for a, b in filled:
            part = (said >= a) & (said < b)
            n = int(part.sum())
            if b <= low:
                continue
            share, mean = float(right[part].mean()), float(said[part].mean())
            centre, half = _wilson(share, n)
            axis.errorbar(mean, centre, yerr=half, color=TRUE, lw=0.8, capsize=2)
            axis.plot(mean, share, "o", color=RIGHT, ms=4 + min(8, np.log10(n) * 2))
            axis.annotate(str(n), (mean, share), textcoords="offset points", xytext=(5, -11), fontsize=7)
        least = min([low, *(float(right[(said >= max(a, low)) & (said < b)].mean()) for a, b in filled if b > low)])
        axis.set(xlabel="confidence said", ylabel="share right", xlim=(low, 1.005), ylim=(least - 0.02, 1.01))
    axes[0].set_title(f"{len(said)} events told, expected calibration error {score.calibration_error:.4f}", fontsize=9)
    axes[1].set_title("the same from 0.9 on; numbers are events", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def annotated(verdict: Verdict, path: Path) -> None:
    """Weight over time of the plate where most happened: what was true above, what was said below; then a close-up."""
    truth = verdict.case.truth
    steps, told = truth_steps(truth), verdict.told.get(OURS, [])
    pairs, missed, extra = match(steps, told)
    plate = _busiest(truth, steps, told)
    reading = read_case(verdict.case.folder)
    troubled = [s.t for s, t in pairs if s.items != t.items and s.plate == plate]
    troubled += [s.t for s in missed if s.plate == plate] + [e.t for e in extra if e.plate == plate]
    happened = sorted(troubled) or [s.t for s in steps if s.plate == plate] or _touched(truth, plate) or [6.0]
    near = max(0.0, happened[0] - ZOOM_S / 3)
    figure, axes = plt.subplots(2, 1, figsize=(15, 9))
    for axis, span in zip(axes, ((0.0, float(truth["duration"])), (near, near + ZOOM_S)), strict=True):
        _draw(axis, reading, truth, plate, span)
        _mark_truth(axis, [s for s in steps if s.plate == plate and span[0] <= s.t <= span[1]])
        judged = {t.id: s.items == t.items for s, t in pairs}
        _mark_told(axis, [t for t in told if t.plate == plate and span[0] <= t.t <= span[1]], judged)
    score = verdict.scores.get(OURS)
    summary = "" if score is None else f": {score.right} of {score.truth} right, {score.told} told"
    axes[0].set_title(f"{verdict.case.id.folder}, plate {plate}{summary} (all plates)", fontsize=10)
    axes[1].set_title("close-up of the first trouble" if troubled else "close-up", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _busiest(truth: Mapping[str, Any], steps: Sequence[TruthStep], told: Sequence[Told]) -> str:
    counted = Counter([s.plate for s in steps] + [t.plate for t in told]) or Counter(
        t["plate"] for t in truth["touches"]
    )
    return counted.most_common(1)[0][0] if counted else next(iter(truth["mechanics"]))


def _touched(truth: Mapping[str, Any], plate: str) -> list[float]:
    return sorted(float(t["start_s"]) for t in truth["touches"] if t["plate"] == plate)


def _draw(axis: Any, reading: Reading, truth: Mapping[str, Any], plate: str, span: tuple[float, float]) -> None:
    shown = (reading.t_s >= span[0]) & (reading.t_s <= span[1])
    weight = reading.weight_g[plate][shown]
    for touch in truth["touches"]:
        if touch["plate"] == plate and touch["end_s"] > span[0] and touch["start_s"] < span[1]:
            axis.axvspan(max(touch["start_s"], span[0]), min(touch["end_s"], span[1]), color=SHADE, alpha=0.5, lw=0)
    axis.plot(reading.t_s[shown], weight, color="#3a6ea5", lw=0.7)
    low, high = np.percentile(weight, [0.5, 99.5])
    margin = max(0.3 * (high - low), 10.0)
    axis.set(xlim=span, ylim=(low - margin, high + margin), xlabel="s", ylabel="g")


def _mark_truth(axis: Any, steps: Sequence[TruthStep]) -> None:
    top = axis.get_ylim()[1]
    for step in steps:
        axis.axvline(step.t, color=TRUE, lw=0.6, ls=":")
        axis.text(step.t, top, f" {_named(step.kind, step.items)}", rotation=90, va="top", fontsize=7, color=TRUE)


def _mark_told(axis: Any, told: Sequence[Told], judged: Mapping[str, bool]) -> None:
    bottom = axis.get_ylim()[0]
    for event in told:
        colour = RIGHT if judged.get(event.id) else WRONG
        axis.axvline(event.t, color=colour, lw=0.8, alpha=0.7, ymax=0.5)
        said = f" {_named(event.kind, event.items)} {event.confidence:.2f}"
        axis.text(event.t, bottom, said, rotation=90, va="bottom", fontsize=7, color=colour)


def _named(kind: str, items: Mapping[str, int]) -> str:
    sign = "-" if kind == "pick" else "+"
    return sign + (" ".join(f"{n}x{sku}" if n != 1 else sku for sku, n in items.items()) or "something else")


def _wilson(share: float, n: int) -> tuple[float, float]:
    z = 1.96
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return centre, float(half)
