"""Joint inference: a distribution over baskets for each account. Pure."""

from resolver.baskets.basket import EMPTY, Basket, Held, Move, Moves, apply
from resolver.baskets.hypothesis import Choice, Clue, Hypothesis, Posterior, Reading
from resolver.baskets.inference import infer

__all__ = [
    "EMPTY",
    "Basket",
    "Choice",
    "Clue",
    "Held",
    "Hypothesis",
    "Move",
    "Moves",
    "Posterior",
    "Reading",
    "apply",
    "infer",
]
