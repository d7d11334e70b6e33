"""The published messages (v1) as pydantic models; ../shared contracts/messages.md in code.

Imports nothing of ours, so that the resolver and anybody else can use it alone.
"""

from agent.messages.envelope import CloudEvent, MessageError, agent_source, parse_json, parse_payload
from agent.messages.events import (
    Candidate,
    Change,
    Correction,
    Fault,
    ItemCount,
    Movement,
    OpenPlate,
    PreviousEpoch,
    Watermark,
)
from agent.messages.ids import ID_PATTERN, PLATE_ID_PATTERN, Topics
from agent.messages.receipts import Adjustment, Receipt, ReceiptLine
from agent.messages.shop import Presence, SessionData
from agent.messages.state import AgentStatus, Command, PlateState, Reply
from agent.messages.types import MICROSECOND_NS, Grams, Money, Probability, UtcNs, format_utc, parse_utc

__all__ = [
    "ID_PATTERN",
    "MICROSECOND_NS",
    "PLATE_ID_PATTERN",
    "Adjustment",
    "AgentStatus",
    "Candidate",
    "Change",
    "CloudEvent",
    "Command",
    "Correction",
    "Fault",
    "Grams",
    "ItemCount",
    "MessageError",
    "Money",
    "Movement",
    "OpenPlate",
    "PlateState",
    "Presence",
    "PreviousEpoch",
    "Probability",
    "Receipt",
    "ReceiptLine",
    "Reply",
    "SessionData",
    "Topics",
    "UtcNs",
    "Watermark",
    "agent_source",
    "format_utc",
    "parse_json",
    "parse_payload",
    "parse_utc",
]
