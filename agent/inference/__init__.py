"""Plateaus and the belief of what stands there, to items with probabilities."""

from agent.inference.belief import Belief, Bundle, PlateBelief
from agent.inference.judge import Judge, Verdict
from agent.inference.memory import Memory, remember, take_back
from agent.inference.parameters import InferenceParameters
from agent.inference.parts import Hypothesis, Part
from agent.inference.step import Step

__all__ = [
    "Belief",
    "Bundle",
    "Hypothesis",
    "InferenceParameters",
    "Judge",
    "Memory",
    "Part",
    "PlateBelief",
    "Step",
    "Verdict",
    "remember",
    "take_back",
]
