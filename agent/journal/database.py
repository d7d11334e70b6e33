"""The journal's SQLite file: opening, its shape, and what is done with one that is damaged."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from agent.journal.errors import StateTooNewError, StateUnavailableError

FILE_NAME = "journal.sqlite"
VERSION = 1
BUSY_TIMEOUT_S = 5.0
WAL_LIMIT_BYTES = 4 * 1024 * 1024
PAGE_CACHE_KIB = 1024

_SHAPE = """
CREATE TABLE epoch (
    ordinal INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE,
    last_sequence INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE event (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    made_ns INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (epoch, sequence)
);
CREATE TABLE saved (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection; `damaged` names where a file that could not be read was moved."""

    connection: sqlite3.Connection
    damaged: Path | None


def open_database(folder: Path) -> Opened:
    """The journal of a state folder, made where there is none.

    A file that SQLite calls malformed is moved aside: a new life, which the epoch link tells.

    Raises:
        StateTooNewError: a later version wrote it.
        StateUnavailableError: it can be neither opened nor made.
    """
    path = folder / FILE_NAME
    try:
        return Opened(_connected(folder, path), None)
    except sqlite3.OperationalError as error:
        raise StateUnavailableError(f"{path}: {error}; free space or make it writable") from None
    except sqlite3.DatabaseError:
        aside = _moved_aside(path)
    try:
        return Opened(_connected(folder, path), aside)
    except sqlite3.Error as error:
        raise StateUnavailableError(f"{path}: {error}; free space or make it writable") from None


def _connected(folder: Path, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > VERSION:
            raise StateTooNewError(folder, found, VERSION)
        if found < VERSION:
            _make(connection)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _SHAPE.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _moved_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside
