"""The two databases that a ledger may stand on, behind one small interface."""

from __future__ import annotations

import fcntl
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

Row = tuple[Any, ...]
_LOG = logging.getLogger(__name__)


class LedgerError(Exception):
    """The ledger cannot be opened or written; the text says why and what to do."""


class LedgerLockedError(LedgerError):
    """Another resolver works on this ledger."""


class Database(Protocol):
    """One connection. `?` stands for a parameter; nothing is durable before `commit`."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; gives the number of rows it changed."""

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for every row."""

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows; those whose key is known are left out."""

    def known(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[Row]:
        """Those of the rows that a table has in these columns."""

    def each(self, sql: str, keys: Sequence[str]) -> None:
        """Run a statement that ends with the column in question (`... WHERE id`) for the rows of these keys."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""

    def commit(self) -> None:
        """Make durable what was written."""

    def rollback(self) -> None:
        """Forget what was written since the last commit."""

    def close(self) -> None:
        """Release connection and lock."""


VARIABLES = 999
"""Parameters of one statement that every SQLite takes. Rows share a statement as far as that goes: for each one, the
thread that writes lets go of the interpreter once, and must have it back."""


class SqliteDatabase:
    """SQLite with a write-ahead log, flushed to the disk at every commit; a lock file keeps a second writer out."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock: IO[bytes] | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not read_only:
                self._lock = _locked(path.with_name(path.name + ".lock"))
            self._connection = sqlite3.connect(path, isolation_level="DEFERRED", check_same_thread=False, timeout=5.0)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            if read_only:
                self._connection.execute("PRAGMA query_only=ON")
        except (OSError, sqlite3.Error) as error:
            self._release()
            raise LedgerError(f"{path}: cannot be opened: {error}") from None

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self._connection.execute(sql, parameters).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        at_once = VARIABLES // len(columns)
        names, places = ", ".join(columns), f"({', '.join('?' * len(columns))})"
        for first in range(0, len(rows), at_once):
            part = rows[first : first + at_once]
            values = ", ".join([places] * len(part))
            sql = f"INSERT INTO {table} ({names}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608 # constants
            self.execute(sql, [value for row in part for value in row])

    def known(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[Row]:
        sql = f"SELECT 1 FROM {table} WHERE {' AND '.join(f'{column} = ?' for column in columns)}"  # noqa: S608 # likewise
        return [row for row in rows if self.rows(sql, row)]

    def each(self, sql: str, keys: Sequence[str]) -> None:
        self.many(f"{sql} = ?", [(key,) for key in keys])

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def commit(self) -> None:
        try:
            self._connection.commit()
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger cannot be written: {error}") from None

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(path: Path) -> IO[bytes]:
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise LedgerLockedError(
            f"another resolver works on this ledger ({path}); stop it, or name another state"
        ) from None
    return lock


class PostgresDatabase:
    """PostgreSQL; an advisory lock of the session keeps a second writer out."""

    LOCK = 7_365_656_670_102
    """Any constant, the same in every resolver."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        try:
            import psycopg  # noqa: PLC0415 # an extra: imported only where it is used
        except ImportError:
            raise LedgerError("postgresql:// needs the extra `postgres`: pip install 'shelf-agent[postgres]'") from None
        self._error: type[Exception] = psycopg.Error
        self._known_key: type[Exception] = psycopg.errors.UniqueViolation
        try:
            self._connection = psycopg.connect(url, connect_timeout=10)
            if read_only:
                self._connection.read_only = True
                self._connection.autocommit = True
            elif not self.rows(f"SELECT pg_try_advisory_lock({self.LOCK})")[0][0]:
                self._connection.close()
                raise LedgerLockedError("another resolver works on this ledger; stop it, or name another database")
            else:
                self._connection.commit()
        except psycopg.Error as error:
            raise LedgerError(f"the database cannot be opened: {_line(error)}") from None

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self._connection.execute(_percent(sql), parameters).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_percent(sql), rows)

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if not rows:
            return
        names = ", ".join(columns)
        self._connection.execute("SAVEPOINT rows")
        try:
            self._copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)", rows)
        except self._known_key:
            self._connection.execute("ROLLBACK TO SAVEPOINT rows")
            sql = f"INSERT INTO {table} ({names}) SELECT * FROM {_unnest(rows)} ON CONFLICT DO NOTHING"  # noqa: S608 # names are constants of this package
            self._connection.execute(sql.encode(), _by_column(rows))
        self._connection.execute("RELEASE SAVEPOINT rows")

    def _copy(self, sql: str, rows: Sequence[Row]) -> None:
        """The short way in, for half of the server's time: it knows nothing of rows that are there already."""
        with self._connection.cursor() as cursor, cursor.copy(sql.encode()) as copy:
            copy.set_types(_types(rows))
            for row in rows:
                copy.write_row(row)

    def known(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        names = ", ".join(columns)
        sql = f"SELECT {names} FROM {table} JOIN {_unnest(rows)} AS wanted ({names}) USING ({names})"  # noqa: S608 # likewise
        return self._connection.execute(sql.encode(), _by_column(rows)).fetchall()

    def each(self, sql: str, keys: Sequence[str]) -> None:
        if keys:
            self._connection.execute(f"{sql} = ANY(%b::text[])".encode(), [list(keys)])

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(_percent(sql), parameters).fetchall()

    def commit(self) -> None:
        try:
            self._connection.commit()
        except self._error as error:
            raise LedgerError(f"the ledger cannot be written: {_line(error)}") from None

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        if not self._connection.closed:
            try:  # the server ends a session only a while after it was closed: until then it would keep the lock
                self._connection.rollback()
                self._connection.execute("SELECT pg_advisory_unlock_all()")
                self._connection.commit()
            except self._error as error:
                _LOG.warning("the lock goes with the broken connection: %s", _line(error))
        self._connection.close()


def _unnest(rows: Sequence[Row]) -> str:
    """Rows as one parameter a column: a statement for all of them, where one a row costs a turn of the server each."""
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in _types(rows))})"


def _types(rows: Sequence[Row]) -> list[str]:
    return ["bigint" if isinstance(value, int) else "text" for value in rows[0]]


def _by_column(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _percent(sql: str) -> Any:
    """psycopg wants a literal text type; every statement here is a constant of this package."""
    return sql.replace("?", "%s")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def open_database(url: str, *, read_only: bool = False) -> Database:
    """The database of a URL.

    Raises:
        LedgerLockedError: another resolver holds it.
        LedgerError: it cannot be opened.
    """
    if url.startswith("sqlite:///"):
        return SqliteDatabase(Path(url.removeprefix("sqlite:///")), read_only=read_only)
    return PostgresDatabase(url, read_only=read_only)
