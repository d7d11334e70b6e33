"""Retained state and the command channel of an agent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from agent.messages.events import Message
from agent.messages.types import Grams, UtcNs

COMMAND_NAMES = ("tare", "restock-begin", "restock-end", "set-contents", "resend", "identify")
COMMAND_MAX_AHEAD_S = 30


class AgentStatus(Message):
    """The retained status, which is also the last will."""

    state: Literal["online", "offline"]
    epoch: str
    version: str
    store_revision: str
    since: UtcNs


class PlateState(Message):
    """What a plate holds now."""

    weight_g: Grams | None
    stable: bool
    contents: dict[str, int]
    quality: tuple[str, ...] = ()
    time: UtcNs


class Command(Message):
    """A command to an agent; members of the single commands are kept as they came."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str = Field(min_length=1, max_length=64)
    expires: UtcNs
    command: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The command's own members."""
        return dict(self.model_extra or {})


class Reply(Message):
    """The answer to a command of the same id."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    result: Literal["done", "refused", "failed", "gone"]
    reason: str = ""
