"""What explains a recording: the store file, the calibration and the belief as they are now."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from agent.journal import Reader
from agent.journal.calibration import FILE_NAME as CALIBRATION
from agent.journal.database import FILE_NAME as JOURNAL
from agent.settings import AgentSettings
from agent.sources.recorder import Attachment

BELIEF = "belief.json"
STORE = "store.toml"


def explaining(settings: AgentSettings) -> list[Attachment]:
    """Those of them that there are."""
    found = []
    if settings.store is not None and settings.store.is_file():
        found.append(Attachment(STORE, "application/toml", settings.store.read_bytes()))
    if settings.state is not None:
        calibration = settings.state / CALIBRATION
        if calibration.is_file():
            found.append(Attachment(CALIBRATION, "application/json", calibration.read_bytes()))
        belief = saved_belief(settings.state)
        if belief is not None:
            found.append(Attachment(BELIEF, "application/json", json.dumps(belief).encode()))
    return found


def saved_belief(state: Path) -> dict[str, Any] | None:
    """The pipeline's snapshot as the agent last saved it; None where there is none to be read."""
    path = state / JOURNAL
    if not path.is_file():
        return None
    try:
        reader = Reader(path)
        try:
            return reader.belief()
        finally:
            reader.close()
    except sqlite3.Error:
        return None  # a journal of another version, or damaged: its reader does without
