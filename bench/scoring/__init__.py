"""What an agent told, held against the truth."""

from bench.scoring.events import Told, TruthStep, collapse, match, parse_told, truth_steps
from bench.scoring.report import Score, score_case, total

__all__ = [
    "Score",
    "Told",
    "TruthStep",
    "collapse",
    "match",
    "parse_told",
    "score_case",
    "total",
    "truth_steps",
]
