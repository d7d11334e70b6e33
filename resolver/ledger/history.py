"""What the ledger can be asked: receipts, cases, a session's whole story, a day's movements."""

from __future__ import annotations

import json
from typing import Any

from resolver.ledger.database import Database, Row
from resolver.shop.publishing import shown


class History:
    """Read-only queries; give it a connection of its own in another thread."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def recent(self, limit: int, before_utc_ns: int | None = None) -> list[dict[str, Any]]:
        """Receipts and adjustments, newest first."""
        if before_utc_ns is None:
            sql = "SELECT payload, decided_by FROM issued ORDER BY at_utc_ns DESC, event_id DESC LIMIT ?"
            return _shown(self._db.rows(sql, (limit,)))
        sql = (
            "SELECT payload, decided_by FROM issued WHERE at_utc_ns < ? ORDER BY at_utc_ns DESC, event_id DESC LIMIT ?"
        )
        return _shown(self._db.rows(sql, (before_utc_ns, limit)))

    def receipt(self, number: str) -> list[dict[str, Any]]:
        """A receipt with what followed it, oldest first."""
        sql = "SELECT payload, decided_by FROM issued WHERE receipt = ? ORDER BY at_utc_ns, event_id"
        return _shown(self._db.rows(sql, (number,)))

    def open_cases(self, limit: int) -> list[dict[str, Any]]:
        """Cases that wait for a person, oldest first."""
        sql = "SELECT payload FROM review WHERE closed_utc_ns IS NULL ORDER BY opened_utc_ns, review_case LIMIT ?"
        return [json.loads(row[0]) for row in self._db.rows(sql, (limit,))]

    def case(self, case: str) -> dict[str, Any] | None:
        """A case with its decision, if there is one."""
        sql = "SELECT payload, closed_utc_ns, decided_by FROM review WHERE review_case = ?"
        rows = self._db.rows(sql, (case,))
        if not rows:
            return None
        payload, closed, who = rows[0]
        return {**json.loads(payload), "closed": closed is not None, "decided_by": who}

    def events(self, event_ids: list[str]) -> list[dict[str, Any]]:
        """Agents' events by id, with the corrections of them, in order of time."""
        found: list[Row] = []
        for event_id in event_ids:
            found += self._db.rows("SELECT t_utc_ns, payload FROM message WHERE id = ?", (event_id,))
        return [json.loads(payload) for _, payload in sorted(found)]

    def session(self, session: str) -> dict[str, Any]:
        """All that is recorded of a session: its doors' messages, receipts, and the events billed."""
        doors = self._db.rows("SELECT payload FROM message WHERE session = ? ORDER BY t_utc_ns", (session,))
        rows = self._db.rows(
            "SELECT payload, decided_by, sessions FROM issued WHERE sessions LIKE ? ORDER BY at_utc_ns, event_id",
            (f'%"{session}"%',),
        )
        rows = [row[:2] for row in rows if session in json.loads(row[2])]  # in LIKE an underscore is any character
        receipts = _shown(rows)
        ids = [event for entry in receipts for event in entry["data"].get("events", ())]
        return {
            "session": session,
            "doors": [json.loads(row[0]) for row in doors],
            "receipts": receipts,
            "events": self.events(list(dict.fromkeys(ids))),
        }

    def movements(self, start_utc_ns: int, end_utc_ns: int, limit: int) -> list[dict[str, Any]]:
        """Picks, puts and changes of a span, in order of time."""
        rows = self._db.rows(
            "SELECT payload FROM message WHERE kind IN ('pick', 'put', 'change') AND t_utc_ns >= ? AND t_utc_ns < ? "
            "ORDER BY t_utc_ns, source, id LIMIT ?",
            (start_utc_ns, end_utc_ns, limit),
        )
        return [json.loads(row[0]) for row in rows]


def _shown(rows: list[Row]) -> list[dict[str, Any]]:
    return [shown(json.loads(payload), who) for payload, who in rows]
