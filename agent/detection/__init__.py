"""Plateaus, contacts and steps of one plate: from grams to what may have happened, without knowing goods."""

from agent.detection.ahead import Outlook
from agent.detection.bend import Bend
from agent.detection.contact import Contact
from agent.detection.level import Level
from agent.detection.noise import RestNoise
from agent.detection.parameters import DetectionParameters
from agent.detection.plate import PlateDetector
from agent.detection.ring import Ring
from agent.detection.together import RestTogether

__all__ = [
    "Bend",
    "Contact",
    "DetectionParameters",
    "Level",
    "Outlook",
    "PlateDetector",
    "RestNoise",
    "RestTogether",
    "Ring",
]
