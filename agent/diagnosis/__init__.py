"""What is wrong with boards, cells and plates, read off what they sent within some seconds. Pure."""

from agent.diagnosis.boards import Port, diagnose_port
from agent.diagnosis.figures import ChannelFigures, channel_figures
from agent.diagnosis.findings import PROBLEM, REMARK, Finding
from agent.diagnosis.parameters import DiagnosisParameters
from agent.diagnosis.plates import diagnose_plate, diagnose_wiring
from agent.diagnosis.shelf import diagnose_shelf
from agent.diagnosis.walk import Press, PressWatch, diagnose_walk

__all__ = [
    "PROBLEM",
    "REMARK",
    "ChannelFigures",
    "DiagnosisParameters",
    "Finding",
    "Port",
    "Press",
    "PressWatch",
    "channel_figures",
    "diagnose_plate",
    "diagnose_port",
    "diagnose_shelf",
    "diagnose_walk",
    "diagnose_wiring",
]
