"""Events and the whole belief, durable in one transaction (SQLite, WAL, synchronous FULL) before anything is told.

One thread writes. Reads may come from others: each `Reader` has its own connection.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.journal.database import BUSY_TIMEOUT_S, FILE_NAME, open_database
from agent.journal.errors import JournalWriteError, StateForeignError
from agent.journal.lock import StateLock
from agent.journal.rows import Entry, Link, Row, SavedLine

DAY_NS = 86_400 * 1_000_000_000
KEPT_NS = 30 * DAY_NS  # messages.md: `resend` is answered from 30 days
PRUNE_ROWS = 500  # at a time, so that no commit waits long
_ACKNOWLEDGED, _BELIEF, _LINE, _EXTRAS, _OWNER = "acknowledged", "belief", "line", "extras", "owner"


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the journal. Long before `max_bytes` are used or free space ends, it is told."""

    max_bytes: int = 256 * 1024 * 1024  # some 200 000 events; a small part of the smallest SD card
    warn_share: float = 0.8
    min_free_bytes: int = 64 * 1024 * 1024


class Journal:
    """The state folder, held by this process alone until `close`."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        """Open or make it.

        Raises:
            StateLockedError, StateTooNewError, StateUnusableError, StateUnavailableError
        """
        self.folder = folder
        self._limits = limits or Limits()
        self._lock = StateLock(folder)
        try:
            opened = open_database(folder)
        except BaseException:
            self._lock.close()
            raise
        self._db = opened.connection
        self.damaged = opened.damaged

    def close(self) -> None:
        """Let go of the folder; all that was committed is there."""
        self._db.close()
        self._lock.close()

    def reader(self) -> Reader:
        """A view for another thread."""
        return Reader(self.folder / FILE_NAME)

    def claim(self, owner: str) -> None:
        """Hold the state for this store and agent, from now on.

        Raises:
            StateForeignError: it is another one's; its events must not go out under this name.
            JournalWriteError
        """
        found = self._load(_OWNER)
        if found is None:
            with self._transaction():
                self._save(_OWNER, owner)
        elif found != owner:
            raise StateForeignError(self.folder, found, owner)

    # -- what was there before ------------------------------------------------------------------

    def last_epoch(self) -> Link | None:
        """The latest epoch and its last sequence; None in a new life."""
        row = self._db.execute("SELECT epoch, last_sequence FROM epoch ORDER BY ordinal DESC LIMIT 1").fetchone()
        return Link(*row) if row else None

    def epochs(self) -> frozenset[str]:
        """All epochs of this life."""
        return frozenset(epoch for (epoch,) in self._db.execute("SELECT epoch FROM epoch"))

    def load_belief(self) -> dict[str, Any] | None:
        """The pipeline's snapshot that belongs to the last event."""
        belief: dict[str, Any] | None = self._load(_BELIEF)
        return belief

    def load_line(self) -> SavedLine | None:
        """The time line as last saved."""
        document = self._load(_LINE)
        return SavedLine(**document) if document else None

    def load_extras(self) -> dict[str, Any]:
        """What the service itself remembers (restock deadlines)."""
        return self._load(_EXTRAS) or {}

    def acknowledged(self) -> int:
        """The broker has acknowledged every row up to this `no`."""
        return int(self._load(_ACKNOWLEDGED) or 0)

    def last_row(self) -> int:
        """The `no` of the latest event; 0 where there is none."""
        (no,) = self._db.execute("SELECT coalesce(max(no), 0) FROM event").fetchone()
        return int(no)

    def waiting(self) -> list[Row]:
        """Rows whose instants are not in UTC yet, in order."""
        return list(_rows(self._db, "WHERE waiting = 1 ORDER BY no"))

    # -- writing --------------------------------------------------------------------------------

    def commit(
        self,
        epoch: str,
        entries: Sequence[Entry],
        belief: dict[str, Any] | None,
        line: SavedLine,
        acknowledged: int,
        extras: dict[str, Any] | None = None,
    ) -> None:
        """Events of an epoch with the belief that goes with them, all or nothing.

        Raises:
            JournalWriteError: nothing was changed; the same call may be made again.
        """
        with self._transaction():
            self._db.executemany(
                "INSERT INTO event (epoch, sequence, made_ns, waiting, body) VALUES (?, ?, ?, ?, ?)",
                [(epoch, entry.sequence, entry.made_ns, entry.waiting, entry.body) for entry in entries],
            )
            self._db.execute("INSERT OR IGNORE INTO epoch (epoch) VALUES (?)", (epoch,))
            if entries:
                self._db.execute("UPDATE epoch SET last_sequence = ? WHERE epoch = ?", (entries[-1].sequence, epoch))
            if belief is not None:
                self._save(_BELIEF, belief)
            self._save(_LINE, line.document())
            self._save(_ACKNOWLEDGED, acknowledged)
            if extras is not None:
                self._save(_EXTRAS, extras)

    def save_belief(self, belief: dict[str, Any]) -> None:
        """The belief alone.

        Raises:
            JournalWriteError
        """
        with self._transaction():
            self._save(_BELIEF, belief)

    def release(self, bodies: Iterable[tuple[int, str]]) -> None:
        """Rows that waited, now with their instants in UTC: (no, body).

        Raises:
            JournalWriteError
        """
        with self._transaction():
            self._db.executemany("UPDATE event SET waiting = 0, body = ? WHERE no = ?", [(b, no) for no, b in bodies])

    def prune(self, now_ns: int, acknowledged: int) -> int:
        """Drop acknowledged events past their days, or the oldest ones where the size nears its bound; how many.

        Raises:
            JournalWriteError
        """
        crowded = self.used_bytes() > self._limits.max_bytes * self._limits.warn_share
        with self._transaction(growing=False):
            cursor = self._db.execute(
                "DELETE FROM event WHERE no IN (SELECT no FROM event WHERE no <= ? AND (made_ns < ? OR ?) "
                "ORDER BY no LIMIT ?)",
                (acknowledged, now_ns - KEPT_NS, crowded, PRUNE_ROWS),
            )
            self._db.execute(
                "DELETE FROM epoch WHERE ordinal < (SELECT max(ordinal) FROM epoch) - 1 "
                "AND NOT EXISTS (SELECT 1 FROM event WHERE event.epoch = epoch.epoch)"
            )
        return cursor.rowcount

    # -- how much room there is -----------------------------------------------------------------

    def used_bytes(self) -> int:
        """Bytes of the file that hold something."""
        (pages,), (free,), (size,) = (
            self._db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def crowded(self) -> str:
        """Why a fault is due although writing still works; "" where there is room."""
        used, limits = self.used_bytes(), self._limits
        if used > limits.max_bytes * limits.warn_share:
            return f"the journal holds {used >> 20} MiB of at most {limits.max_bytes >> 20}; is the broker away?"
        free = shutil.disk_usage(self.folder).free
        if free < limits.min_free_bytes:
            return f"{free >> 20} MiB are free on the disk of {self.folder}, {limits.min_free_bytes >> 20} are needed"
        return ""

    def _load(self, key: str) -> Any:
        row = self._db.execute("SELECT value FROM saved WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def _save(self, key: str, value: Any) -> None:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        self._db.execute("INSERT OR REPLACE INTO saved (key, value) VALUES (?, ?)", (key, text))

    @contextmanager
    def _transaction(self, *, growing: bool = True) -> Iterator[None]:
        if growing and self.used_bytes() > self._limits.max_bytes:
            bound = f"more than {self._limits.max_bytes >> 20} MiB wait for the broker or for their 30 days"
            raise JournalWriteError("journal-full", bound)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError) as error:
            raise JournalWriteError.of(error) from error


class Reader:
    """Reads rows beside the writer, from one other thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA query_only = 1")

    def close(self) -> None:
        self._db.close()

    def after(self, no: int, limit: int) -> list[Row]:
        """Rows behind `no` that may be published, in order, up to the first that still waits."""
        query = (
            "WHERE no > ? AND no < coalesce((SELECT min(no) FROM event WHERE waiting = 1), 1 << 62) ORDER BY no LIMIT ?"
        )
        return list(_rows(self._db, query, no, limit))

    def kept(self, epoch: str, first: int, last: int, limit: int) -> list[Row]:
        """Rows `first` to `last` of an epoch, at most `limit`, in order."""
        query = "WHERE epoch = ? AND sequence BETWEEN ? AND ? AND waiting = 0 ORDER BY sequence LIMIT ?"
        return list(_rows(self._db, query, epoch, first, last, limit))

    def belief(self) -> dict[str, Any] | None:
        """The pipeline's snapshot as last saved."""
        row = self._db.execute("SELECT value FROM saved WHERE key = ?", (_BELIEF,)).fetchone()
        belief: dict[str, Any] | None = json.loads(row[0]) if row else None
        return belief

    def count(self, epoch: str, first: int, last: int) -> int:
        """How many of these the journal keeps."""
        query = "SELECT count(*) FROM event WHERE epoch = ? AND sequence BETWEEN ? AND ? AND waiting = 0"
        (number,) = self._db.execute(query, (epoch, first, last)).fetchone()
        return int(number)


def _rows(db: sqlite3.Connection, where: str, *values: object) -> Iterator[Row]:
    # The clauses are constants of this module.
    for row in db.execute(f"SELECT no, epoch, sequence, body FROM event {where}", values):  # noqa: S608
        yield Row(*row)
