"""Counts to grams and moments, and the health of each cell."""

from agent.weighing.carried import Carried
from agent.weighing.cells import CellFilter
from agent.weighing.corners import Corners, StandIn
from agent.weighing.health import CellHealth
from agent.weighing.looking import look_at_rest
from agent.weighing.scale import MODES, Calibration, PlateScale
from agent.weighing.together import CellsTogether, ScalesTogether
from agent.weighing.wild import CellFilterParameters

__all__ = [
    "MODES",
    "Calibration",
    "Carried",
    "CellFilter",
    "CellFilterParameters",
    "CellHealth",
    "CellsTogether",
    "Corners",
    "PlateScale",
    "ScalesTogether",
    "StandIn",
    "look_at_rest",
]
