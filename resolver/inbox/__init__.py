"""From messages to facts, each once: reading, duplicates, sequence gaps, epoch links, watermarks."""

from resolver.inbox.epochs import AgentLog, Missing
from resolver.inbox.facts import (
    MAX_T_UTC_NS,
    SECOND_NS,
    Correction,
    CorrectionFact,
    Count,
    Fact,
    FaultFact,
    MovementFact,
    PresenceFact,
    SessionFact,
    Told,
    WatermarkFact,
    arrival_time,
)
from resolver.inbox.reading import Reader

__all__ = [
    "MAX_T_UTC_NS",
    "SECOND_NS",
    "AgentLog",
    "Correction",
    "CorrectionFact",
    "Count",
    "Fact",
    "FaultFact",
    "Missing",
    "MovementFact",
    "PresenceFact",
    "Reader",
    "SessionFact",
    "Told",
    "WatermarkFact",
    "arrival_time",
]
