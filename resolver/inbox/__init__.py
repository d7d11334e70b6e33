"""From messages to facts, each once: reading, duplicates, sequence gaps, epoch links, watermarks."""

from resolver.inbox.epochs import AgentLog, Missing
from resolver.inbox.facts import (
    CorrectionFact,
    Fact,
    FaultFact,
    MovementFact,
    PresenceFact,
    SessionFact,
    Told,
    WatermarkFact,
    arrival_time,
)
from resolver.inbox.reading import MAX_T_UTC_NS, SECOND_NS, Reader

__all__ = [
    "MAX_T_UTC_NS",
    "SECOND_NS",
    "AgentLog",
    "CorrectionFact",
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
