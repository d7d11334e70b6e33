"""Ids and topics of the contract, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass

ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
PLATE_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
ROOT = "shelf/v1"


@dataclass(frozen=True)
class Topics:
    """The topics of one store."""

    store: str

    @property
    def base(self) -> str:
        return f"{ROOT}/{self.store}"

    @property
    def sessions(self) -> str:
        return f"{self.base}/sessions"

    @property
    def presence(self) -> str:
        return f"{self.base}/presence"

    @property
    def receipts(self) -> str:
        return f"{self.base}/receipts"

    def basket(self, session: str) -> str:
        return f"{self.base}/baskets/{session}"

    def agent(self, agent: str) -> str:
        return f"{self.base}/agents/{agent}"

    def events(self, agent: str) -> str:
        return f"{self.agent(agent)}/events"

    def watermark(self, agent: str) -> str:
        return f"{self.agent(agent)}/watermark"

    def status(self, agent: str) -> str:
        return f"{self.agent(agent)}/status"

    def plate(self, agent: str, plate: str) -> str:
        return f"{self.agent(agent)}/plates/{plate}"

    def commands(self, agent: str) -> str:
        return f"{self.agent(agent)}/commands"

    def replies(self, agent: str) -> str:
        return f"{self.agent(agent)}/replies"
