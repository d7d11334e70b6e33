"""Plateaus and the belief of what stands there, to items with probabilities."""

from agent.inference.belief import Belief, Bundle, PlateBelief
from agent.inference.doubts import what_it_was
from agent.inference.habits import BROUGHT
from agent.inference.items import Items
from agent.inference.judge import Judge, Verdict
from agent.inference.memory import Memory, left_otherwise, remember, take_back
from agent.inference.parameters import InferenceParameters
from agent.inference.parts import Hypothesis, Part, kind_of_put
from agent.inference.step import Step
from agent.inference.ways import Found

__all__ = [
    "BROUGHT",
    "Belief",
    "Bundle",
    "Found",
    "Hypothesis",
    "InferenceParameters",
    "Items",
    "Judge",
    "Memory",
    "Part",
    "PlateBelief",
    "Step",
    "Verdict",
    "kind_of_put",
    "left_otherwise",
    "remember",
    "take_back",
    "what_it_was",
]
