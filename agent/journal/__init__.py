"""Events and state, durable."""

from agent.journal.calibration import (
    CalibrationError,
    CellCalibration,
    calibrated,
    load_calibration,
    merge_calibration,
    save_calibration,
)
from agent.journal.errors import (
    BeliefRefusedError,
    JournalError,
    JournalWriteError,
    StateForeignError,
    StateLockedError,
    StateTooNewError,
    StateUnavailableError,
    StateUnusableError,
)
from agent.journal.journal import Journal, Limits, Reader
from agent.journal.rows import Entry, Link, Row, SavedLine

__all__ = [
    "BeliefRefusedError",
    "CalibrationError",
    "CellCalibration",
    "Entry",
    "Journal",
    "JournalError",
    "JournalWriteError",
    "Limits",
    "Link",
    "Reader",
    "Row",
    "SavedLine",
    "StateForeignError",
    "StateLockedError",
    "StateTooNewError",
    "StateUnavailableError",
    "StateUnusableError",
    "calibrated",
    "load_calibration",
    "merge_calibration",
    "save_calibration",
]
