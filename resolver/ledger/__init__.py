"""The durable record behind the resolver: SQLite, or PostgreSQL by one setting."""

from resolver.ledger.database import Database, LedgerError, LedgerLockedError, open_database
from resolver.ledger.history import History
from resolver.ledger.ledger import Ledger, Outgoing, Stored, goods_of, review_document
from resolver.ledger.restore import restore

__all__ = [
    "Database",
    "History",
    "Ledger",
    "LedgerError",
    "LedgerLockedError",
    "Outgoing",
    "Stored",
    "goods_of",
    "open_database",
    "restore",
    "review_document",
]
