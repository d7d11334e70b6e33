"""What weight and place cannot tell apart in a store, from its file alone, and where products would stand better."""

from agent.planning.confusions import Confusion, Planner
from agent.planning.movements import Amount, Movement
from agent.planning.parameters import PlanParameters
from agent.planning.placing import Swap, better_swap

__all__ = ["Amount", "Confusion", "Movement", "PlanParameters", "Planner", "Swap", "better_swap"]
