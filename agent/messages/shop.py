"""What doors, apps and trackers tell."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agent.messages.events import Message

ENTERED = "shelf.v1.entered"
EXITED = "shelf.v1.exited"
PRESENCE = "shelf.v1.presence"


class SessionData(Message):
    """Data of `entered` and `exited`."""

    session: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    group: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")


class Presence(Message):
    """Who may reach these plates from the event's time on, for `valid_s`; the rest to 1 is nobody known."""

    plates: tuple[str, ...] = Field(max_length=1024)
    shares: dict[str, Annotated[float, Field(ge=0.0, le=1.0)]]
    valid_s: float = Field(gt=0.0, le=3600.0)
    sensor: str = ""
