"""Events and state, durable."""

from agent.journal.calibration import CalibrationError, CellCalibration, calibrated, load_calibration, save_calibration
from agent.journal.errors import JournalError, JournalWriteError, StateLockedError, StateTooNewError, StateUnusableError
from agent.journal.journal import Journal, Limits, Reader
from agent.journal.rows import Entry, Link, Row, SavedLine

__all__ = [
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
    "StateLockedError",
    "StateTooNewError",
    "StateUnusableError",
    "calibrated",
    "load_calibration",
    "save_calibration",
]
