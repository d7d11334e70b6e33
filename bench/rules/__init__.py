"""Published rules, on the very recordings that the agent is judged on."""

from bench.rules.reading import Reading, read_case
from bench.rules.tasmota import tasmota
from bench.rules.winners import PUBLISHED, TUNED, Gate, winners

__all__ = ["PUBLISHED", "TUNED", "Gate", "Reading", "read_case", "tasmota", "winners"]
