"""What the ledger can be asked: receipts, cases, a session's whole story, a day's movements."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from agent.messages import format_utc, parse_utc
from resolver.ledger.database import Database, Row
from resolver.shop.publishing import shown

CORRECTED_WITHIN_NS = 3600 * 1_000_000_000
"""Corrections are looked for so long after the movements that they may correct: as long as a receipt is adjusted."""
NEAR_S = 2.0
"""Presence is part of a movement's story so long before and after it."""
MOST_PRESENCE = 50_000


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
        """Agents' events by id, in order of time."""
        found: list[Row] = []
        for event_id in event_ids:
            found += self._db.rows("SELECT t_utc_ns, payload FROM message WHERE id = ?", (event_id,))
        return [json.loads(payload) for _, payload in sorted(found)]

    def session(self, session: str) -> dict[str, Any]:
        """All that is recorded of a session: its doors' messages, its receipts, the events billed with what corrected
        them and who was said to be near, the cases with who decided what and when."""
        doors = self._db.rows("SELECT payload FROM message WHERE session = ? ORDER BY t_utc_ns", (session,))
        rows = self._db.rows(
            "SELECT payload, decided_by, sessions FROM issued WHERE sessions LIKE ? ORDER BY at_utc_ns, event_id",
            (f'%"{session}"%',),
        )
        rows = [row[:2] for row in rows if session in json.loads(row[2])]  # in LIKE an underscore is any character
        receipts = _shown(rows)
        ids = [event for entry in receipts for event in entry["data"].get("events", ())]
        events = self.events(list(dict.fromkeys(ids)))
        return {
            "session": session,
            "doors": [json.loads(row[0]) for row in doors],
            "receipts": receipts,
            "events": events,
            "corrections": self._corrections(events),
            "presence": self._near(events),
            "cases": self._cases({entry["data"]["receipt"] for entry in receipts}),
        }

    def movements(self, start_utc_ns: int, end_utc_ns: int, limit: int) -> list[dict[str, Any]]:
        """Picks, puts and changes of a span as they are read now, in order of time: corrected, none that never was."""
        rows = self._db.rows(
            "SELECT payload FROM message WHERE kind IN ('pick', 'put', 'change') AND t_utc_ns >= ? AND t_utc_ns < ? "
            "ORDER BY t_utc_ns, source, id LIMIT ?",
            (start_utc_ns, end_utc_ns, limit),
        )
        events = [json.loads(row[0]) for row in rows]
        latest = {
            (entry["source"], entry["data"]["corrects"]): entry["data"]
            for entry in sorted(self._corrections(events), key=lambda entry: (_made(entry), entry["sequence"]))
        }
        found = []
        for event in events:
            said = latest.get((event["source"], event["id"]))
            if said is None:
                found.append(event)
            elif not said.get("withdrawn", False):
                event["data"] |= {"items": said["items"], "confidence": said["confidence"]}
                found.append(event)
        return found

    def _corrections(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What corrected these events, in order of time."""
        if not events:
            return []
        known = {(event["source"], event["id"]) for event in events}
        first, last = _span_ns(events)
        rows = self._db.rows(
            "SELECT payload FROM message WHERE kind = 'correction' AND t_utc_ns >= ? AND t_utc_ns <= ? "
            "ORDER BY t_utc_ns, source, id",
            (first, last + CORRECTED_WITHIN_NS),
        )
        found = [json.loads(row[0]) for row in rows]
        return [entry for entry in found if (entry["source"], entry["data"]["corrects"]) in known]

    def _near(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What sensors told of the events' plates about their instants, in order of time."""
        if not events:
            return []
        first, last = _span_ns(events)
        reach = timedelta(seconds=NEAR_S)
        rows = self._db.rows(
            "SELECT payload FROM message WHERE kind = 'presence' AND t_utc_ns >= ? AND t_utc_ns <= ? "
            "ORDER BY t_utc_ns, source, id LIMIT ?",
            (first - round(NEAR_S * 1e9), last + round(NEAR_S * 1e9), MOST_PRESENCE),
        )
        moved = [(event["data"]["plate"], _time(event)) for event in events]
        found = [json.loads(row[0]) for row in rows]
        return [
            entry
            for entry in found
            if any(plate in entry["data"]["plates"] and abs(_time(entry) - t) <= reach for plate, t in moved)
        ]

    def _cases(self, receipts: set[str]) -> list[dict[str, Any]]:
        """Cases of receipts, each with who decided, when, and what."""
        found = []
        for receipt in sorted(receipts):
            rows = self._db.rows(
                "SELECT payload, closed_utc_ns, decided_by, decision FROM review WHERE receipt = ? "
                "ORDER BY opened_utc_ns, review_case",
                (receipt,),
            )
            for payload, closed, who, decision in rows:
                decided = json.loads(decision) if decision else None
                when = format_utc(closed) if closed is not None else None
                found.append({**json.loads(payload), "decided": when, "decided_by": who, "decision": decided})
        return found


def _time(message: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(message["time"])


def _made(message: dict[str, Any]) -> str:
    return str(message.get("recordedtime") or message["time"])


def _span_ns(messages: list[dict[str, Any]]) -> tuple[int, int]:
    times = [parse_utc(message["time"]) for message in messages]
    return min(times), max(times)


def _shown(rows: list[Row]) -> list[dict[str, Any]]:
    return [shown(json.loads(payload), who) for payload, who in rows]
