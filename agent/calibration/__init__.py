"""From known weights at known places to each cell's counts for a gram, with a judgement of how good it is. Pure."""

from agent.calibration.placing import Placement, PlacementWatch, places_of
from agent.calibration.solving import CalibrationRefusedError, Solution, solve
from agent.calibration.stillness import Stillness, StillnessParameters

__all__ = [
    "CalibrationRefusedError",
    "Placement",
    "PlacementWatch",
    "Solution",
    "Stillness",
    "StillnessParameters",
    "places_of",
    "solve",
]
