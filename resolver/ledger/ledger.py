"""The store of record: every message once, every receipt, adjustment, review and decision; and the outbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec import Struct

from agent.messages import Receipt, format_utc
from resolver.baskets import Basket as Goods
from resolver.baskets import Held
from resolver.inbox import AgentLog, Fact, PresenceFact, SessionFact, Told
from resolver.ledger.database import Database, LedgerError
from resolver.ledger.history import History
from resolver.ledger.schema import SCHEMA, TABLES
from resolver.shop import Adjusted, Closed, Effect, Issued, Review
from resolver.shop.curves import Curves
from resolver.shop.publishing import event_text

ISSUED = (
    "event_id", "receipt", "account", "kind", "state", "amount", "at_utc_ns", "exited_utc_ns", "sessions", "billed",
    "decided_by", "sent", "payload",
)  # fmt: skip
BASKET_KEPT_NS = 3600 * 1_000_000_000
"""A retained basket is cleared this long after its receipt."""


class Stored(Struct, frozen=True, gc=False):
    """A message as it came, with the fact that it says."""

    fact: Fact
    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A receipt or adjustment that the broker has not acknowledged yet."""

    event_id: str
    payload: str


class Ledger:
    """Reads and writes; nothing is durable before `commit`, or before `wait` where `begin_commit` was said.

    What is recorded is held back until then, and written by a thread of its own: the database works while the next
    messages are heard. Whatever else is asked waits for it.
    """

    def __init__(self, database: Database, store: str, beside: Database | None = None) -> None:
        """`beside` is a second connection, by which `known` looks without waiting."""
        self._connection, self._store, self._beside = database, store, beside
        self.history = History(database)
        self._held: list[Callable[[], None]] = []
        self._writer = ThreadPoolExecutor(1, "ledger")
        self._writing: Future[None] | None = None
        self._saved: dict[tuple[str, str], tuple[str, str, int, str]] = {}

    def prepare(self) -> None:
        """Make the tables, and check that they are ours.

        Raises:
            LedgerError: another schema, or another store's ledger.
        """
        for statement in TABLES:
            self._db.execute(statement)
        found: dict[str, str] = dict(self._db.rows("SELECT name, value FROM meta"))
        for name, value in (("schema", str(SCHEMA)), ("store", self._store)):
            if name not in found:
                self._db.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (name, value))
            elif found[name] != value:
                raise LedgerError(f"the ledger's {name} is {found[name]!r}, not {value!r}: name another database")
        self._db.commit()

    def known(self, facts: Sequence[SessionFact]) -> set[tuple[str, str]]:
        """(source, id) of those session messages that were durable before; the core remembers what is not yet."""
        wanted = [(fact.source, fact.id) for fact in facts]
        database = self._beside or self._db
        return {(source, name) for source, name in database.known("message", ("source", "id"), wanted)}

    def record(self, messages: Iterable[Stored]) -> None:
        """Keep messages; those known by (source, id) are left out."""
        rows: list[tuple[str | int | None, ...]] = []
        for message in messages:
            fact = message.fact
            if isinstance(fact, Told):
                kind, session = fact.kind, None
            elif isinstance(fact, SessionFact):
                kind, session = "session", fact.session
            elif isinstance(fact, PresenceFact):
                kind, session = "presence", None
            else:
                continue
            rows.append((fact.source, fact.id, kind, message.topic, fact.t_utc_ns, session, message.payload))
        columns = ("source", "id", "kind", "topic", "t_utc_ns", "session", "payload")
        self._held.append(partial(self._connection.add, "message", columns, rows))

    def save_logs(self, logs: Iterable[AgentLog]) -> None:
        """Keep how completely each agent was heard, as far as it changed."""
        rows = [
            (log.agent, name, place, json.dumps(state))
            for log in logs
            for place, (name, state) in enumerate(log.saved())
        ]
        changed = [row for row in rows if self._saved.get(row[:2]) != row]
        if changed:
            self._saved = {row[:2]: row for row in rows}
            sql = (
                "INSERT INTO epoch (agent, epoch, place, state) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (agent, epoch) DO UPDATE SET place = excluded.place, state = excluded.state"
            )
            self._held.append(partial(self._connection.many, sql, changed))

    def keep(self, effects: Sequence[Effect], curves: Curves) -> None:
        """Keep what was issued and opened; receipts wait in the outbox until `sent`."""
        issued = [effect for effect in effects if isinstance(effect, (Issued, Adjusted))]
        self._keep_issued(issued)
        for effect in effects:
            if isinstance(effect, Review):
                self._open(effect, curves)
            elif isinstance(effect, Closed):
                sql = "DELETE FROM review WHERE closed_utc_ns IS NULL AND review_case"
                self._held.append(partial(self._connection.each, sql, (effect.case,)))

    def close_case(self, case: str, now_utc_ns: int, who: str, decision: str) -> bool:
        """Write who decided what and when; false where it was decided before."""
        return (
            self._db.execute(
                "UPDATE review SET closed_utc_ns = ?, decided_by = ?, decision = ? "
                "WHERE review_case = ? AND closed_utc_ns IS NULL",
                (now_utc_ns, who, decision, case),
            )
            == 1
        )

    def outbox(self, limit: int) -> list[Outgoing]:
        """The oldest receipts and adjustments that are not acknowledged."""
        sql = "SELECT event_id, payload FROM issued WHERE sent = 0 ORDER BY at_utc_ns, event_id LIMIT ?"
        return [Outgoing(*row) for row in self._db.rows(sql, (limit,))]

    def sent(self, event_ids: Iterable[str]) -> None:
        """The broker has these."""
        self._held.append(partial(self._connection.each, "UPDATE issued SET sent = 1 WHERE event_id", list(event_ids)))

    def baskets_to_clear(self, now_utc_ns: int) -> list[str]:
        """Sessions whose retained basket is due to be cleared."""
        return [
            row[0] for row in self._db.rows("SELECT session FROM clear_basket WHERE due_utc_ns <= ?", (now_utc_ns,))
        ]

    def basket_cleared(self, session: str) -> None:
        self._db.execute("DELETE FROM clear_basket WHERE session = ?", (session,))

    def forget_before(self, t_utc_ns: int) -> None:
        """Retention: drop messages, receipts and closed reviews from before this instant."""
        self._db.execute("DELETE FROM message WHERE t_utc_ns < ?", (t_utc_ns,))
        self._db.execute("DELETE FROM issued WHERE at_utc_ns < ? AND sent = 1", (t_utc_ns,))
        self._db.execute("DELETE FROM review WHERE closed_utc_ns < ?", (t_utc_ns,))

    def erase(self, session: str, pseudonym: str) -> int:
        """Put a pseudonym in place of a session everywhere; sums and goods stay. Gives the rows changed."""
        quoted, replaced = f'"{session}"', f'"{pseudonym}"'
        like = f"%{quoted}%"
        changed = 0
        for table, key in (("message", "payload"), ("issued", "payload"), ("review", "payload")):
            changed += self._db.execute(
                f"UPDATE {table} SET {key} = REPLACE({key}, ?, ?) WHERE {key} LIKE ?",  # noqa: S608 # constants
                (quoted, replaced, like),
            )
        self._db.execute("UPDATE message SET session = ? WHERE session = ?", (pseudonym, session))
        self._db.execute("UPDATE issued SET sessions = REPLACE(sessions, ?, ?)", (quoted, replaced))
        for table in ("issued", "review"):
            self._db.execute(f"UPDATE {table} SET account = ? WHERE account = ?", (pseudonym, session))  # noqa: S608
        self._db.execute("DELETE FROM clear_basket WHERE session = ?", (session,))
        return changed

    def commit(self) -> None:
        """Make durable what was written."""
        self.begin_commit()
        self.wait()

    def begin_commit(self) -> None:
        """Make durable what was written, meanwhile; `wait` tells when it is."""
        self.wait()
        held, self._held = self._held, []
        self._writing = self._writer.submit(self._write, held)

    def wait(self) -> None:
        """Until nothing is under way.

        Raises:
            LedgerError: it could not be made durable.
        """
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def rollback(self) -> None:
        self._held.clear()
        self._db.rollback()

    def close(self) -> None:
        self._writer.shutdown()
        self._connection.close()
        if self._beside is not None:
            self._beside.close()

    @property
    def _db(self) -> Database:
        """The database, once all that was said before is written."""
        self.wait()
        held, self._held = self._held, []
        for write in held:
            write()
        return self._connection

    def _write(self, held: list[Callable[[], None]]) -> None:
        for write in held:
            write()
        self._connection.commit()

    def _keep_issued(self, effects: Sequence[Issued | Adjusted]) -> None:
        if not effects:
            return
        rows = [_issued_row(self._store, effect) for effect in effects]
        self._held.append(partial(self._connection.add, "issued", ISSUED, rows))
        due = {
            session: effect.receipt.issued + BASKET_KEPT_NS
            for effect in effects
            if isinstance(effect, Issued)
            for session in effect.sessions
        }
        self._held.append(partial(self._connection.each, "DELETE FROM clear_basket WHERE session", list(due)))
        self._held.append(partial(self._connection.add, "clear_basket", ("session", "due_utc_ns"), list(due.items())))

    def _open(self, review: Review, curves: Curves) -> None:
        sql = (
            "INSERT INTO review (review_case, receipt, account, opened_utc_ns, unresolved, payload) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (review_case) DO UPDATE SET "
            "unresolved = excluded.unresolved, payload = excluded.payload"
        )
        row = (
            review.case,
            review.receipt,
            review.account,
            review.opened_utc_ns,
            format(review.unresolved, "f"),
            json.dumps(review_document(review, curves), ensure_ascii=False, allow_nan=False),
        )
        self._held.append(partial(self._connection.many, sql, [row]))


def _issued_row(store: str, effect: Issued | Adjusted) -> tuple[str | int | None, ...]:
    payload = event_text(store, effect)
    if isinstance(effect, Issued):
        receipt = effect.receipt
        kind, state, amount, at, exited = "receipt", receipt.state, receipt.total, receipt.issued, receipt.exited
        number = receipt.receipt
    else:
        kind, state, amount, at, exited = "adjustment", "final", effect.adjustment.amount, effect.made_utc_ns, 0
        number = effect.adjustment.receipt
    return (
        effect.event_id, number, effect.account, kind, state, format(amount, "f"), at, exited,
        json.dumps(effect.sessions), goods_text(effect.billed), effect.decided_by, 0, payload,
    )  # fmt: skip


def review_document(review: Review, curves: Curves) -> dict[str, Any]:
    """A case as JSON: what the page shows and the interface gives."""
    return {
        "case": review.case,
        "receipt": review.receipt,
        "charge": review.charge,
        "opened": format_utc(review.opened_utc_ns),
        "reasons": list(review.reasons),
        "unresolved": format(review.unresolved, "f"),
        "options": [
            {
                "goods": goods_list(option.goods),
                "lines": [line.document() for line in option.lines],
                "total": format(option.total, "f"),
                "probability": round(option.probability, 3),
            }
            for option in review.options
        ],
        "doubts": [
            {
                "event": doubt.event,
                "source": doubt.source,
                "plate": doubt.plate,
                "kind": doubt.kind,
                "time": format_utc(doubt.t_utc_ns),
                "started": format_utc(doubt.started_utc_ns),
                "settled": format_utc(doubt.settled_utc_ns),
                "curve": curves.around(doubt.plate, doubt.started_utc_ns, doubt.settled_utc_ns),
                "delta_g": round(doubt.delta_g, 1),
                "readings": [{"what": what, "probability": round(share, 3)} for what, share in doubt.readings],
                "near": [{"who": who, "probability": round(share, 3)} for who, share in doubt.near],
                "quality": list(doubt.quality),
            }
            for doubt in review.doubts
        ],
    }


def goods_list(goods: Goods) -> list[list[Any]]:
    return [[held.sku, format(held.unit_price, "f"), held.qty, held.weight_dg] for held in goods]


def goods_text(goods: Goods) -> str:
    return json.dumps(goods_list(goods))


def goods_of(entries: list[list[Any]]) -> Goods:
    """Goods from their JSON."""
    return tuple(sorted(Held(sku, Decimal(price), qty, weight_dg) for sku, price, qty, weight_dg in entries))


def receipt_of(payload: str) -> Receipt:
    """The receipt within a published event."""
    return Receipt.model_validate(json.loads(payload)["data"])
