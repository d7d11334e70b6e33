"""Tables of the ledger, in SQL that SQLite and PostgreSQL both understand."""

from __future__ import annotations

SCHEMA = 1

TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS message (
        source TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, topic TEXT NOT NULL, t_utc_ns BIGINT NOT NULL,
        session TEXT, payload TEXT NOT NULL, PRIMARY KEY (source, id))""",
    "CREATE INDEX IF NOT EXISTS message_time ON message (t_utc_ns)",
    """CREATE TABLE IF NOT EXISTS epoch (
        agent TEXT NOT NULL, epoch TEXT NOT NULL, place BIGINT NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (agent, epoch))""",
    """CREATE TABLE IF NOT EXISTS issued (
        event_id TEXT PRIMARY KEY, receipt TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL,
        state TEXT NOT NULL, amount TEXT NOT NULL, at_utc_ns BIGINT NOT NULL, exited_utc_ns BIGINT NOT NULL,
        sessions TEXT NOT NULL, billed TEXT NOT NULL, decided_by TEXT, sent BIGINT NOT NULL, payload TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS issued_time ON issued (at_utc_ns)",
    "CREATE INDEX IF NOT EXISTS issued_receipt ON issued (receipt)",
    # the outbox: without it, every look would pass over all that was ever sent
    "CREATE INDEX IF NOT EXISTS issued_waiting ON issued (at_utc_ns, event_id) WHERE sent = 0",
    """CREATE TABLE IF NOT EXISTS review (
        review_case TEXT PRIMARY KEY, receipt TEXT NOT NULL, account TEXT NOT NULL, opened_utc_ns BIGINT NOT NULL,
        unresolved TEXT NOT NULL, payload TEXT NOT NULL, closed_utc_ns BIGINT, decided_by TEXT, decision TEXT)""",
    """CREATE TABLE IF NOT EXISTS clear_basket (
        session TEXT PRIMARY KEY, due_utc_ns BIGINT NOT NULL)""",
)
